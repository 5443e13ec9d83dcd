"""Why each passage stands where it stands, for the bench: the same sums as `ranking`, kept apart."""

from dataclasses import dataclass

from .match import Heard
from .ranking import WORD_TIE
from .stance import NEVER_FOR_HARD_PLACE, allowed
from .values import ChosenPassage, History, Library, PassageEntry


@dataclass(frozen=True, slots=True)
class Scored:
    """One passage: its place among those that may be shown (from 1; 0 where it may not), and what speaks for it."""

    slug: str
    place: int
    score: float
    parts: tuple[tuple[str, float], ...]  # features with what each brings, the most first
    words: float  # what shared words bring
    withheld: str  # why it may not be shown: "therapist", "stance", "never", "behind", or ""


def explain(heard: Heard, bound: list[ChosenPassage], library: Library, most: int) -> list[Scored]:
    """The first `most` of all passages: those that may be shown in their order, then the others by score."""
    places = {chosen.slug: place for place, chosen in enumerate(bound, start=1)}
    found = [library.by_slug[chosen.slug] for chosen in bound[:most]]
    if len(found) < most:
        others = [entry for entry in library.passages if entry.slug not in places]
        others.sort(key=lambda entry: (-_score(entry, heard), entry.slug))
        found += others[: most - len(found)]
    said = {token.word for tokens, _ in heard.cut for token in tokens}
    return [_scored(entry, heard, said, places.get(entry.slug, 0)) for entry in found]


def _parts(entry: PassageEntry, heard: Heard) -> dict[str, float]:
    return {name: entry.weights[name] * much for name, much in heard.present.items() if entry.weights.get(name)}


def _score(entry: PassageEntry, heard: Heard) -> float:
    return sum(_parts(entry, heard).values())


def _scored(entry: PassageEntry, heard: Heard, said: set[str], place: int) -> Scored:
    parts = _parts(entry, heard)
    words = WORD_TIE * len(entry.terms & said) / len(entry.terms) if entry.terms else 0.0
    return Scored(
        slug=entry.slug,
        place=place,
        score=sum(parts.values()) + words,
        parts=tuple(sorted(parts.items(), key=lambda part: (-part[1], part[0]))),
        words=words,
        withheld="" if place else _why_not(entry, heard.history),
    )


def _why_not(entry: PassageEntry, history: History) -> str:
    if entry.audience == "therapist":
        return "therapist"
    if history is History.YES and entry.slug in NEVER_FOR_HARD_PLACE:
        return "never"
    return "stance" if entry.stance not in allowed(history) else "behind"
