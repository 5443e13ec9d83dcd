"""Who is in the family, who may be asked in, and what the other parent reads."""

import uuid

from allauth.decorators import rate_limit
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from journal import access, families, invitations
from journal.adapters import show_mail
from journal.forms import InviteForm

from .requests import Request, invalid


@require_safe
def family(request: Request) -> HttpResponse:
    children = access.children(request.user)
    context = {
        "places": access.places(request.user),
        "parents": access.other_parents(request.user),
        "people": access.people_invited(request.user),
        "invitations": access.invitations(request.user).exclude(kind="therapist"),
        "children": [(child, families.bond(request.user, child)) for child in children],
    }
    return render(request, "families/family.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limit(action="invite")
def family_invite(request: Request, code: uuid.UUID) -> HttpResponse:
    family = access.family_to_change(request.user, code)
    form = InviteForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        invitations.invite_caregiver(by=request.user, family=family, **form.cleaned_data)
        messages.success(request, _("The invitation is on its way. Its link works once, for seven days."))
        show_mail(request)
        return redirect("family")
    return invalid(request, "families/invite.html", {"form": form, "family": family}, form)


@require_POST
def family_default(request: Request, code: uuid.UUID) -> HttpResponse:
    child = access.child_to_change(request.user, code)
    families.share_by_default(child, by=request.user, on=request.POST.get("share") == "on")
    messages.success(request, _("Saved."))
    return redirect("family")


@require_POST
def family_leave(request: Request, code: uuid.UUID) -> HttpResponse:
    try:
        families.leave(access.place(request.user, code))
    except families.OnlyParent:
        messages.warning(request, _("You are the only parent here, so you cannot leave."))
        return redirect("family")
    messages.success(request, _("You have left. Your own moments are still yours."))
    return redirect("account")


@require_POST
def family_remove(request: Request, code: uuid.UUID) -> HttpResponse:
    families.remove(access.person_invited(request.user, code), by=request.user)
    messages.success(request, _("Done. They are not told."))
    return redirect("family")
