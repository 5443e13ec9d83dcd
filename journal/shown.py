"""A moment as its reader may see it: reasons in words, guidance in the order of the page."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance import safety
from guidance.browse import signals as all_signals
from guidance.matching import Gate, Phase, Stance
from guidance.matching.reading import ALWAYS_ASKED
from guidance.models import Passage, Response, Signal, Source, Wording

from .models import Child, Moment, MomentSignal, Suggestion, SuggestionItem

CONDITION_REASONS = {
    "history_yes": gettext_lazy("your child had a hard start"),
    "history_no": gettext_lazy("your child's start was an ordinary one"),
    "great_intensity": gettext_lazy("it was as big as it gets"),
    "faintly": gettext_lazy("something in your words, heard only faintly"),
}


@dataclass(frozen=True)
class ShownPassage:
    item: SuggestionItem
    passage: Passage
    wording: Wording
    why: str


@dataclass(frozen=True)
class ShownResponse:
    item: SuggestionItem
    response: Response
    wording: Wording
    source: Source | None

    @property
    def is_words(self) -> bool:
        return self.response.kind == Response.Kind.SAY


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

    @property
    def urgent(self) -> bool:
        return self.moment.risk_level == Moment.RiskLevel.URGENT

    @property
    def concern(self) -> bool:
        return self.moment.risk_level == Moment.RiskLevel.CONCERN

    @property
    def ask_if_safe(self) -> bool:
        return (
            self.moment.soft_check and not self.moment.safe_answer and self.moment.risk_level == Moment.RiskLevel.NONE
        )

    @property
    def ask_of_dying(self) -> bool:
        return "child_self_harm" in self.moment.risk_kinds and not self.moment.dying_answer and not self.urgent


def show(moment: Moment) -> ShownMoment:
    """Everything the author's page of a moment says, in a fixed number of queries."""
    rows = list(moment.signals.select_related("signal").defer("signal__phrases").order_by("signal__order"))
    seen = {signal.slug: signal.seen for signal in all_signals()}
    if moment.child.hard_place != Child.HardPlace.YES:
        seen["history_yes"] = _("your words may tell of a hard start")
    for row in rows:
        if row.state == MomentSignal.State.READ and is_asked(row.signal):
            seen[row.signal.slug] = _("perhaps %(what)s") % {"what": row.signal.seen}
    suggestions = list(moment.suggestions.order_by("-number"))
    items = _items(suggestions)
    going = moment.when == Moment.When.STILL_GOING
    shown = [_guidance(suggestion, items.get(suggestion.pk, []), seen, going) for suggestion in suggestions]
    guidance = shown[0] if shown else None
    return ShownMoment(
        moment=moment,
        chips=chips_of(rows) + [chip.label for chip in moment.own_chips.all()],
        to_confirm=[(row.signal, not is_asked(row.signal)) for row in rows if row.state == MomentSignal.State.READ],
        risk_kinds=safety.kinds(moment.risk_kinds),
        guidance=guidance,
        words=marked(moment.words, guidance.suggestion.marks if guidance else []),
        earlier=shown[1:],
        ask_history=bool(guidance and guidance.passages and _history_missing(moment.child)),
    )


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


def _history_missing(child: Child) -> bool:
    return child.asked_at is None and not (child.born_on and child.hard_place)


def _items(suggestions: list[Suggestion]) -> dict[int, list[SuggestionItem]]:
    rows = (
        SuggestionItem.objects.filter(suggestion__in=suggestions)
        .select_related("wording__passage__source", "wording__response__source")
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
        if item.wording.passage is not None:
            passages.append(ShownPassage(item, item.wording.passage, item.wording, why(item.reasons, seen)))
        elif item.wording.response is not None:
            response = item.wording.response
            responses.append(ShownResponse(item, response, item.wording, response.source))
    for_you = next((one for one in responses if one.response.phase == Phase.FOR_YOU.value), None)
    first = next((one for one in responses if one.response.phase != Phase.FOR_YOU.value), None)
    rest = [one for one in responses if one is not for_you and one is not first]
    phases = dict(Response.Phase.choices)
    if not still_going:
        phases[Response.Phase.NOW.value] = gettext_lazy("in the moment, next time")
    others = [
        (str(phases[phase]), [one for one in rest if one.response.phase == phase])
        for phase in dict.fromkeys(one.response.phase for one in rest)
    ]
    return ShownGuidance(suggestion, passages, first, for_you, others)
