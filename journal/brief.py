"""The point in a minute: one child since the last session, as one caregiver chose and wrote it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance import safety
from guidance.models import Signal

from . import access
from .models import Attempt, Mark, Moment, MomentSignal, Recommendation, Share, SuggestionItem
from .shown import Sight, sight_of
from .timeline import KNOWN

TOO_FEW_DAYS = 5
MOST_TOLD = 4
MOST_ADVISED = 6
ANSWERS = ("ended", "reconnected", "intensity", "parent_state")
# How many times as often as before counts as different.
DIFFERENT = 2.0


@dataclass(frozen=True)
class Told:
    """A moment named in the brief, with the parent's words where they are shared."""

    moment: Moment
    risk_kinds: list[safety.RiskKind]
    seen: bool
    acted_on: dt.datetime | None


@dataclass(frozen=True)
class InFull:
    """One moment from start to end, as labels."""

    moment: Moment
    before: list[str]
    child: list[str]
    adult: list[str]
    ended: list[str]


@dataclass(frozen=True)
class Change:
    what: str
    now: int
    earlier: int


@dataclass(frozen=True)
class Tried:
    what: str
    helped: int
    no_difference: int
    harder: int


@dataclass(frozen=True)
class Reconnecting:
    """Of the moments with an answer: in how many they came back together, and how long the middle one took."""

    told: int
    reconnected: int
    middle: str
    not_yet: int


@dataclass(frozen=True)
class Brief:
    share: Share
    since: dt.date | None  # the last session; None where there was none
    first: dt.date
    today: dt.date
    for_owner: bool
    authors: list[tuple[str, int]]
    moments: int
    days: int
    span: int
    safety: list[Told]
    more_safety: bool
    wanted: list[Told]
    more_wanted: bool
    raised: list[Told]
    in_full: InFull | None
    new: list[Change]
    different: list[Change]
    earlier_days: int
    tried: list[Tried]
    good: list[tuple[str, int]]
    reconnecting: Reconnecting
    states: list[tuple[str, int]]
    advised: list[tuple[str, int, int]]  # title, how often shown, how often it helped
    pinned: list[Recommendation]

    @property
    def period(self) -> tuple[dt.date, dt.date]:
        return self.first, self.today

    @property
    def words_shared(self) -> bool:
        return self.share.includes_words

    @property
    def too_few(self) -> bool:
        return self.days < TOO_FEW_DAYS or self.earlier_days < TOO_FEW_DAYS

    @property
    def named(self) -> list[Moment]:
        """The moments it names, each once."""
        told = [*self.safety, *self.wanted, *self.raised]
        full = [self.in_full.moment] if self.in_full else []
        return list({moment.pk: moment for moment in [*(one.moment for one in told), *full]}.values())


def of(share: Share, *, for_owner: bool = False) -> Brief:
    """Five queries, however many moments. `share` comes from `access`; before it is given it has no `last_session`.

    Its owner is not told what the therapist marked: that a risk note was acted on is for them to say, or not."""
    sight = sight_of(share)
    since = getattr(share, "last_session", None)
    covered = access.moments_under(share)
    counts = _Counts(_tallies(share, since))
    named = _named(covered, since, None if for_owner else share.therapist_id, share, sight)
    told = [Told(one, safety.kinds(one.risk_kinds), one.seen, one.acted_on) for one in named]  # type: ignore[attr-defined]
    since_then = [one for one in named if one.day >= (since or share.from_date)]
    full = max(since_then, key=lambda one: (one.for_therapy, one.answered, one.happened_at, one.pk), default=None)  # type: ignore[attr-defined]
    at_risk = [one for one in told if one.moment.risk_level != Moment.RiskLevel.NONE]
    wanted = [one for one in told if one.moment.for_therapy]
    today = timezone.localdate()
    first = max(share.from_date, since or share.from_date)
    new, different = _changes(counts)
    return Brief(
        share=share,
        since=since,
        first=first,
        today=max(today, first),
        for_owner=for_owner,
        authors=_authors(counts),
        moments=counts.total("moments"),
        days=counts.days(),
        span=max((today - first).days + 1, counts.days()),
        safety=at_risk[:MOST_TOLD],
        more_safety=len(at_risk) > MOST_TOLD,
        wanted=wanted[:MOST_TOLD],
        more_wanted=len(wanted) > MOST_TOLD,
        raised=[one for one in told if one.moment.raised],  # type: ignore[attr-defined]
        in_full=_in_full(full) if full else None,
        new=new,
        different=different,
        earlier_days=counts.days(late=False),
        tried=_tried(counts),
        good=sorted(
            (counts.label(row), row.count) for row in counts.of("signal") if counts.chips[row.what].how == "good"
        ),
        reconnecting=_reconnecting(counts),
        states=[
            (str(label), counts.total("moments", also=value))
            for value, label in Moment.ParentState.choices
            if counts.total("moments", also=value)
        ],
        advised=_advised(since, share, sight),
        pinned=list(
            share.recommendations.filter(ended_at=None)
            .select_related("passage__current", "response__current")
            .order_by("-created_at", "-pk")
        )
        if share.pk
        else [],
    )


# Counting: one query for everything that is a number


@dataclass(frozen=True)
class Row:
    """What `what`, `how` and `also` are, each kind says: see `_tallies`. `late` is since the last session."""

    kind: str
    what: str
    how: str
    also: str
    late: bool
    count: int


class _Counts:
    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)
        self.chips = {row.what: row for row in self.rows if row.kind == "chip"}

    def of(self, kind: str, *, late: bool = True) -> list[Row]:
        return [row for row in self.rows if row.kind == kind and row.late == late]

    def total(self, kind: str, what: str = "", *, how: str = "", also: str = "") -> int:
        asked = (what, how, also)
        return sum(
            row.count
            for row in self.of(kind)
            if all(wanted in ("", found) for wanted, found in zip(asked, (row.what, row.how, row.also), strict=True))
        )

    def label(self, row: Row) -> str:
        """The name of the chip that a row of kind "signal" counts."""
        return self.chips[row.what].also

    def days(self, *, late: bool = True) -> int:
        return sum(row.count for row in self.of("days", late=late))


def _tallies(share: Share, since: dt.date | None) -> list[Row]:
    """Grouped counts of the shared moments, before and since the last session. Only tapped and confirmed chips.

    The chips' names come as rows of their own: joined to each of thirty thousand taps they cost more than the count."""
    moments = Moment.objects.filter(access.covered_by(share))
    signals = MomentSignal.objects.filter(access.covered_by(share, "moment__"), state__in=KNOWN)
    attempts = Attempt.objects.filter(access.covered_by(share, "moment__"))
    owner = Case(When(author=F("owner"), then=Value("owner")), default=Value("recorder"))
    good = Case(When(is_good=True, then=Value("good")), default=Value(""))
    parts = [
        _tally(moments, "days", since, count=Count("day", distinct=True)),
        _tally(moments, "moments", since, owner, F("reconnected"), F("parent_state")),
        _tally(signals, "signal", since, Cast("signal", CharField()), moment="moment__"),
        _tally(attempts, "tried", since, F("what"), F("outcome"), moment="moment__"),
        _tally(Signal.objects.all(), "chip", None, Cast("pk", CharField()), good, F("label")),
    ]
    rows = parts[0].union(*parts[1:], all=True)
    return [Row(kind, what, how, also, bool(late), count) for kind, what, how, also, late, count in rows]


def _tally(
    rows: QuerySet[Any],
    kind: str,
    since: dt.date | None,
    *groups: Case | Cast | F,
    moment: str = "",
    count: Count | None = None,
) -> Any:
    """`moment` leads from the rows to their moment. Columns in the order of `Row`."""
    late: Case | Value = Value(1, output_field=IntegerField())
    if since:
        late = Case(When(**{f"{moment}day__lt": since, "then": Value(0)}), default=Value(1))
    blank = Value("", output_field=CharField())
    what, how, also = [*groups, blank, blank, blank][:3]
    return (
        rows.order_by()
        .annotate(of_kind=Value(kind, output_field=CharField()), of_time=late, of_what=what, of_how=how, of_also=also)
        .values_list("of_kind", "of_what", "of_how", "of_also", "of_time")
        .annotate(count=count or Count("pk"))
    )


# The moments that are named


def _named(
    covered: QuerySet[Moment], since: dt.date | None, reader: int | None, share: Share, sight: Sight
) -> list[Moment]:
    """Those at risk, those to talk about, those the therapist wants to raise, and one to tell in full; newest first.

    What nobody has acted on or read yet is named however old it is."""
    recent = Q(day__gte=since or share.from_date)
    marks = Mark.objects.filter(reader=reader, moment=OuterRef("pk"))
    raised = Mark.objects.filter(reader=reader, to_raise=True)
    seen = Exists(marks.filter(read_at__isnull=False))
    answered = sum(
        (Case(When(**{name: "", "then": Value(0)}), default=Value(1)) for name in ANSWERS),
        Value(0),
    )
    newest = covered.order_by("-happened_at", "-pk").values("pk")
    fullest = newest.alias(answered=answered).order_by("-for_therapy", "-answered", "-happened_at", "-pk")
    parts = [
        fullest.filter(recent)[:1],
        newest.filter(recent | ~Q(seen), for_therapy=True)[: MOST_TOLD + 1],
        newest.filter(pk__in=raised.values("moment"))[: MOST_TOLD + 1],
    ]
    if sight.risk:
        acted = Q(Exists(marks.filter(acted_at__isnull=False)))
        parts.append(newest.filter(recent | ~acted).exclude(risk_level=Moment.RiskLevel.NONE)[: MOST_TOLD + 1])
    # Each covered by the share already: asking again would walk over all of them.
    chosen = [Moment.objects.filter(pk__in=part).values("pk") for part in parts]
    found = (
        Moment.objects.filter(pk__in=chosen[0].union(*chosen[1:]))
        .annotate(
            raised=Exists(marks.filter(to_raise=True)),
            seen=seen,
            acted_on=Subquery(marks.values("acted_at")[:1]),
            answered=answered,
        )
        .defer(*([] if sight.words else access.OF_WORDS))
        .order_by("-happened_at", "-pk")
    )
    return list(found) if sight.words else [access.without_words(one) for one in found]


def _in_full(moment: Moment) -> InFull:
    """One query more: its chips and what was tried, as labels."""
    chips = MomentSignal.objects.filter(moment=moment, state__in=KNOWN).order_by()
    tried = Attempt.objects.filter(moment=moment).order_by()
    text = Value("", output_field=CharField())
    rows = chips.values_list("signal__group", "signal__label", text, "signal__order").union(
        tried.values_list(Value("tried", output_field=CharField()), "what", "outcome", Value(0)), all=True
    )
    by_group: dict[str, list[str]] = {}
    what, outcome = dict(Attempt.What.choices), dict(Attempt.Outcome.choices)
    for group, label, how, _order in sorted(rows, key=lambda row: (row[0], row[3], row[1])):
        said = f"{what[label]}: {str(outcome[how]).lower()}" if group == "tried" else label
        by_group.setdefault(group, []).append(said)
    answers = [
        moment.get_intensity_display(), moment.get_length_display() and _("lasted: %(how_long)s")
        % {"how_long": str(moment.get_length_display()).lower()},
    ]  # fmt: skip
    ended = [moment.get_ended_display()]
    if moment.reconnected:
        ended.append(_("back together: %(when)s") % {"when": str(moment.get_reconnected_display()).lower()})
    state = [_("how they were: %(state)s") % {"state": str(moment.get_parent_state_display()).lower()}]
    return InFull(
        moment=moment,
        before=by_group.get(Signal.Group.AROUND.value, []),
        child=[*by_group.get(Signal.Group.CHILD.value, []), *(str(one) for one in answers if one)],
        adult=[
            *by_group.get(Signal.Group.PARENT.value, []),
            *(state if moment.parent_state else []),
            *by_group.get("tried", []),
        ],
        ended=[*by_group.get(Signal.Group.AFTER.value, []), *(str(one) for one in ended if one)],
    )


# What the numbers say


def _authors(counts: _Counts) -> list[tuple[str, int]]:
    names = [("owner", _("the parent who shares this")), ("recorder", _("somebody who logs for them"))]
    return [(name, counts.total("moments", key)) for key, name in names if counts.total("moments", key)]


def _changes(counts: _Counts) -> tuple[list[Change], list[Change]]:
    """What was never tapped before, and what came at least twice, or at most half, as often a day logged as before."""
    days, earlier_days = counts.days(), counts.days(late=False)
    before = {row.what: row for row in counts.of("signal", late=False)}
    now = {row.what: row for row in counts.of("signal")}
    if days < TOO_FEW_DAYS or earlier_days < TOO_FEW_DAYS:
        return [], []
    new = [Change(counts.label(row), row.count, 0) for row in now.values() if row.what not in before]
    different = []
    for row in before.values():
        earlier, count = row.count, now[row.what].count if row.what in now else 0
        rate, rate_before = count / days, earlier / earlier_days
        if max(count, earlier) >= TOO_FEW_DAYS and (rate >= DIFFERENT * rate_before or rate_before >= DIFFERENT * rate):
            different.append(Change(counts.label(row), count, earlier))
    return (
        sorted(new, key=lambda one: (-one.now, one.what)),
        sorted(different, key=lambda one: (-max(one.now, one.earlier), one.what)),
    )


def _tried(counts: _Counts) -> list[Tried]:
    rows = [
        Tried(str(label), *(counts.total("tried", what, how=outcome) for outcome in Attempt.Outcome.values))
        for what, label in Attempt.What.choices
    ]
    told = [row for row in rows if row.helped or row.no_difference or row.harder]
    return sorted(told, key=lambda row: (row.harder - row.helped, -row.helped))


def _reconnecting(counts: _Counts) -> Reconnecting:
    """The middle one is a length of time as it was tapped; an even number of them takes the longer of the two."""
    by_length = [(str(label), counts.total("moments", how=value)) for value, label in Moment.Reconnected.choices[:-1]]
    not_yet = counts.total("moments", how=Moment.Reconnected.NOT_YET.value)
    reconnected = sum(count for _, count in by_length)
    passed, middle = 0, ""
    for label, count in by_length:
        passed += count
        if reconnected and passed > reconnected // 2:
            middle = label.lower()
            break
    return Reconnecting(reconnected + not_yet, reconnected, middle, not_yet)


def _advised(since: dt.date | None, share: Share, sight: Sight) -> list[tuple[str, int, int]]:
    """Passages that were shown since, most often first; those chosen by the words only where the words are shared."""
    shown = SuggestionItem.objects.filter(
        access.covered_by(share, "suggestion__moment__"), wording__passage__isnull=False
    ).filter(Q(recommendation=None) | Q(recommendation__share__therapist=share.therapist_id))
    if since:
        shown = shown.filter(suggestion__moment__day__gte=since)
    if not sight.words:
        shown = shown.filter(suggestion__used_words=False, suggestion__risk_level=Moment.RiskLevel.NONE)
    helped = Count("suggestion__moment", distinct=True, filter=Q(feedback=SuggestionItem.Feedback.HELPED))
    rows = (
        shown.order_by()
        .values_list("wording__title")
        .annotate(count=Count("suggestion__moment", distinct=True), helped=helped)
        .order_by("-count", "wording__title")
    )
    return list(rows[:MOST_ADVISED])
