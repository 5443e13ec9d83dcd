"""Order passages by what their weights say of the signals, the history, the age and the intensity."""

from collections.abc import Mapping

from .phrases import Sentences
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
_AGES = ((12, "age_infant"), (36, "age_toddler"), (72, "age_preschool"), (120, "age_school"))
# What the passage's own words add at most: enough to settle a tie, never to win.
WORD_TIE = 0.02
# Signals must say this much for the best passage, or nothing fits.
FITS = 0.45
AROUND = "around"
# A feature is given as a reason when it carries at least this share of what the signals and the history say.
REASON_SHARE = 0.2
MOST_REASONS = 3


def features(situation: Situation, signals: Mapping[str, float], history: History) -> dict[str, float]:
    """The names under which weights are looked up for a situation, each with how certain it is: 1 unless only read."""
    found = {ALWAYS: 1.0, **signals}
    if history is not History.UNKNOWN:
        found[f"history_{history.value}"] = 1.0
    if situation.age_months is not None:
        found[age_band(situation.age_months)] = 1.0
    if situation.great_intensity:
        found["great_intensity"] = 1.0
    return found


def age_band(months: int) -> str:
    return next((name for below, name in _AGES if months < below), "age_older")


def rank(library: Library, present: Mapping[str, float], cut: Sentences) -> list[ChosenPassage]:
    """All passages for parents, best first, ties broken by slug."""
    terms = frozenset(token.word for tokens, _ in cut for token in tokens)
    scored = [_score(passage, present, terms) for passage in library.passages if passage.audience != "therapist"]
    return sorted(scored, key=lambda chosen: (-chosen.score, chosen.slug))


def anything_fits(library: Library, signals: Mapping[str, float], tapped: frozenset[str]) -> bool:
    """Whether the signals speak for some passage; age, history and popularity are no evidence.

    What a parent tapped of the child, of themselves or of the aftermath is what the library is about; what was going on
    around it (a no, school, a goodbye), or was only read from words, must speak loudly enough.
    """
    if any(library.signals[slug].group != AROUND for slug in tapped & signals.keys()):
        return True
    return any(
        sum(passage.weights.get(signal, 0.0) * certain for signal, certain in signals.items()) >= FITS
        for passage in library.passages
        if passage.audience != "therapist"
    )


def _score(passage: PassageEntry, present: Mapping[str, float], terms: frozenset[str]) -> ChosenPassage:
    parts = {name: passage.weights[name] * certain for name, certain in present.items() if passage.weights.get(name)}
    score = sum(parts.values())
    if terms and passage.terms:
        score += WORD_TIE * len(terms & passage.terms) / len(passage.terms)
    said = {name: value for name, value in parts.items() if name != ALWAYS and not name.startswith("age_")}
    whole = sum(said.values())
    reasons = sorted(
        (name for name in said if said[name] >= REASON_SHARE * whole), key=lambda name: (-said[name], name)
    )
    return ChosenPassage(passage.slug, passage.wording, score, tuple(reasons[:MOST_REASONS]))
