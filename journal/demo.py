"""The demonstration: one made-up family with eight weeks behind it, a therapist and a curator. Nobody in it exists."""

import datetime as dt
import time
import tomllib
import uuid
import zoneinfo
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from django.db import transaction
from django.utils import timezone

from guidance.models import Response, Signal

from . import access, families, invitations, moments, recommending, review, sharing
from .models import Child, Comment, Invitation, User

FAMILY_FILE = Path(__file__).resolve().parent / "demo.toml"
PARENT = "parent@example.org"
THERAPIST = "therapist@example.org"
CURATOR = "curator@example.org"
SECOND_CURATOR = "second.curator@example.org"
PASSWORD = "lamp-in-the-hallway"  # noqa: S105  (a demonstration, in development only)  # shown to everybody: it opens the demonstration only
# The key of the therapist's second step: it too opens the demonstration only.
SECOND_STEP = "JBSWY3DPEHPK3PXP"
COMMENT = (
    "Thank you for writing this one down. The bit about the toast stayed with me. Shall we begin there on Thursday?"
)
REWORDED = "toast-before-talk"
SAID = "Two slices, one for each of you. Put his where he can reach it, and eat yours."
COUNTRY = "GB"
ZONE = "Europe/London"


def exists() -> bool:
    return User.objects.filter(email__iexact=PARENT).exists()


@transaction.atomic
def load() -> int:
    """Make the family and the curator, all or nothing; how many moments were recorded."""
    told = tomllib.loads(FAMILY_FILE.read_text(encoding="utf-8"))
    _curators()
    parent = _user(PARENT)
    today = timezone.localdate(timezone=zoneinfo.ZoneInfo(ZONE))
    children = {row["name"]: _child(parent, row, today) for row in told["child"]}
    signals = {signal.slug: signal for signal in Signal.objects.all()}
    for row in told["moment"]:
        _moment(parent, children, signals, row, today)
    _therapist(parent, children, today)
    return len(told["moment"])


def _user(email: str, **fields: Any) -> User:
    user = User.objects.create_user(email, PASSWORD, country=COUNTRY, time_zone=ZONE, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _curators() -> None:
    for email in (CURATOR, SECOND_CURATOR):
        if not User.objects.filter(email__iexact=email).exists():
            totp.TOTP.activate(_user(email, is_staff=True), SECOND_STEP)


def second_step_now() -> str:
    """The code an authenticator app would show for those made-up people who need one."""
    return str(totp.format_hotp_value(totp.hotp_value(SECOND_STEP, int(time.time()) // 30)))


def _therapist(parent: User, children: dict[str, Child], today: dt.date) -> None:
    """One child with the words, one without; a session last week, the next one in a few days, one comment, one pin."""
    therapist = _user(THERAPIST)
    totp.TOTP.activate(therapist, SECOND_STEP)
    until = timezone.now() + sharing.LEASE
    for name, words in (("J", True), ("M", False)):
        invitation = Invitation.objects.create(
            kind=Invitation.Kind.THERAPIST,
            email=THERAPIST,
            invited_by=parent,
            child=children[name],
            from_date=today - dt.timedelta(days=56),
            until=until,
            includes_words=words,
            expires_at=until,
        )
        invitations.accept(invitation, by=therapist)
    share = access.shares_held(therapist).get(includes_words=True)
    for days in (-9, 5):
        review.meet(share, today + dt.timedelta(days=days))
    wanted = access.moments_under(share).filter(for_therapy=True).order_by("-happened_at")[:1]
    for moment in wanted:
        Comment.objects.create(moment=moment, therapist=therapist, text=COMMENT)
    recommending.recommend(share, kind="reword", response=Response.objects.get(slug=REWORDED), text=SAID)


def _child(parent: User, row: dict[str, Any], today: dt.date) -> Child:
    child = families.add_child(by=parent, name=row["name"], pronouns=row["pronouns"])
    months = today.year * 12 + today.month - 1 - row["age_months"]
    born_on = dt.date(months // 12, months % 12 + 1, 1)
    return families.change_child(child, by=parent, born_on=born_on, hard_place=row["hard_place"])


def _moment(
    parent: User, children: dict[str, Child], signals: dict[str, Signal], row: dict[str, Any], today: dt.date
) -> None:
    """Everything a row says besides its place in time, its child, its signals and what was tried goes in as it is."""
    details = dict(row)
    attempts = details.pop("tried", {})
    day = today - dt.timedelta(days=details.pop("days_ago"))
    happened_at = dt.datetime.combine(day, details.pop("at"), zoneinfo.ZoneInfo(ZONE))
    moment = moments.record(
        author=parent,
        child=children[details.pop("child")],
        client_key=uuid.uuid4(),
        signals=[signals[slug] for slug in details.pop("signals")],
        when="date",
        happened_at=happened_at,
        zone=ZONE,
        **details,
    )
    if attempts:
        moments.revise(moment, by=parent, attempts=attempts)
