"""The admin site: a stated list of models, log-in through allauth."""

from collections.abc import Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

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

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        listed = [model for model in models if model._meta.label_lower in SHOWN]
        super().register(listed, admin_class, **options)
