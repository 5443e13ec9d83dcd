"""Where allauth asks us: second-factor secrets under our keys, and mails on the page while developing."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.core import mail
from django.utils.translation import gettext as _

from . import encryption
from .models import User


def display(user: User) -> str:
    return user.email


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, context)
        outbox = getattr(mail, "outbox", None)
        if settings.SHOW_MAILS_ON_PAGE and outbox and self.request:
            shown = _("While developing, mails are shown here: %(mail)s") % {"mail": outbox[-1].body}
            messages.info(self.request, shown, extra_tags="mail")


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)
