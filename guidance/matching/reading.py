"""From a parent's words to signals, and to what the words tell of the child's history."""

from collections.abc import Iterator

from .language import is_english
from .linear import Heard, Size, as_one, features, of_any_time, parts, together
from .phrases import Hit, Sentences
from .values import History, Library, Reading, ReadSignal, SignalEntry

# Asked rather than assumed: a wrong guess about the parent, or about self-hurt, would wound.
ALWAYS_ASKED = frozenset({"hurt_self"})
# A chance below this is no hint.
FAINTEST = 0.03
AROUND = "around"
FEW_WORDS = 20
# About a clause: long enough to say who did what, short enough not to drown it.
CLAUSE = Size(least=7, most=18)
# What no part of a text says at least this surely has no words to mark.
MARKED = 0.15


def read(cut: Sentences, library: Library) -> Reading:
    """Signals and told facts in the words, each signal with the places it was read from.

    Judged signals are heard by the model, which knows the phrases found; the others have phrases alone.
    """
    if not is_english(cut):
        return Reading(unread=True)
    cut = library.speller.mend(cut)
    hits = library.phrases.find_in(cut)
    spans: dict[str, list[tuple[int, int]]] = {}
    for hit in hits:
        spans.setdefault(hit.label, []).append((hit.start, hit.end))
    certain = dict.fromkeys(spans.keys() - set(library.whole.labels), 1.0)
    hints = []
    for heard, chance in _heard(cut, hits, library):
        if chance >= library.whole.levels["read"]:
            certain[heard.label] = chance
            if heard.label not in spans:
                spans[heard.label] = [library.reader.stretch(heard)] if heard.chance >= MARKED else []
        elif chance >= FAINTEST:
            hints.append((heard.label, chance))
    signals = tuple(
        ReadSignal(slug, certain[slug], _doubtful(library.signals[slug]), tuple(spans[slug]))
        for slug in sorted(certain)
        if slug in library.signals
    )
    ever = of_any_time(cut)  # what a child has been through is told as past
    return Reading(
        signals,
        tuple(hints),
        frozenset(hit.label for hit in library.told.find_in(ever)),
        elsewhere=bool(cut) and _is_elsewhere(cut, hits, signals, library),
    )


def _heard(cut: Sentences, hits: list[Hit], library: Library) -> Iterator[tuple[Heard, float]]:
    """Each judged signal as its parts say it, and its chance after a second look at the whole text."""
    cut_up = parts(cut, hits, CLAUSE)
    heard = {one.label: one for one in library.reader.hear(cut_up)}
    second = library.whole.chances(together(cut_up, {slug: one.chance for slug, one in heard.items()}))
    for slug, chance in zip(library.whole.labels, second, strict=True):
        if slug in heard:
            yield heard[slug], chance


def _is_elsewhere(cut: Sentences, hits: list[Hit], signals: tuple[ReadSignal, ...], library: Library) -> bool:
    """Whether the words are about something else; in a few, what was read surely in them is what they are about."""
    (chance,) = library.elsewhere.chances(features(as_one(cut)[0][0], hits))
    least = library.elsewhere.levels["elsewhere"]
    if sum(len(tokens) for tokens, _other_time in cut) < FEW_WORDS:
        told = (one.certainty for one in signals if library.signals[one.slug].group != AROUND)
        least = max([least, *told])
    return chance >= least


def told_history(reading: Reading) -> History:
    """A hard place told in the words counts; nothing told is not 'no'."""
    if "hard_place" in reading.told:
        return History.YES
    return History.NO if "ordinary" in reading.told else History.UNKNOWN


def _doubtful(signal: SignalEntry) -> bool:
    return signal.group == "parent" or signal.slug in ALWAYS_ASKED
