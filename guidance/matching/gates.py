"""Circumstances that choose and order responses. They never silence a passage."""

from .values import Gate, Reading, RiskLevel, Situation

INFANT_MONTHS = 12

_BY_SIGNAL = {
    Gate.DANGER_NOW: {"ran_into_danger"},
    Gate.PARENT_LIMIT: {"parent_yelled", "parent_forced_contact", "parent_near_limit"},
    Gate.INFANT: {"arched_away_infant"},
    Gate.SENSORY: {"sensory_overload"},
    Gate.AFRAID: set(),
    Gate.GREAT_INTENSITY: set(),
}
_BY_TOLD = {Gate.SENSORY: "autism", Gate.AFRAID: "afraid"}
_BY_RISK_KIND = {Gate.PARENT_LIMIT: {"parent_may_harm_child"}}


def open_gates(situation: Situation, signals: frozenset[str], reading: Reading) -> tuple[Gate, ...]:
    """The gates that stand open, in the order they are heeded."""
    return tuple(gate for gate in Gate if _is_open(gate, situation, signals, reading))


def _is_open(gate: Gate, situation: Situation, signals: frozenset[str], reading: Reading) -> bool:
    if signals & _BY_SIGNAL[gate] or _BY_TOLD.get(gate) in reading.told:
        return True
    if _BY_RISK_KIND.get(gate, set()) & set(situation.risk.kinds):
        return True
    match gate:
        case Gate.DANGER_NOW:
            return situation.risk.level is RiskLevel.URGENT
        case Gate.INFANT:
            return situation.age_months is not None and situation.age_months < INFANT_MONTHS
        case Gate.GREAT_INTENSITY:
            return situation.great_intensity
        case _:
            return False
