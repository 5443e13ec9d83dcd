"""The demonstration: one made-up family with eight weeks behind it, and one curator. Nobody in it exists."""

import datetime as dt
import tomllib
import uuid
import zoneinfo
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from guidance.models import HelpLine, Passage, Response, Signal, Source, Weight, Wording

from . import families, moments
from .models import Child, User

FAMILY_FILE = Path(__file__).resolve().parent / "demo.toml"
PARENT = "parent@example.org"
CURATOR = "curator@example.org"
PASSWORD = "lamp-in-the-hallway"  # noqa: S105  (a demonstration, in development only)  # shown to everybody: it opens the demonstration only
COUNTRY = "GB"
ZONE = "Europe/London"
CURATED = (Source, Passage, Response, Wording, Signal, Weight, HelpLine)


def exists() -> bool:
    return User.objects.filter(email__iexact=PARENT).exists()


@transaction.atomic
def load() -> int:
    """Make the family and the curator, all or nothing; how many moments were recorded."""
    told = tomllib.loads(FAMILY_FILE.read_text(encoding="utf-8"))
    _curator()
    parent = _user(PARENT)
    today = timezone.localdate(timezone=zoneinfo.ZoneInfo(ZONE))
    children = {row["name"]: _child(parent, row, today) for row in told["child"]}
    signals = {signal.slug: signal for signal in Signal.objects.all()}
    for row in told["moment"]:
        _moment(parent, children, signals, row, today)
    return len(told["moment"])


def _user(email: str, **fields: Any) -> User:
    user = User.objects.create_user(email, PASSWORD, country=COUNTRY, time_zone=ZONE, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _curator() -> None:
    if User.objects.filter(email__iexact=CURATOR).exists():
        return
    names = [f"{verb}_{model._meta.model_name}" for model in CURATED for verb in ("view", "add", "change")]
    may = Permission.objects.filter(content_type__app_label="guidance", codename__in=names)
    _user(CURATOR, is_staff=True).user_permissions.set(may)


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
