"""What stands around every request, outermost first."""

import errno
import logging
import sqlite3
import zoneinfo
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from journal.access import SecondFactorNeeded

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class StorageMiddleware:
    """A gone database or a full disk in a page becomes a calm 503 that says what to do. Before session and user.

    What fails in a middleware below (session, user) reaches `config.errors.server_error`: Django wraps each of them.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.storage_failed = False  # type: ignore[attr-defined]
        response = self.get_response(request)
        return unavailable() if request.storage_failed else response  # type: ignore[attr-defined]

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_storage_failure(error):
            request.storage_failed = True  # type: ignore[attr-defined]
            return unavailable()
        return None


def is_storage_failure(error: BaseException | None) -> bool:
    """Whether the database cannot be reached or written, or the disk is full."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError | sqlite3.OperationalError):
            return True
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            return True
        if type(error).__name__ == "PoolTimeout":
            return True
        error = error.__cause__
    return False


def unavailable() -> HttpResponse:
    logger.error("storage is unavailable")
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "60"})


class RefuseNulMiddleware:
    """NUL in a path or a query is nobody's address: the plain 404. In a form, the field says so itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            return HttpResponse(render_to_string("404.html"), status=404)
        return self.get_response(request)


class PrivateAnswersMiddleware:
    """Pages are kept by no cache; htmx and whole pages are told apart; a lost session leads htmx to the log-in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path.startswith(f"/{settings.STATIC_URL.lstrip('/')}"):
            response.headers.setdefault("Cache-Control", "private, no-store")
            response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
            response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            patch_vary_headers(response, ["HX-Request", "Cookie"])
        if request.headers.get("HX-Request") == "true" and response.status_code == 302:
            target = response.headers["Location"]
            if urlsplit(target).path == resolve_url(settings.LOGIN_URL):
                page = urlsplit(request.headers.get("HX-Current-URL", ""))
                back = f"?next={page.path}" if page.path else ""
                return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL) + back})
        return response


class LocalTimeMiddleware:
    """Days and hours are those of the signed-in user's own zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            with timezone.override(zoneinfo.ZoneInfo(request.user.time_zone)):
                return self.get_response(request)
        return self.get_response(request)


class SecondFactorMiddleware:
    """A therapist or a curator without a second factor is led to setting one up before they are shown anything."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, SecondFactorNeeded):
            messages.info(request, _("Before you read anything here, please add a second step to your sign-in."))
            return redirect("mfa_index")
        return None
