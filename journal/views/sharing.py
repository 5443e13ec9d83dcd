"""What a parent lets a therapist read: given, looked at, renewed, stopped; and who has read."""

import uuid

from allauth.decorators import rate_limit
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from guidance.browse import help_lines
from guidance.models import HelpLine
from journal import access, brief, brief_text, invitations, review
from journal import sharing as shares
from journal.adapters import show_mail
from journal.forms import ShareChangeForm, SharedTimelineForm, ShareForm
from journal.models import Moment, Share
from journal.shown import show, sight_of

from .requests import Request, invalid


@require_safe
def sharing(request: Request) -> HttpResponse:
    context = {
        "shares": access.shares_given(request.user),
        "invitations": access.invitations(request.user).filter(kind="therapist"),
        "children": access.children_shared_from(request.user),
        "now": timezone.now(),
        "soon": timezone.now() + shares.ANNOUNCED,
    }
    return render(request, "sharing/sharing.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limit(action="invite")
def share_new(request: Request) -> HttpResponse:
    """First the terms, then what they would see, and only then the invitation."""
    form = ShareForm(request.POST or None, request.FILES or None, user=request.user)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        if "send" in request.POST:
            invitations.invite_therapist(
                by=request.user, email=form.cleaned_data["email"], child=form.cleaned_data["child"], **form.terms()
            )
            messages.success(request, _("The invitation is on its way. Its link works once, for seven days."))
            show_mail(request)
            return redirect("sharing")
        share = form.preview()
        context |= (
            look(request, share, {})
            | brief_text.page(brief.of(share, for_owner=True))
            | {"emergency": emergency(request)}
        )
    return invalid(request, "sharing/new.html", context, form)


@require_safe
def share_preview(request: Request, moment: uuid.UUID) -> HttpResponse:
    """One's own moment, as a therapist would see it."""
    own = access.moment_to_decide(request.user, moment)
    share = shares.as_if_given(own, includes_words=request.GET.get("words") == "yes")
    found = access.moment_under(share, moment)
    context = {"share": share, "shown": show(found, sight_of(share)), "moment": found, "preview": True}
    return render(request, "review/moment.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def share_change(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_given(request.user, code)
    form = ShareChangeForm(request.POST or None, request.FILES or None, share=share)
    if request.method == "POST" and form.is_valid():
        shares.change(share, by=request.user, **form.terms())
        messages.success(request, _("Saved. This is what they see now."))
        return redirect("share_look", share.code)
    return invalid(request, "sharing/change.html", {"form": form, "share": share}, form)


@require_POST
def share_renew(request: Request, code: uuid.UUID) -> HttpResponse:
    shares.renew(access.share_given(request.user, code), by=request.user)
    messages.success(request, _("Renewed for 90 days."))
    return redirect("sharing")


@require_POST
def share_stop(request: Request, code: uuid.UUID) -> HttpResponse:
    shares.revoke(access.share_given(request.user, code), by=request.user)
    messages.success(request, _("Stopped. They can read nothing more. What they have read, they have read."))
    return redirect("sharing")


@require_safe
def share_look(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_given(request.user, code)
    form = SharedTimelineForm(request.GET or None, share=share)
    filters = form.cleaned_data if form.is_valid() else getattr(form, "cleaned_data", {})
    context = look(request, share, filters) | {"emergency": emergency(request)}
    return render(request, "sharing/look.html", context)


@require_safe
def share_look_moment(request: Request, code: uuid.UUID, moment: uuid.UUID) -> HttpResponse:
    share = access.share_given(request.user, code)
    found = access.moment_under(share, moment)
    shown = show(found, sight_of(share), reader=share.therapist)
    context = {"share": share, "shown": shown, "moment": found, "preview": True}
    return render(request, "review/moment.html", context)


@require_safe
def share_look_brief(request: Request, code: uuid.UUID) -> HttpResponse:
    share = access.share_given(request.user, code)
    return render(
        request,
        "brief/brief.html",
        {"share": share, "preview": True} | brief_text.page(brief.of(share, for_owner=True)),
    )


@require_safe
def readings(request: Request) -> HttpResponse:
    context = {"receipts": shares.receipts(request.user), "record": shares.record_of(request.user)}
    return render(request, "sharing/readings.html", context)


@require_POST
def moment_keep_back(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_decide(request.user, code)
    shares.keep_back(moment, by=request.user, kept=request.POST.get("kept_back") == "on")
    messages.success(request, _("Saved."))
    return redirect("moment", moment.code)


@require_POST
def moment_parents(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_decide(request.user, code)
    answer = request.POST.get("with_parents", "")
    if answer in ("", *Moment.WithParents.values):
        shares.switch_parents(moment, by=request.user, answer=answer)
        messages.success(request, _("Saved."))
    return redirect("moment", moment.code)


def look(request: Request, share: Share, filters: dict[str, object]) -> dict[str, object]:
    """What the therapist would see, by the same code that shows it to them."""
    page = review.page(share, filters, before=request.GET.get("before", ""))
    return {"share": share, "page": page, "preview": True, "count": access.moments_under(share).count()}


def emergency(request: Request) -> list[HelpLine]:
    return [line for line in help_lines(request.user.country) if line.kind == "emergency"][:1]
