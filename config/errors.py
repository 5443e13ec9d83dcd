"""What is answered when something of ours broke."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error as plain_server_error

from .middleware import is_storage_failure, unavailable


def server_error(request: HttpRequest) -> HttpResponse:
    """Storage that failed below our middleware (session, user) is a 503 too: Django turns it into this answer."""
    if is_storage_failure(sys.exc_info()[1]):
        return unavailable()
    return plain_server_error(request)
