"""The one door of the matcher: a situation and a library in, guidance out. Pure; the same question, the same answer."""

from dataclasses import dataclass

from . import ranking, responses, stance
from .gates import open_gates
from .phrases import Sentences, sentences
from .reading import read, told_history
from .values import ChosenPassage, ChosenResponse, Gate, Guidance, History, Library, Reading, Situation

RANKED = 10
# What is asked of the parent rather than assumed puts words in their mouth only where it was read this surely.
SAID = 0.6
LOSS_SIGNALS = frozenset({"separation_or_return"})


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a situation before passages are looked at; their weights and texts change nothing in it."""

    cut: Sentences
    reading: Reading
    certain: dict[str, float]  # signals, how certain each is
    hinted: dict[str, float]
    present: dict[str, float]  # features, how much each counts
    history: History
    history_conflict: bool
    loss_told: bool
    gates: tuple[Gate, ...]


def hear(situation: Situation, library: Library) -> Heard:
    """Read the words, and settle history and gates."""
    cut = sentences(situation.words)
    reading = read(cut, library)
    certain = _certain(situation, reading, library)
    known = frozenset(certain)
    hinted = {slug: chance for slug, chance in reading.hints if slug not in known | situation.refused}
    told = told_history(reading)
    history = situation.history if situation.history is not History.UNKNOWN else told
    return Heard(
        cut=cut,
        reading=reading,
        certain=certain,
        hinted=hinted,
        present=ranking.features(situation, hinted | certain, history),
        history=history,
        history_conflict=History.UNKNOWN not in (situation.history, told) and situation.history is not told,
        loss_told="loss" in reading.told or (history is History.UNKNOWN and bool(known & LOSS_SIGNALS)),
        gates=open_gates(situation, known, reading),
    )


def order(heard: Heard, library: Library) -> list[ChosenPassage]:
    """The passages the stance allows, in the order in which they would be shown."""
    ordered = ranking.rank(library, heard.present, heard.cut)
    return stance.bind(ordered, library, heard.history, heard.loss_told)


def match(situation: Situation, library: Library) -> Guidance:
    """Guidance for a situation; `passages` is empty where nothing fits. Risk comes judged with the situation."""
    heard = hear(situation, library)
    return guide(situation, heard, order(heard, library), library)


def guide(situation: Situation, heard: Heard, bound: list[ChosenPassage], library: Library) -> Guidance:
    """The answer, once a situation is heard and the passages stand in order."""
    known, reading = frozenset(heard.certain), heard.reading
    fits = ranking.anything_fits(library, heard.certain, heard.hinted, situation.tapped, reading.elsewhere)
    doubted = {one.slug for one in reading.signals if one.doubtful and one.certainty < SAID} - situation.tapped
    shown = tuple(
        ranking.with_reasons(chosen, library, heard.present, known) for chosen in bound[: stance.SHOWN] if fits
    )
    spoken: tuple[ChosenResponse, ...] = ()
    if shown or heard.gates:
        spoken = responses.choose(shown, situation, library, known - doubted, heard.history, heard.gates)
    return Guidance(
        passages=shown,
        responses=spoken,
        stance=stance.of_shown(shown, library, heard.history, heard.gates),
        gates=heard.gates,
        reading=reading,
        history=heard.history,
        history_conflict=heard.history_conflict,
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
