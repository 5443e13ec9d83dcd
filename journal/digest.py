"""A therapist's week in numbers: no names, no words, nothing they may not read today."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from . import access
from .models import Mark, User

WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Week:
    children: int  # that are shared with this therapist
    with_new: int  # of them, those with a moment logged in the last seven days
    unread: int
    to_talk_about: int  # unread moments that a parent wants to talk about
    ending: int  # shares that end within seven days


def of(user: User) -> Week | None:
    """None where nothing is shared with them."""
    now = timezone.now()
    held = access.shares_held(user)
    counts = held.aggregate(children=Count("child", distinct=True), ending=Count("pk", filter=Q(until__lte=now + WEEK)))
    if not counts["children"]:
        return None
    read = Mark.objects.filter(reader=user, moment=OuterRef("pk"), read_at__isnull=False)
    moments = access.moments_shared_with(user).aggregate(
        with_new=Count("child", distinct=True, filter=Q(created_at__gte=now - WEEK)),
        unread=Count("pk", filter=~Exists(read)),
        to_talk_about=Count("pk", filter=~Exists(read) & Q(for_therapy=True)),
    )
    return Week(**counts, **moments)


def due(now: dt.datetime) -> QuerySet[User]:
    """Therapists who want the mail and have had none for a week; half a day of slack, or the day would creep on."""
    wanting = User.objects.filter(is_active=True, is_therapist=True, wants_digest=True)
    return wanting.filter(Q(digest_sent_at=None) | Q(digest_sent_at__lte=now - WEEK + dt.timedelta(hours=12))).order_by(
        "pk"
    )
