"""What a therapist recommends for one child, laid over what the matcher returns. The matcher never hears of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from guidance.matching import Gate, Guidance, History, Library, Phase, RiskLevel, Situation, match
from guidance.matching.responses import MOST, MOST_A_PHASE, permitted, phases
from guidance.matching.stance import NEVER_FOR_HARD_PLACE, SHOWN, in_order
from guidance.matching.values import ChosenPassage, ChosenResponse, ResponseEntry
from guidance.models import Passage, Response, Signal

from .audit import note
from .models import Moment, Recommendation, Share

FROM_THERAPIST = "therapist"
STANCE_SET = "therapist_stance"


@dataclass(frozen=True)
class Advice:
    """One recommendation as the tailor is told it. `stance` is the one the therapist set for the child, or ""."""

    key: int
    kind: str
    passage: str
    response: str
    phase: str
    signals: frozenset[str]
    stance: str


@dataclass(frozen=True)
class Item:
    """One thing to show, in its place: a wording, a therapist's own words (a recommendation), or both."""

    wording: int | None
    reasons: tuple[str, ...]
    recommendation: int | None = None


def recommend(
    share: Share,
    *,
    kind: str,
    passage: Passage | None = None,
    response: Response | None = None,
    text: str = "",
    phase: str = "",
    signals: Iterable[Signal] = (),
) -> Recommendation:
    """A new one takes the place of an older one of the same thing; pinning undoes hiding, and the other way round."""
    replaced = {kind, Recommendation.Kind.PIN, Recommendation.Kind.HIDE} if kind in ("pin", "hide") else {kind}
    with transaction.atomic():
        if passage or response:
            share.recommendations.filter(ended_at=None, kind__in=replaced, passage=passage, response=response).update(
                ended_at=timezone.now()
            )
        made = Recommendation.objects.create(
            share=share, kind=kind, passage=passage, response=response, text=text, phase=phase
        )
        made.signals.set(signals)
        note(share.therapist, "recommend", share, concerns=share.owner)
    return made


def end(made: Recommendation) -> None:
    with transaction.atomic():
        made.ended_at = timezone.now()
        made.save(update_fields=["ended_at"])
        note(made.share.therapist, "end_recommendation", made.share, concerns=made.share.owner)


def set_stance(share: Share, stance: str) -> None:
    """How near to be with this child, said by the therapist; "" leaves it to the child's history."""
    with transaction.atomic():
        share.stance = stance
        share.save(update_fields=["stance"])
        note(share.therapist, "set_stance", share, concerns=share.owner, fields=["stance"])


def for_moment(moment: Moment) -> list[Advice]:
    """What live shares recommend to whoever decides about this moment. A recorder is shown none of it."""
    if moment.author_id != moment.owner_id:
        return []
    rows = (
        Recommendation.objects.filter(
            ended_at=None,
            share__owner=moment.owner_id,
            share__child=moment.child_id,
            share__revoked_at=None,
            share__until__gt=timezone.now(),
        )
        .annotate(stance=F("share__stance"))
        .select_related("passage", "response")
        .prefetch_related("signals")
        .order_by("-created_at", "-pk")
    )
    return [
        Advice(
            key=row.pk,
            kind=row.kind,
            passage=row.passage.slug if row.passage else "",
            response=row.response.slug if row.response else "",
            phase=row.phase,
            signals=frozenset(signal.slug for signal in row.signals.all()),
            stance=row.stance,
        )
        for row in rows
    ]


def tailor(guidance: Guidance, situation: Situation, library: Library, advice: Iterable[Advice]) -> list[Item]:
    """The items to show, in order: passages, then responses. Pure.

    While somebody is in danger nothing is changed. Gates keep their place: what a gate brought stays, and first.
    """
    advice = list(advice)
    if not advice or situation.risk.level is RiskLevel.URGENT or Gate.DANGER_NOW in guidance.gates:
        return [
            *(Item(chosen.wording, chosen.reasons) for chosen in guidance.passages),
            *(Item(answer.wording, (answer.reason,)) for answer in guidance.responses),
        ]
    given = [one for one in advice if not one.signals or one.signals & guidance.signals]
    hidden = {one.passage or one.response for one in advice if one.kind == Recommendation.Kind.HIDE}
    reworded: dict[str, int] = {}
    for one in given:  # newest first: of two therapists the later is heard
        if one.kind == Recommendation.Kind.REWORD:
            reworded.setdefault(one.passage or one.response, one.key)
    pins = [one for one in given if one.kind == Recommendation.Kind.PIN]

    near = _near(pins, guidance, situation, library)
    passages: dict[str, Item] = {}
    for pin in pins:
        if reasons := _may_stand(pin, near, guidance, library):
            wording = library.by_slug[pin.passage].wording
            passages.setdefault(pin.passage, Item(wording, reasons, reworded.get(pin.passage, pin.key)))
    unhidden = [chosen for chosen in guidance.passages if chosen.slug not in hidden]
    for chosen in _in_order(unhidden, guidance, library):
        passages.setdefault(chosen.slug, Item(chosen.wording, chosen.reasons, reworded.get(chosen.slug)))

    kept = [
        (answer.phase.value, Item(answer.wording, (answer.reason,), reworded.get(answer.slug)))
        for answer in guidance.responses
        if answer.slug not in hidden or not _by_passage(answer)
    ]
    by_gate = [answer.wording for answer in guidance.responses if not _by_passage(answer)]
    placed = set(by_gate)
    own = [
        (one.phase, Item(None, (FROM_THERAPIST,), one.key)) for one in given if one.kind == Recommendation.Kind.WRITE
    ]
    entries = {entry.slug: entry for entry in library.responses}
    for pin in pins:
        entry = entries.get(pin.response)
        if entry and entry.wording not in placed and (reasons := _may_be_said(pin, entry, near, guidance, situation)):
            placed.add(entry.wording)
            own.append((entry.phase.value, Item(entry.wording, reasons, reworded.get(entry.slug, pin.key))))
    if own:
        gates = [one for one in kept if one[1].wording in by_gate]
        left = [one for one in kept if one[1].wording not in placed]
        kept = _with_now(_two_a_phase([*gates, *own, *left]))
        if Phase.WAITING in phases(situation, guidance.gates):  # it goes on: what is for afterwards can wait
            kept = sorted(kept, key=lambda one: one not in gates and one[0] == Phase.AFTERWARDS.value)
    return [*list(passages.values())[:SHOWN], *(item for _, item in _with_now(kept))]


def _by_passage(answer: ChosenResponse) -> bool:
    """Brought by a passage; what a gate or a danger brought is never hidden, and stays first."""
    return answer.reason.startswith("passage:")


def _two_a_phase(spoken: list[tuple[str, Item]]) -> list[tuple[str, Item]]:
    """As many of each phase as the matcher allows, those that come first."""
    found: list[tuple[str, Item]] = []
    for phase, item in spoken:
        if sum(other == phase for other, _ in found) < MOST_A_PHASE:
            found.append((phase, item))
    return found


def _with_now(spoken: list[tuple[str, Item]]) -> list[tuple[str, Item]]:
    """Six at most, without losing the one for "now"."""
    kept = spoken[:MOST]
    now = next((one for one in spoken if one[0] == Phase.NOW.value), None)
    if now and now not in kept:
        kept[-1] = now
    return kept


def _near(pins: list[Advice], guidance: Guidance, situation: Situation, library: Library) -> dict[str, set[str]]:
    """By each stance that was set ("" for none) the passages that fit this moment; with one also those that would for a
    child of that history."""
    fitting = {*guidance.ranked, *(chosen.slug for chosen in guidance.passages)} if guidance.passages else set()
    near = {"": fitting}
    for stance in {pin.stance for pin in pins} - {""}:
        near[stance] = fitting | set(match(replace(situation, history=_HISTORY_OF[stance]), library).ranked)
    return near if fitting else dict.fromkeys(near, set())


def _in_order(left: list[ChosenPassage], guidance: Guidance, library: Library) -> list[ChosenPassage]:
    """What is left once something was hidden, by the rule of what may come first."""
    loss_told = bool(guidance.passages) and library.by_slug[guidance.passages[0].slug].frame == "loss"
    return in_order(left, library, guidance.history, loss_told)


def _may_stand(pin: Advice, near: dict[str, set[str]], guidance: Guidance, library: Library) -> tuple[str, ...]:
    """The reasons for a pinned passage; none where it does not belong here or may not come first."""
    entry = library.by_slug.get(pin.passage)
    if entry is None or entry.audience == "therapist" or not guidance.passages:
        return ()
    if not (pin.signals or pin.passage in near[pin.stance]):
        return ()
    if guidance.history is History.YES and pin.passage in NEVER_FOR_HARD_PLACE:
        return ()
    return _reasons(pin, entry.stance or _STANCE_OF_FRAME.get(entry.frame, ""), guidance)


def _may_be_said(
    pin: Advice, entry: ResponseEntry, near: dict[str, set[str]], guidance: Guidance, situation: Situation
) -> tuple[str, ...]:
    if not (pin.signals or near[pin.stance] & set(entry.passages)):
        return ()
    history = _HISTORY_OF.get(pin.stance, guidance.history)
    if not permitted(entry, situation, guidance.signals, history, guidance.gates):
        return ()
    return _reasons(pin, entry.stance or _STANCE_OF_HISTORY.get(entry.history, ""), guidance)


def _reasons(pin: Advice, stance: str, guidance: Guidance) -> tuple[str, ...]:
    """Across the stance rule only where the therapist set that stance for the child; then the page says so."""
    if stance and Gate.AFRAID in guidance.gates:
        return ()
    if not stance or stance == _FIRST[guidance.history]:
        return (FROM_THERAPIST,)
    return (FROM_THERAPIST, STANCE_SET) if stance == pin.stance else ()


# What may come first: with a history that is not known, space does.
_FIRST = {History.YES: "closer", History.NO: "space", History.UNKNOWN: "space"}
# A stance that was set allows what the history it belongs to would allow.
_HISTORY_OF = {"closer": History.YES, "space": History.NO}
# Frames are bound like the stance they go with.
_STANCE_OF_FRAME = {"practice": "space", "loss": "closer"}
_STANCE_OF_HISTORY = {"yes": "closer", "no": "space"}
