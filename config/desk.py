"""The admin site: a stated list of models, log-in through allauth."""

from collections.abc import Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from guidance import front
from journal.access import require_second_factor

# Nothing else is shown, whatever a package registers by itself. A test holds the list.
SHOWN = frozenset(
    {
        "guidance.source",
        "guidance.passage",
        "guidance.response",
        "guidance.wording",
        "guidance.signal",
        "guidance.weight",
        "guidance.helpline",
        "guidance.benchcase",
        "guidance.riskphrase",
        "guidance.original",
        "guidance.unmetneed",
        "journal.user",
    }
)


class Desk(admin.AdminSite):
    site_header = _("Still Here: the curators' desk")
    site_title = _("Still Here")
    index_title = _("Guidance")
    enable_nav_sidebar = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.login = secure_admin_login(self.login)  # type: ignore[method-assign]

    def has_permission(self, request: HttpRequest) -> bool:
        """Curators and administrators, once a second factor stands in front of their account."""
        if not super().has_permission(request):
            return False
        require_second_factor(request.user)  # type: ignore[arg-type]  # staff is somebody
        return True

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        return super().index(request, {"front": front.page(request), **(extra_context or {})})

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        listed = [model for model in models if model._meta.label_lower in SHOWN]
        super().register(listed, admin_class, **options)
