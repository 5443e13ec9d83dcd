"""From a parent's words to signals, and to what the words tell of the child's history."""

from .phrases import Sentences
from .values import History, Library, Reading, ReadSignal, SignalEntry

# Asked rather than assumed: a wrong guess about the parent, or about self-hurt, would wound.
ALWAYS_ASKED = frozenset({"hurt_self"})


def read(cut: Sentences, library: Library) -> Reading:
    """Signals and told facts in the words, each signal with the places it was read from."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for hit in library.phrases.find_in(cut):
        spans.setdefault(hit.label, []).append((hit.start, hit.end))
    signals = tuple(
        ReadSignal(slug, _doubtful(library.signals[slug]), tuple(places))
        for slug, places in sorted(spans.items())
        if slug in library.signals
    )
    return Reading(signals, frozenset(hit.label for hit in library.told.find_in(cut)))


def told_history(reading: Reading) -> History:
    """A hard place told in the words counts; nothing told is not 'no'."""
    if "hard_place" in reading.told:
        return History.YES
    return History.NO if "ordinary" in reading.told else History.UNKNOWN


def _doubtful(signal: SignalEntry) -> bool:
    return signal.group == "parent" or signal.slug in ALWAYS_ASKED
