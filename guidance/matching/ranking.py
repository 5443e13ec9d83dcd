"""Order passages by what their weights say of the signals, the history, the age and the intensity."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from .phrases import Sentences
from .reading import AROUND
from .values import ChosenPassage, History, Library, PassageEntry, Situation

ALWAYS = "always"
CONDITIONS = (
    ALWAYS,
    "history_yes",
    "history_no",
    "age_infant",
    "age_toddler",
    "age_preschool",
    "age_school",
    "age_older",
    "great_intensity",
)
# Each age band with its months: from, and below.
AGE_BANDS = (
    ("age_infant", (0, 12)),
    ("age_toddler", (12, 36)),
    ("age_preschool", (36, 72)),
    ("age_school", (72, 120)),
    ("age_older", (120, 216)),
)
# What the passage's own words add at most: enough to settle a tie, never to win.
WORD_TIE = 0.02
# A signal that was only read in the words counts this much of a tapped one, times how certain the reading is.
READ_SHARE = 0.6
# Signals must say this much for the best passage, or nothing fits.
FITS = 0.15
# Where nothing was read surely, what was heard faintly must say more: a few faint signals are in any text.
FITS_FAINTLY = 0.35
# A feature is given as a reason when it carries at least this share of what the signals and the history say.
REASON_SHARE = 0.2
MOST_REASONS = 3
# An ordinary history explains little: named where nothing else is.
NO_REASON = "history_no"
# The reason where only signals too faint to be named carry a passage.
FAINTLY = "faintly"


def features(situation: Situation, signals: Mapping[str, float], history: History) -> dict[str, float]:
    """The names under which weights are looked up for a situation, each with how much it counts.

    `signals` come with how certain they are; what was not tapped counts less than what was.
    """
    found = {ALWAYS: 1.0}
    for slug, certain in signals.items():
        found[slug] = 1.0 if slug in situation.tapped else READ_SHARE * certain
    if history is not History.UNKNOWN:
        found[f"history_{history.value}"] = 1.0
    if situation.age_months is not None:
        found[age_band(situation.age_months)] = 1.0
    if situation.great_intensity:
        found["great_intensity"] = 1.0
    return found


def age_band(months: int) -> str:
    return next((name for name, (_first, below) in AGE_BANDS if months < below), AGE_BANDS[-1][0])


def rank(library: Library, present: Mapping[str, float], cut: Sentences) -> list[ChosenPassage]:
    """All passages for parents, best first, ties broken by slug; without reasons."""
    passages = library.for_parents
    scores = [0.0] * len(passages)
    for name, much in present.items():
        for place, weight in library.by_feature.get(name, ()):
            scores[place] += weight * much
    for term in sorted({token.word for tokens, _ in cut for token in tokens}):
        for place in library.by_term.get(term, ()):
            scores[place] += WORD_TIE / len(passages[place].terms)
    order = sorted(range(len(passages)), key=lambda place: -scores[place])
    return [ChosenPassage(passages[place].slug, passages[place].wording, scores[place]) for place in order]


def with_reasons(
    chosen: ChosenPassage, library: Library, present: Mapping[str, float], known: Collection[str]
) -> ChosenPassage:
    """The same with the features that carried most of its score; a hint in the words is not named, only said to be."""
    weights = library.by_slug[chosen.slug].weights
    said = {
        name: weights[name] * much
        for name, much in present.items()
        if weights.get(name) and name != ALWAYS and not name.startswith("age_")
    }
    whole = sum(said.values())
    nameable = sorted(
        (name for name in said if name in known or name in CONDITIONS), key=lambda name: (-said[name], name)
    )
    named = [name for name in nameable if said[name] >= REASON_SHARE * whole]
    named = ([name for name in named if name != NO_REASON] or named)[:MOST_REASONS]
    if said and not named:  # many said a little, or hints said most
        named = nameable[:1] if sum(said[name] for name in nameable) >= whole / 2 else [FAINTLY]
    return replace(chosen, reasons=tuple(named))


def anything_fits(
    library: Library,
    signals: Mapping[str, float],
    hinted: Mapping[str, float],
    tapped: frozenset[str],
    elsewhere: bool,
) -> bool:
    """Whether the signals speak for some passage; age, history and popularity are no evidence.

    What a parent tapped of the child, of themselves or of the aftermath is what the library is about; what was going on
    around it (a no, school, a goodbye), or was only read from words, must speak loudly enough, and the words must not
    be about something else altogether.
    """
    if any(library.signals[slug].group != AROUND for slug in tapped & signals.keys()):
        return True
    heard = {**hinted, **signals}
    return not elsewhere and any(
        _said(passage, signals) >= FITS or _said(passage, heard) >= FITS_FAINTLY for passage in library.for_parents
    )


def _said(passage: PassageEntry, signals: Mapping[str, float]) -> float:
    """What signals say for a passage, each as far as it is certain."""
    return sum(passage.weights.get(slug, 0.0) * certain for slug, certain in signals.items())
