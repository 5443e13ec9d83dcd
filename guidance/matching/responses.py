"""Which things to say or do go with the passages shown."""

from .stance import allowed
from .values import (
    ChosenPassage,
    ChosenResponse,
    Gate,
    History,
    Library,
    Phase,
    ResponseEntry,
    RiskLevel,
    Situation,
    Stance,
)

MOST = 6
MOST_A_PHASE = 2
# Phase follows time. While it goes on: now first. Once it is over: coming back together and the parent.
WHILE_IT_LASTS = (Phase.NOW, Phase.WAITING, Phase.FOR_YOU, Phase.AFTERWARDS)
WHEN_IT_IS_OVER = (Phase.AFTERWARDS, Phase.FOR_YOU, Phase.NOW)
_GATE_WEIGHT = 4.0
_PLACE_WEIGHT = (3.0, 2.0, 1.0)
_SIGNAL_WEIGHT = 1.5
_RISK_WEIGHT = 3.0
_SECOND_STANCE = -2.5


def choose(
    shown: tuple[ChosenPassage, ...],
    situation: Situation,
    library: Library,
    signals: frozenset[str],
    history: History,
    gates: tuple[Gate, ...],
) -> tuple[ChosenResponse, ...]:
    """At most two a phase and six in all, with one for "now" wherever anything is shown or a gate stands open."""
    places = {chosen.slug: place for place, chosen in enumerate(shown)}
    found: list[tuple[float, ResponseEntry, str]] = []
    tied = (entry for key in (*places, *gates, "") for entry in library.responses_for.get(key, ()))
    for entry in {entry.slug: entry for entry in tied}.values():
        if not permitted(entry, situation, signals, history, gates):
            continue
        reason = _reason(entry, places, signals, gates)
        if reason.startswith("passage:") and situation.risk.level is RiskLevel.URGENT:
            continue  # while somebody is in danger, nothing but safety
        if reason:
            weight = _weight(entry, places, signals, history, gates)
            if entry.risks & set(situation.risk.kinds):
                weight += _RISK_WEIGHT
            found.append((weight, entry, reason))
    found.sort(key=lambda item: (-item[0], item[1].slug))
    chosen: list[ChosenResponse] = []
    for phase in phases(situation, gates):
        of_phase = [item for item in found if item[1].phase is phase][:MOST_A_PHASE]
        chosen += [ChosenResponse(entry.slug, entry.wording, entry.phase, reason) for _, entry, reason in of_phase]
    return _with_now(chosen)


def phases(situation: Situation, gates: tuple[Gate, ...]) -> tuple[Phase, ...]:
    """The phases that are of use now, in the order in which they are said."""
    danger = Gate.DANGER_NOW in gates
    order: tuple[Phase, ...] = WHILE_IT_LASTS if situation.still_going or danger else WHEN_IT_IS_OVER
    if Gate.PARENT_LIMIT in gates and not danger:  # the parent's own pause first, then repair
        order = (Phase.FOR_YOU, *(phase for phase in order if phase is not Phase.FOR_YOU))
    return order


def permitted(
    entry: ResponseEntry, situation: Situation, signals: frozenset[str], history: History, gates: tuple[Gate, ...]
) -> bool:
    asked = entry.signals | entry.risks
    if entry.not_when & set(gates) or (asked and not asked & (signals | set(situation.risk.kinds))):
        return False
    if entry.stance not in allowed(history) or (Gate.AFRAID in gates and entry.stance):
        return False
    if entry.history and entry.history != history.value:
        return False
    if situation.age_months is None:
        return True
    return (entry.from_months or 0) <= situation.age_months < (entry.to_months or 10_000)


def _reason(entry: ResponseEntry, places: dict[str, int], signals: frozenset[str], gates: tuple[Gate, ...]) -> str:
    for gate in gates:
        if gate.value in entry.gates:
            return f"gate:{gate.value}"
    tied = sorted((places[slug], slug) for slug in entry.passages if slug in places)
    if tied:
        return f"passage:{tied[0][1]}"
    # Safety advice stands on its own source: the signal it names is enough.
    return "signal:" + min(entry.signals & signals) if not entry.passages and entry.signals & signals else ""


def _weight(
    entry: ResponseEntry, places: dict[str, int], signals: frozenset[str], history: History, gates: tuple[Gate, ...]
) -> float:
    weight = max((_PLACE_WEIGHT[places[slug]] for slug in entry.passages if slug in places), default=0.0)
    opened = [place for place, gate in enumerate(gates) if gate.value in entry.gates]
    if opened:
        weight += _GATE_WEIGHT - opened[0] * 0.5
    if entry.signals & signals:
        weight += _SIGNAL_WEIGHT
    if history is History.UNKNOWN and entry.stance == Stance.CLOSER.value:
        weight += _SECOND_STANCE
    return weight


def _with_now(chosen: list[ChosenResponse]) -> tuple[ChosenResponse, ...]:
    """Cut to six without losing the one for "now"."""
    kept = chosen[:MOST]
    if not any(response.phase is Phase.NOW for response in kept):
        now = next((response for response in chosen if response.phase is Phase.NOW), None)
        if now:
            kept[-1] = now
    return tuple(kept)
