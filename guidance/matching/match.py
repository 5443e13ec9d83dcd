"""The one door of the matcher: a situation and a library in, guidance out. Pure; the same question, the same answer."""

from . import ranking, responses, stance
from .gates import open_gates
from .phrases import sentences
from .reading import read, told_history
from .values import Guidance, History, Library, Reading, Situation

RANKED = 10
# What is asked of the parent rather than assumed puts words in their mouth only where it was read this surely.
SAID = 0.6
LOSS_SIGNALS = frozenset({"separation_or_return"})


def match(situation: Situation, library: Library) -> Guidance:
    """Guidance for a situation; `passages` is empty where nothing fits. Risk comes judged with the situation."""
    cut = sentences(situation.words)
    reading = read(cut, library)
    certain = _certain(situation, reading, library)
    known = frozenset(certain)
    hinted = {slug: chance for slug, chance in reading.hints if slug not in known | situation.refused}
    told = told_history(reading)
    history = situation.history if situation.history is not History.UNKNOWN else told
    conflict = History.UNKNOWN not in (situation.history, told) and situation.history is not told

    gates = open_gates(situation, known, reading)
    loss_told = "loss" in reading.told or (history is History.UNKNOWN and bool(known & LOSS_SIGNALS))
    present = ranking.features(situation, hinted | certain, history)
    ordered = ranking.rank(library, present, cut)
    bound = stance.bind(ordered, library, history, loss_told)
    fits = ranking.anything_fits(library, certain, hinted, situation.tapped, reading.elsewhere)
    doubted = {one.slug for one in reading.signals if one.doubtful and one.certainty < SAID} - situation.tapped
    shown = tuple(ranking.with_reasons(chosen, library, present, known) for chosen in bound[: stance.SHOWN] if fits)
    spoken = responses.choose(shown, situation, library, known - doubted, history, gates) if shown or gates else ()
    return Guidance(
        passages=shown,
        responses=spoken,
        stance=stance.of_shown(shown, library, history, gates),
        gates=gates,
        reading=reading,
        history=history,
        history_conflict=conflict,
        ranked=tuple(chosen.slug for chosen in bound[:RANKED]),
        library_version=library.version,
        signals=known,
    )


def _certain(situation: Situation, reading: Reading, library: Library) -> dict[str, float]:
    """How certain each signal is: tapped ones are, read ones as far as they could be read; refused ones are gone."""
    found = {one.slug: one.certainty for one in reading.signals if one.slug not in situation.refused}
    found |= dict.fromkeys(situation.tapped, 1.0)
    age = situation.age_months
    return {
        slug: certain
        for slug, certain in sorted(found.items())
        if (entry := library.signals.get(slug))
        and (slug in situation.tapped or age is None or entry.under_months is None or age < entry.under_months)
    }
