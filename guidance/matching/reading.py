"""From a parent's words to signals, and to what the words tell of the child's history."""

from .language import is_english
from .linear import as_one, features
from .phrases import Sentences
from .values import History, Library, Reading, ReadSignal, SignalEntry

# Asked rather than assumed: a wrong guess about the parent, or about self-hurt, would wound.
ALWAYS_ASKED = frozenset({"hurt_self"})
# A chance below this is no hint.
FAINTEST = 0.03


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
    certain = dict.fromkeys(spans.keys() - set(library.reader.labels), 1.0)
    hints = []
    for heard in library.reader.hear(cut, hits, FAINTEST):
        if heard.chance >= library.reader.levels["read"]:
            certain[heard.label] = heard.chance
            spans.setdefault(heard.label, [(heard.start, heard.end)])
        else:
            hints.append((heard.label, heard.chance))
    signals = tuple(
        ReadSignal(slug, certain[slug], _doubtful(library.signals[slug]), tuple(spans[slug]))
        for slug in sorted(certain)
        if slug in library.signals
    )
    ever = [(tokens, False) for tokens, _other_time in cut]  # what a child has been through is told as past
    (elsewhere,) = library.elsewhere.chances(features(as_one(cut)[0][0], hits)) if cut else (0.0,)
    return Reading(
        signals,
        tuple(hints),
        frozenset(hit.label for hit in library.told.find_in(ever)),
        elsewhere=elsewhere >= library.elsewhere.levels["elsewhere"],
    )


def told_history(reading: Reading) -> History:
    """A hard place told in the words counts; nothing told is not 'no'."""
    if "hard_place" in reading.told:
        return History.YES
    return History.NO if "ordinary" in reading.told else History.UNKNOWN


def _doubtful(signal: SignalEntry) -> bool:
    return signal.group == "parent" or signal.slug in ALWAYS_ASKED
