"""Answering an invitation, and taking one back."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from journal import access, invitations
from journal.adapters import INVITED

from .requests import Request


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: Request, token: str) -> HttpResponse:
    """The link is proof of the address: who makes an account from here need not prove it again."""
    try:
        found = access.invitation(token)
    except Http404:
        return render(request, "invitations/gone.html", status=404)
    if not request.user.is_authenticated:
        request.session[INVITED] = found.email
        return render(request, "invitations/sign_in.html", {"invitation": found})
    refused = ""
    if request.method == "POST":
        try:
            invitations.accept(found, by=request.user)
        except invitations.NotForYou:
            refused = "not_for_you"
        except invitations.AlreadyHere:
            refused = "already_here"
        else:
            messages.success(request, _("Thank you. It is set up."))
            return redirect("caseload" if found.kind == "therapist" else "home")
    status = 409 if refused else 200
    return render(request, "invitations/answer.html", {"invitation": found, "refused": refused}, status=status)


@require_POST
def invitation_cancel(request: Request, code: uuid.UUID) -> HttpResponse:
    found = access.invitation_to_cancel(request.user, code)
    invitations.cancel(found, by=request.user)
    messages.success(request, _("The invitation is taken back. Its link no longer works."))
    return redirect("sharing" if found.kind == "therapist" else "family")
