"""The request as our views know it, and how a refused form goes back."""

from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from journal.models import User


class Request(HttpRequest):
    """Signed in (`LoginRequiredMiddleware` holds it) and read by django-htmx."""

    user: User
    htmx: HtmxDetails


def invalid(request: HttpRequest, template: str, context: dict[str, Any], form: BaseForm) -> HttpResponse:
    """The page with the form as typed: 422 where it was refused, so that htmx swaps it in and nothing is lost."""
    return render(request, template, context, status=422 if form.errors else 200)
