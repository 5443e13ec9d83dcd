"""Order passages by what their weights say of the signals, the history, the age and the intensity."""

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


def features(situation: Situation, signals: frozenset[str], history: History) -> frozenset[str]:
    """The names under which weights are looked up for a situation."""
    found = {ALWAYS, *signals}
    if history is not History.UNKNOWN:
        found.add(f"history_{history.value}")
    if situation.age_months is not None:
        found.add(age_band(situation.age_months))
    if situation.great_intensity:
        found.add("great_intensity")
    return frozenset(found)


def age_band(months: int) -> str:
    return next((name for below, name in _AGES if months < below), "age_older")


def rank(library: Library, present: frozenset[str], cut: Sentences) -> list[ChosenPassage]:
    """All passages for parents, best first, ties broken by slug."""
    terms = frozenset(token.word for tokens, _ in cut for token in tokens)
    scored = [_score(passage, present, terms) for passage in library.passages if passage.audience != "therapist"]
    return sorted(scored, key=lambda chosen: (-chosen.score, chosen.slug))


def anything_fits(library: Library, signals: frozenset[str], tapped: frozenset[str]) -> bool:
    """Whether the signals speak for some passage; age, history and popularity are no evidence.

    What a parent tapped of the child, of themselves or of the aftermath is what the library is about; what was going on
    around it (a no, school, a goodbye), or was only read from words, must speak loudly enough.
    """
    if any(library.signals[slug].group != AROUND for slug in tapped & signals):
        return True
    return any(
        sum(passage.weights.get(signal, 0.0) for signal in signals) >= FITS
        for passage in library.passages
        if passage.audience != "therapist"
    )


def _score(passage: PassageEntry, present: frozenset[str], terms: frozenset[str]) -> ChosenPassage:
    parts = {name: passage.weights[name] for name in present if passage.weights.get(name)}
    score = sum(parts.values())
    if terms and passage.terms:
        score += WORD_TIE * len(terms & passage.terms) / len(passage.terms)
    said = {name: value for name, value in parts.items() if name != ALWAYS and not name.startswith("age_")}
    whole = sum(said.values())
    reasons = sorted(
        (name for name in said if said[name] >= REASON_SHARE * whole), key=lambda name: (-said[name], name)
    )
    return ChosenPassage(passage.slug, passage.wording, score, tuple(reasons[:MOST_REASONS]))
