"""The point in a minute: one child since the last session, as one caregiver chose and wrote it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    FilteredRelation,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
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
# A child of two years ago is another child: what is new is held against the year before.
COMPARED = dt.timedelta(days=365)
BLANK = Value("", output_field=CharField())
NO_CHIP = Value(0, output_field=IntegerField())
ROWS = Count("*")


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
    first = max(share.from_date, since or share.from_date)
    counts = _Counts(_tallies(share, first))
    named = _named(covered, first, None if for_owner else share.therapist_id, share, sight)
    told = [Told(one, safety.kinds(one.risk_kinds), bool(one.read_at), one.acted_on) for one in named]  # type: ignore[attr-defined]
    since_then = [one for one in named if one.day >= first]
    full = max(since_then, key=lambda one: (one.for_therapy, _answered(one), one.happened_at, one.pk), default=None)
    at_risk = [one for one in told if one.moment.risk_level != Moment.RiskLevel.NONE]
    wanted = [one for one in told if one.moment.for_therapy]
    today = timezone.localdate()
    new, different = _changes(counts)
    return Brief(
        share=share,
        since=since,
        first=first,
        today=max(today, first),
        for_owner=for_owner,
        authors=_authors(counts),
        moments=counts.total("moments"),
        days=counts.total("days"),
        span=max((today - first).days + 1, counts.total("days")),
        safety=at_risk[:MOST_TOLD],
        more_safety=len(at_risk) > MOST_TOLD,
        wanted=wanted[:MOST_TOLD],
        more_wanted=len(wanted) > MOST_TOLD,
        raised=[one for one in told if one.moment.raised],  # type: ignore[attr-defined]
        in_full=_in_full(full) if full else None,
        new=new,
        different=different,
        earlier_days=counts.total("earlier days"),
        tried=_tried(counts),
        good=sorted(
            (counts.label(chip), count)
            for chip, count in counts.tapped("signal").items()
            if counts.chips[chip].how == "good"
        ),
        reconnecting=_reconnecting(counts),
        states=[
            (str(label), counts.total("moments", also=value))
            for value, label in Moment.ParentState.choices
            if counts.total("moments", also=value)
        ],
        advised=_advised(first, share, sight),
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
    """What `what`, `how` and `also` are, each kind says: see `_tallies`."""

    kind: str
    chip: int
    what: str
    how: str
    also: str
    count: int


class _Counts:
    def __init__(self, rows: Iterable[Row]) -> None:
        self.of: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self.of[row.kind].append(row)
        self.chips = {row.chip: row for row in self.of["chip"]}

    def total(self, kind: str, what: str = "", *, how: str = "", also: str = "") -> int:
        asked = (what, how, also)
        return sum(
            row.count
            for row in self.of[kind]
            if all(wanted in ("", found) for wanted, found in zip(asked, (row.what, row.how, row.also), strict=True))
        )

    def tapped(self, kind: str) -> dict[int, int]:
        """How often, for each chip; in the order of their keys."""
        return {row.chip: row.count for row in sorted(self.of[kind], key=lambda row: row.chip)}

    def label(self, chip: int) -> str:
        return self.chips[chip].also


def _tallies(share: Share, first: dt.date) -> list[Row]:
    """Grouped counts of the shared moments since `first`; days and chips also in the year before. No doubtful chips.

    The chips' names come as rows of their own: joined to each of thirty thousand taps they cost more than the count."""
    moments = Moment.objects.filter(access.covered_by(share))
    signals = MomentSignal.objects.filter(access.covered_by(share, "moment__"), state__in=KNOWN)
    attempts = Attempt.objects.filter(access.covered_by(share, "moment__"), moment__day__gte=first)
    year = (first - COMPARED, first - dt.timedelta(days=1))
    recent = moments.filter(day__gte=first)
    owner = Case(When(author=F("owner"), then=Value("owner")), default=Value("recorder"))
    good = Case(When(is_good=True, then=Value("good")), default=Value(""))
    days = Count("day", distinct=True)
    parts = [
        _tally(recent, "days", count=days),
        _tally(moments.filter(day__range=year), "earlier days", count=days),
        _tally(recent, "moments", owner, F("reconnected"), F("parent_state")),
        _tally(signals.filter(moment__day__gte=first), "signal", chip=F("signal")),
        _tally(signals.filter(moment__day__range=year), "earlier signal", chip=F("signal")),
        _tally(attempts, "tried", F("what"), F("outcome")),
        _tally(Signal.objects.all(), "chip", BLANK, good, F("label"), chip=F("pk")),
    ]
    rows = parts[0].union(*parts[1:], all=True)
    return [Row(*row) for row in rows]


def _tally(
    rows: QuerySet[Any], kind: str, *groups: Case | F | Value, chip: F | Value = NO_CHIP, count: Count = ROWS
) -> Any:
    """Columns in the order of `Row`."""
    what, how, also = [*groups, BLANK, BLANK, BLANK][:3]
    return (
        rows.order_by()
        .annotate(of_kind=Value(kind, output_field=CharField()), of_chip=chip, of_what=what, of_how=how, of_also=also)
        .values_list("of_kind", "of_chip", "of_what", "of_how", "of_also")
        .annotate(count=count)
    )


# The moments that are named


def _named(covered: QuerySet[Moment], first: dt.date, reader: int | None, share: Share, sight: Sight) -> list[Moment]:
    """Those at risk, those to talk about, those the therapist wants to raise, and one to tell in full; newest first.

    What nobody has acted on or read yet is named however old it is."""
    recent = Q(day__gte=first)
    mark = partial(FilteredRelation, "marks", condition=Q(marks__reader=reader))
    raised = Mark.objects.filter(reader=reader, to_raise=True)
    answered = sum((Case(When(**{name: "", "then": 0}), default=1) for name in ANSWERS), Value(0))
    newest = covered.order_by("-happened_at", "-pk").values("pk")
    marked = newest.alias(mark=mark())
    fullest = newest.filter(recent).order_by("-for_therapy", answered.desc(), "-happened_at", "-pk")
    parts = [
        fullest[:1],
        marked.filter(recent | Q(mark__read_at=None), for_therapy=True)[: MOST_TOLD + 1],
        newest.filter(pk__in=raised.values("moment"))[: MOST_TOLD + 1],
    ]
    if sight.risk:
        unanswered = marked.filter(recent | Q(mark__acted_at=None))
        parts.append(unanswered.exclude(risk_level=Moment.RiskLevel.NONE)[: MOST_TOLD + 1])
    # Each covered by the share already: asking again would walk over all of them.
    chosen = [Moment.objects.filter(pk__in=part).values("pk") for part in parts]
    found = (
        Moment.objects.filter(pk__in=chosen[0].union(*chosen[1:]))
        .annotate(mark=mark(), raised=F("mark__to_raise"), read_at=F("mark__read_at"), acted_on=F("mark__acted_at"))
        .defer(*([] if sight.words else access.OF_WORDS))
        .order_by("-happened_at", "-pk")
    )
    return list(found) if sight.words else [access.without_words(one) for one in found]


def _answered(moment: Moment) -> int:
    return sum(getattr(moment, name) != "" for name in ANSWERS)


def _in_full(moment: Moment) -> InFull:
    """One query more: its chips and what was tried, as labels."""
    chips = MomentSignal.objects.filter(moment=moment, state__in=KNOWN).order_by()
    tried = Attempt.objects.filter(moment=moment).order_by()
    rows = chips.values_list("signal__group", "signal__label", BLANK, "signal__order").union(
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
    days, earlier_days = counts.total("days"), counts.total("earlier days")
    if days < TOO_FEW_DAYS or earlier_days < TOO_FEW_DAYS:
        return [], []
    tapped, before = counts.tapped("signal"), counts.tapped("earlier signal")
    new = [Change(counts.label(chip), count, 0) for chip, count in tapped.items() if chip not in before]
    different = []
    for chip, earlier in before.items():
        count = tapped.get(chip, 0)
        rate, rate_before = count / days, earlier / earlier_days
        if max(count, earlier) >= TOO_FEW_DAYS and (rate >= DIFFERENT * rate_before or rate_before >= DIFFERENT * rate):
            different.append(Change(counts.label(chip), count, earlier))
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


def _advised(first: dt.date, share: Share, sight: Sight) -> list[tuple[str, int, int]]:
    """Passages that were shown since, most often first; those chosen by the words only where the words are shared."""
    own = Recommendation.objects.filter(share__therapist=share.therapist_id)
    shown = SuggestionItem.objects.filter(
        access.covered_by(share, "suggestion__moment__"),
        suggestion__moment__day__gte=first,
        wording__passage__isnull=False,
    ).filter(Q(recommendation=None) | Q(recommendation__in=own))
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
