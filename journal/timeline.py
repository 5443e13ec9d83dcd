"""The run of weeks: a parent's moments by day, filtered and searched."""

import datetime as dt
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils import timezone

from guidance.models import Signal

from .models import Child, Moment, MomentSignal, SuggestionItem, User
from .moments import FREE_TEXTS
from .shown import Sight, chips_of

PAGE = 50
# "Next morning": between these long after a moment its parent is asked whether the guidance helped.
NEXT_MORNING = (dt.timedelta(hours=6), dt.timedelta(hours=36))
# A search reads and decrypts every moment in range; past this many seconds it stops and says so.
SEARCH_SECONDS = 4.0
KNOWN = (MomentSignal.State.TAPPED, MomentSignal.State.CONFIRMED)


@dataclass(frozen=True)
class Card:
    """A moment from outside: chips and how it ended, no words."""

    moment: Moment
    chips: list[str]
    is_good: bool


@dataclass(frozen=True)
class Day:
    date: dt.date
    cards: list[Card]


@dataclass(frozen=True)
class Page:
    days: list[Day]
    older: str  # where the next page begins, or ""
    search_stopped: bool = False  # the search took too long and did not reach the oldest moments


def page(moments: QuerySet[Moment], filters: dict[str, Any], before: str = "", sight: Sight = Sight.OWN) -> Page:
    """Fifty moments, newest first. `moments` are those the reader may see; it is narrowed, never widened."""
    wanted = narrowed(moments, filters)
    at = _place(before)
    if at is not None:
        wanted = wanted.filter(happened_at__lte=at[0]).exclude(happened_at=at[0], pk__gte=at[1])
    wanted = wanted.order_by("-happened_at", "-pk")
    stopped = False
    if filters.get("search") and sight.words:
        found, stopped = _search(wanted, filters["search"])
    else:
        found = list(_with_chips(wanted, sight)[: PAGE + 1])
    older = f"{found[PAGE - 1].happened_at.isoformat()}~{found[PAGE - 1].pk}" if len(found) > PAGE else ""
    return Page(by_day(found[:PAGE], sight), older, stopped)


def latest(moments: QuerySet[Moment], how_many: int) -> list[Card]:
    return [card(moment) for moment in _with_chips(moments.order_by("-happened_at", "-pk"))[:how_many]]


def to_look_back_on(moments: QuerySet[Moment]) -> Moment | None:
    """The last moment of yesterday or last night whose guidance has had no answer yet: did it help?"""
    now = timezone.now()
    answered = SuggestionItem.objects.filter(suggestion__moment=OuterRef("pk")).exclude(feedback="")
    shown = SuggestionItem.objects.filter(suggestion__moment=OuterRef("pk"))
    recent = moments.filter(happened_at__gte=now - NEXT_MORNING[1], happened_at__lte=now - NEXT_MORNING[0])
    return recent.filter(Exists(shown), ~Exists(answered)).order_by("-happened_at", "-pk").first()


def narrowed(moments: QuerySet[Moment], filters: dict[str, Any]) -> QuerySet[Moment]:
    """Only tapped and confirmed signals are filtered by: what was read from words counts as words."""
    known = MomentSignal.objects.filter(moment=OuterRef("pk"), state__in=KNOWN)
    if filters.get("child"):
        moments = moments.filter(child=filters["child"])
    if filters.get("signals"):
        moments = moments.filter(Exists(known.filter(signal__in=list(filters["signals"]))))
    if filters.get("good"):
        moments = moments.filter(Exists(known.filter(signal__is_good=True)))
    if filters.get("wanted"):
        moments = moments.filter(for_therapy=True)
    if filters.get("since"):
        moments = moments.filter(happened_at__gte=_midnight(filters["since"]))
    if filters.get("until"):
        moments = moments.filter(happened_at__lt=_midnight(filters["until"] + dt.timedelta(days=1)))
    return moments


def by_day(moments: list[Moment], sight: Sight = Sight.OWN) -> list[Day]:
    """Days are those of the place where a moment happened."""
    days: list[Day] = []
    for moment in moments:
        if not days or days[-1].date != moment.day:
            days.append(Day(moment.day, []))
        days[-1].cards.append(card(moment, sight))
    return days


def card(moment: Moment, sight: Sight = Sight.OWN) -> Card:
    rows = sorted(moment.signals.all(), key=lambda row: row.signal.order)
    good = any(row.signal.is_good for row in rows if row.state in KNOWN)
    own = [chip.label for chip in moment.own_chips.all()] if sight.words else []
    return Card(moment, chips_of(rows) + own, good)


def usual_signals(user: User, signals: list[Signal], how_many: int = 6) -> list[Signal]:
    """The chips this parent taps most of late, filled up with those tapped most in general; "about me" never first."""
    first = ("pushed_away", "refused_comfort", "ran_off", "screamed_or_tantrum", "told_go_away", "good_moment")
    by_slug = {signal.slug: signal for signal in signals}
    latest_keys = (
        Moment.objects.filter(author=user, deleted_at=None).order_by("-happened_at").values_list("pk", flat=True)
    )
    tapped = MomentSignal.objects.filter(
        moment__in=list(latest_keys[:30]), state=MomentSignal.State.TAPPED
    ).values_list("signal__slug", flat=True)
    counts: dict[str, int] = {}
    for slug in tapped:
        counts[slug] = counts.get(slug, 0) + 1
    usual = [slug for slug in sorted(counts, key=lambda slug: (-counts[slug], by_slug[slug].order)) if counts[slug] > 1]
    chosen = [slug for slug in usual if by_slug[slug].group != Signal.Group.PARENT][: how_many - 1]
    for slug in (*first[-1:], *first[:-1]):  # a good moment is always as near as a storm
        if slug in by_slug and slug not in chosen and len(chosen) < how_many:
            chosen.append(slug)
    return sorted((by_slug[slug] for slug in chosen), key=lambda signal: signal.order)


def offered(signals: list[Signal], children: Iterable[Child]) -> list[Signal]:
    """The chips that can be of use: one for babies only where a child may be that young."""
    today = timezone.localdate()
    months = [
        (today.year - child.born_on.year) * 12 + today.month - child.born_on.month if child.born_on else None
        for child in children
    ]
    return [
        signal
        for signal in signals
        if signal.under_months is None or any(age is None or age < signal.under_months for age in months)
    ]


def _with_chips(moments: QuerySet[Moment], sight: Sight = Sight.OWN) -> QuerySet[Moment]:
    signals = Prefetch("signals", queryset=MomentSignal.objects.select_related("signal").defer("signal__phrases"))
    found = moments.select_related("child").prefetch_related(signals)
    return found.prefetch_related("own_chips") if sight.words else found


def _search(moments: QuerySet[Moment], search: str) -> tuple[list[Moment], bool]:
    """Casefolded NFC in Python over the reader's own rows: the texts are encrypted and SQLite knows ASCII only."""
    wanted = folded(search).split()
    until = time.monotonic() + SEARCH_SECONDS
    found: list[int] = []
    stopped = False
    for moment in moments.only("pk", "happened_at", *FREE_TEXTS).iterator(chunk_size=200):
        text = folded(" ".join(getattr(moment, name) for name in FREE_TEXTS))
        if all(word in text for word in wanted):
            found.append(moment.pk)
        if len(found) > PAGE or time.monotonic() > until:
            stopped = len(found) <= PAGE
            break
    return list(_with_chips(Moment.objects.filter(pk__in=found).order_by("-happened_at", "-pk"))), stopped


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _place(before: str) -> tuple[dt.datetime, int] | None:
    """Where a page begins; a place that makes no sense is the beginning."""
    moment, _, key = before.partition("~")
    try:
        at = dt.datetime.fromisoformat(moment).astimezone(dt.UTC)
        return (at, int(key)) if 1990 <= at.year <= 2200 and 0 <= int(key) < 2**63 else None
    except (ValueError, OverflowError):
        return None
