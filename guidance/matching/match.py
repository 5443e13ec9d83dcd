"""The one door of the matcher: a situation and a library in, guidance out. Pure; the same question, the same answer."""

from . import ranking, responses, stance
from .gates import open_gates
from .phrases import sentences
from .reading import read, told_history
from .values import Guidance, History, Library, Situation

RANKED = 10
LOSS_SIGNALS = frozenset({"separation_or_return"})


def match(situation: Situation, library: Library) -> Guidance:
    """Guidance for a situation; `passages` is empty where nothing fits. Risk comes judged with the situation."""
    cut = sentences(situation.words)
    reading = read(cut, library)
    read_slugs = {signal.slug for signal in reading.signals} - situation.refused
    known = frozenset(slug for slug in situation.tapped | read_slugs if slug in library.signals)
    told = told_history(reading)
    history = situation.history if situation.history is not History.UNKNOWN else told
    conflict = History.UNKNOWN not in (situation.history, told) and situation.history is not told

    gates = open_gates(situation, known, reading)
    loss_told = "loss" in reading.told or (history is History.UNKNOWN and bool(known & LOSS_SIGNALS))
    ordered = ranking.rank(library, ranking.features(situation, known, history), cut)
    bound = stance.bind(ordered, library, history, loss_told)
    shown = tuple(bound[: stance.SHOWN]) if ranking.anything_fits(library, known, situation.tapped) else ()
    return Guidance(
        passages=shown,
        responses=responses.choose(shown, situation, library, known, history, gates) if shown or gates else (),
        stance=stance.of_shown(shown, library, history, gates),
        gates=gates,
        reading=reading,
        history=history,
        history_conflict=conflict,
        ranked=tuple(chosen.slug for chosen in bound[:RANKED]),
        library_version=library.version,
        signals=known,
    )
