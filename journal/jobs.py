"""What is done after the answer has gone out: mails. A job is told which row, never what stands in it."""

import datetime as dt
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django_tasks import task

from . import digest
from .models import Comment, Invitation, Share, User


class MailNotSent(Exception):
    """The mail server refused or was not there. Says nothing of whom the mail was for: a job's failure is kept."""


def after_commit(job: Any, row: Model) -> None:
    """Put a job in the queue once the row it is about is there for everybody."""
    transaction.on_commit(partial(job.enqueue, row.pk))


@task()
def send_invitation(key: int) -> None:
    invitation = Invitation.objects.select_related("invited_by").filter(pk=key, answered_at=None).first()
    if invitation:
        link = settings.ADDRESS + reverse("invitation", args=[invitation.token])
        said = {"inviter": invitation.invited_by.email, "kind": invitation.kind, "link": link}
        _mail(invitation.email, _("An invitation"), "invitation", said)


@task()
def tell_of_comment(key: int) -> None:
    """That there is one, and nothing else: a mail may be read by anybody in the house."""
    comment = Comment.objects.select_related("moment__owner").filter(pk=key, moment__deleted_at=None).first()
    if comment:
        _mail(comment.moment.owner.email, _("Something to read"), "comment", {})


@task()
def announce_end(key: int) -> None:
    share = Share.objects.select_related("owner").filter(pk=key, revoked_at=None).first()
    if share:
        _mail(
            share.owner.email,
            _("Something ends in a week"),
            "share_ends",
            {"link": settings.ADDRESS + reverse("sharing")},
        )


@task()
def send_digest(key: int) -> None:
    user = User.objects.filter(pk=key, is_active=True, wants_digest=True).first()
    week = digest.of(user) if user else None
    if user and week:
        _mail(user.email, _("Your week"), "digest", {"week": week})


def send_digests(now: dt.datetime) -> int:
    """Queue the weekly mail for every therapist who is due one; how many."""
    users = list(digest.due(now))
    for user in users:
        with transaction.atomic():
            user.digest_sent_at = now
            user.save(update_fields=["digest_sent_at"])
            after_commit(send_digest, user)
    return len(users)


def _mail(to: str, subject: str, template: str, said: dict[str, Any]) -> None:
    text = render_to_string(f"mails/{template}.txt", {"home": settings.ADDRESS + reverse("home")} | said)
    try:
        send_mail(subject, text, None, [to])
    except Exception as error:  # noqa: BLE001  (whatever it is, it may hold an address)
        raise MailNotSent(type(error).__name__) from None
