"""Where allauth asks us: second-factor secrets under our keys, and mails on the page while developing."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.core import mail
from django.http import HttpRequest
from django.utils.translation import gettext as _

from . import encryption
from .models import User

INVITED = "invited_email"


def display(user: User) -> str:
    return user.email


def show_mail(request: HttpRequest) -> None:
    """The last mail, on the page, while developing."""
    outbox = getattr(mail, "outbox", None)
    if settings.SHOW_MAILS_ON_PAGE and outbox:
        shown = _("While developing, mails are shown here: %(mail)s") % {"mail": outbox[-1].body}
        messages.info(request, shown, extra_tags="mail")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """The link of an invitation was read in that mailbox: signing up with that address proves nothing anew."""
        return str(request.session.get(INVITED, "")).casefold() == email.casefold()

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, context)
        if self.request:
            show_mail(self.request)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)
