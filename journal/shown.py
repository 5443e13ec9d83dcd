"""A moment as its reader may see it: reasons in words, guidance in the order of the page."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance import safety
from guidance.browse import signals as all_signals
from guidance.matching import Gate, Phase, Stance
from guidance.matching.reading import ALWAYS_ASKED
from guidance.models import Passage, Response, Signal, Source, Wording

from . import families
from .models import Attempt, Bond, HardPlace, Moment, MomentSignal, Share, Suggestion, SuggestionItem, User
from .recommending import STANCE_SET

CONDITION_REASONS = {
    "therapist": gettext_lazy("your therapist chose it for your child"),
    "history_yes": gettext_lazy("your child had a hard start"),
    "history_no": gettext_lazy("your child's start was an ordinary one"),
    "great_intensity": gettext_lazy("it was as big as it gets"),
    "faintly": gettext_lazy("something in your words, heard only faintly"),
}


class Sight(Enum):
    """How much of a moment its reader sees. What was worked out from words counts as words."""

    OWN = "own"  # its owner or author: everything
    FAMILY = "family"  # another parent it is shared with: no risk, no guidance; those are each caregiver's own
    WORDS = "words"  # a therapist who reads the words too
    TAPS = "taps"  # a therapist who reads taps and coded answers only

    @property
    def words(self) -> bool:
        return self is not Sight.TAPS

    @property
    def risk(self) -> bool:
        return self in (Sight.OWN, Sight.WORDS)

    @property
    def guidance(self) -> bool:
        return self is not Sight.FAMILY


def sight_of(share: Share) -> Sight:
    return Sight.WORDS if share.includes_words else Sight.TAPS


@dataclass(frozen=True)
class ShownPassage:
    item: SuggestionItem
    passage: Passage
    wording: Wording
    why: str

    @property
    def text(self) -> str:
        return _reworded(self.item) or self.wording.text


@dataclass(frozen=True)
class ShownResponse:
    """`response`, `wording` and `source` are None for what a therapist wrote themselves."""

    item: SuggestionItem
    response: Response | None
    wording: Wording | None
    source: Source | None

    @property
    def is_words(self) -> bool:
        return self.response is None or self.response.kind == Response.Kind.SAY

    @property
    def text(self) -> str:
        return _reworded(self.item) or (self.wording.text if self.wording else "")

    @property
    def phase(self) -> str:
        if self.response is not None:
            return self.response.phase
        return self.item.recommendation.phase if self.item.recommendation else ""


def _reworded(item: SuggestionItem) -> str:
    return item.recommendation.text if item.recommendation else ""


@dataclass(frozen=True)
class ShownGuidance:
    suggestion: Suggestion
    passages: list[ShownPassage]
    first: ShownResponse | None  # the one sentence to say or do
    for_you: ShownResponse | None
    others: list[tuple[str, list[ShownResponse]]]

    @property
    def nothing_fits(self) -> bool:
        return not self.passages

    @property
    def both_sides(self) -> bool:
        return self.suggestion.stance == Stance.BOTH.value

    @property
    def parent_first(self) -> bool:
        return Gate.PARENT_LIMIT.value in self.suggestion.gates and Gate.DANGER_NOW.value not in self.suggestion.gates

    @property
    def afraid(self) -> bool:
        return Gate.AFRAID.value in self.suggestion.gates

    @property
    def stance_was_set(self) -> bool:
        """Something stands here only because a therapist said how near to be with this child."""
        items = [one.item for one in self.passages] + [one.item for one in self.responses]
        return any(STANCE_SET in item.reasons for item in items)

    @property
    def responses(self) -> list[ShownResponse]:
        """All of them, in the order of the page."""
        said = [self.first, self.for_you, *(one for _, ones in self.others for one in ones)]
        return [one for one in said if one is not None]


@dataclass(frozen=True)
class ShownMoment:
    moment: Moment
    chips: list[str]
    to_confirm: list[tuple[Signal, bool]]  # read from the words, each with whether it is ticked beforehand
    risk_kinds: list[safety.RiskKind]
    guidance: ShownGuidance | None
    words: list[tuple[str, bool]] = field(default_factory=list)  # stretches, each with whether something was read there
    earlier: list[ShownGuidance] = field(default_factory=list)
    ask_history: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    sight: Sight = Sight.OWN

    @property
    def urgent(self) -> bool:
        return self.sight.risk and self.moment.risk_level == Moment.RiskLevel.URGENT

    @property
    def concern(self) -> bool:
        return self.sight.risk and self.moment.risk_level == Moment.RiskLevel.CONCERN

    @property
    def ask_if_safe(self) -> bool:
        return (
            self.sight is Sight.OWN
            and self.moment.soft_check
            and not self.moment.safe_answer
            and self.moment.risk_level == Moment.RiskLevel.NONE
        )

    @property
    def ask_of_dying(self) -> bool:
        return "child_self_harm" in self.moment.risk_kinds and not self.moment.dying_answer and not self.urgent


def show(moment: Moment, sight: Sight = Sight.OWN, *, reader: User | None = None) -> ShownMoment:
    """Everything the page of a moment says to this sort of reader, in a fixed number of queries.

    A therapist (`reader`) is not shown what another therapist recommended."""
    rows = list(moment.signals.select_related("signal").defer("signal__phrases").order_by("signal__order"))
    read = [row for row in rows if row.state == MomentSignal.State.READ] if sight is Sight.OWN else []
    bond = families.bond(moment.author, moment.child)
    shown = _suggestions(moment, sight, rows, bond, reader) if sight.guidance else []
    guidance = shown[0] if shown else None
    return ShownMoment(
        moment=moment,
        chips=chips_of(rows) + ([chip.label for chip in moment.own_chips.all()] if sight.words else []),
        to_confirm=[(row.signal, not is_asked(row.signal)) for row in read],
        risk_kinds=safety.kinds(moment.risk_kinds) if sight.risk else [],
        guidance=guidance,
        words=marked(moment.words, guidance.suggestion.marks if guidance and sight is Sight.OWN else [])
        if sight.words
        else [],
        earlier=shown[1:],
        ask_history=bool(guidance and guidance.passages and _history_missing(bond)),
        attempts=list(moment.attempts.order_by("pk")) if sight is not Sight.OWN else [],
        sight=sight,
    )


def _suggestions(
    moment: Moment, sight: Sight, rows: list[MomentSignal], bond: Bond, reader: User | None
) -> list[ShownGuidance]:
    seen = {signal.slug: signal.seen for signal in all_signals()}
    if sight.words and bond.hard_place != HardPlace.YES:
        seen["history_yes"] = _("your words may tell of a hard start")
    for row in rows:
        if sight.words and row.state == MomentSignal.State.READ and is_asked(row.signal):
            seen[row.signal.slug] = _("perhaps %(what)s") % {"what": row.signal.seen}
    suggestions = list(moment.suggestions.order_by("-number"))
    if sight is Sight.TAPS:
        suggestions = [one for one in suggestions if not one.used_words and one.risk_level == Moment.RiskLevel.NONE]
    items = _items(suggestions)
    if sight is not Sight.OWN:
        for key, kept in items.items():
            items[key] = [
                one
                for one in kept
                if one.recommendation is None or one.recommendation.share.therapist_id == _key(reader)
            ]
    going = moment.when == Moment.When.STILL_GOING
    return [_guidance(suggestion, items.get(suggestion.pk, []), seen, going) for suggestion in suggestions]


def _key(reader: User | None) -> int | None:
    return reader.pk if reader else None


def is_asked(signal: Signal) -> bool:
    """Whether a reading of it is put as a question: what is about the parent, or about self-hurt."""
    return signal.group == Signal.Group.PARENT or signal.slug in ALWAYS_ASKED


def chips_of(rows: Iterable[MomentSignal]) -> list[str]:
    """The labels of what was tapped or confirmed; what was only read counts as words."""
    known = (MomentSignal.State.TAPPED, MomentSignal.State.CONFIRMED)
    return [row.signal.label for row in rows if row.state in known]


def marked(words: str, marks: Iterable[list[int]]) -> list[tuple[str, bool]]:
    """The words cut where marks begin and end; marks that overlap are one."""
    whole: list[list[int]] = []
    for start, end in sorted(marks):
        if whole and start <= whole[-1][1]:
            whole[-1][1] = max(whole[-1][1], end)
        else:
            whole.append([start, end])
    found: list[tuple[str, bool]] = []
    place = 0
    for start, end in whole:
        found += [(words[place:start], False), (words[start:end], True)]
        place = max(place, end)
    return [(stretch, is_marked) for stretch, is_marked in [*found, (words[place:], False)] if stretch]


def why(reasons: Iterable[str], seen: dict[str, str]) -> str:
    """A reason in words: "because they pushed you away and you had said no"."""
    parts = [seen.get(code) or str(CONDITION_REASONS.get(code, "")) for code in reasons]
    parts = [part for part in parts if part]
    if not parts:
        return ""
    if len(parts) == 1:
        return parts[0]
    return _("%(first)s and %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def _history_missing(bond: Bond) -> bool:
    return bond.asked_at is None and not (bond.child.born_on and bond.hard_place)


def _items(suggestions: list[Suggestion]) -> dict[int, list[SuggestionItem]]:
    rows = (
        SuggestionItem.objects.filter(suggestion__in=suggestions)
        .select_related("wording__passage__source", "wording__response__source", "recommendation__share")
        .order_by("suggestion_id", "position")
    )
    found: dict[int, list[SuggestionItem]] = {}
    for row in rows:
        found.setdefault(row.suggestion_id, []).append(row)
    return found


def _guidance(
    suggestion: Suggestion, items: list[SuggestionItem], seen: dict[str, str], still_going: bool
) -> ShownGuidance:
    passages, responses = [], []
    for item in items:
        wording = item.wording
        if wording is None:
            responses.append(ShownResponse(item, None, None, None))
        elif wording.passage is not None:
            passages.append(ShownPassage(item, wording.passage, wording, why(item.reasons, seen)))
        elif wording.response is not None:
            responses.append(ShownResponse(item, wording.response, wording, wording.response.source))
    for_you = next((one for one in responses if one.phase == Phase.FOR_YOU.value), None)
    first = next((one for one in responses if one.phase != Phase.FOR_YOU.value), None)
    rest = [one for one in responses if one is not for_you and one is not first]
    phases = dict(Response.Phase.choices)
    if not still_going:
        phases[Response.Phase.NOW.value] = gettext_lazy("in the moment, next time")
    others = [
        (str(phases[phase]), [one for one in rest if one.phase == phase])
        for phase in dict.fromkeys(one.phase for one in rest)
    ]
    return ShownGuidance(suggestion, passages, first, for_you, others)
