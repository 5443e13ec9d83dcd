"""What goes into the matcher and what comes out: frozen values that know nothing of databases or families."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from .linear import Linear
from .phrases import Lexicon
from .spelling import Speller


class History(StrEnum):
    """Does the child come from a hard place: adoption, foster care or early trauma?"""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Stance(StrEnum):
    SPACE = "space"
    CLOSER = "closer"
    BOTH = "both"
    NONE = "none"


class Gate(StrEnum):
    """Circumstances that choose and order responses (never passages); in the order they are heeded."""

    DANGER_NOW = "danger_now"
    PARENT_LIMIT = "parent_limit"
    INFANT = "infant"
    SENSORY = "sensory"
    AFRAID = "afraid"
    GREAT_INTENSITY = "great_intensity"


class Phase(StrEnum):
    NOW = "now"
    WAITING = "waiting"
    AFTERWARDS = "afterwards"
    FOR_YOU = "for_you"


class RiskLevel(StrEnum):
    NONE = "none"
    CONCERN = "concern"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Risk:
    """What may be dangerous; `soft_check` asks "Is everyone safe right now?" and counts as none."""

    level: RiskLevel = RiskLevel.NONE
    kinds: tuple[str, ...] = ()
    soft_check: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """One moment without anybody's name. `refused` are signals read before that the parent unticked."""

    tapped: frozenset[str] = frozenset()
    words: str = ""
    age_months: int | None = None
    history: History = History.UNKNOWN
    great_intensity: bool = False
    still_going: bool = False
    refused: frozenset[str] = frozenset()
    risk: Risk = Risk()


@dataclass(frozen=True, slots=True)
class SignalEntry:
    slug: str
    group: str
    judged: bool
    under_months: int | None = None


@dataclass(frozen=True, slots=True)
class PassageEntry:
    slug: str
    wording: int
    text: str
    source: str
    audience: str
    stance: str
    frame: str
    weights: Mapping[str, float]  # by feature: a signal's slug, or one of `ranking.CONDITIONS`
    offers: str = ""  # passages that offer the same never stand together among the three
    terms: frozenset[str] = frozenset()  # its rarer words, for the tie-breaker


@dataclass(frozen=True, slots=True)
class ResponseEntry:
    slug: str
    wording: int
    text: str
    phase: Phase
    kind: str
    stance: str
    history: str
    from_months: int | None
    to_months: int | None
    passages: tuple[str, ...]
    signals: frozenset[str]
    risks: frozenset[str]  # kinds of risk; one of its signals or of these must hold, where any is named
    gates: frozenset[str]
    not_when: frozenset[str]


@dataclass(frozen=True)
class Library:
    """All that matching needs, in memory. `told` finds history, autism, loss and the like in words."""

    version: int
    signals: Mapping[str, SignalEntry]
    passages: tuple[PassageEntry, ...]
    responses: tuple[ResponseEntry, ...]
    phrases: Lexicon
    speller: Speller
    told: Lexicon
    reader: Linear
    whole: Linear
    elsewhere: Linear
    risk_phrases: Mapping[str, Lexicon] = field(default_factory=dict)  # approved at the desk, by what they point to

    @cached_property
    def by_slug(self) -> dict[str, PassageEntry]:
        return {passage.slug: passage for passage in self.passages}

    @cached_property
    def for_parents(self) -> tuple[PassageEntry, ...]:
        return tuple(
            sorted((one for one in self.passages if one.audience != "therapist"), key=lambda passage: passage.slug)
        )

    @cached_property
    def responses_for(self) -> dict[str, list[ResponseEntry]]:
        """Responses under each passage and gate that they are tied to; those of no passage under ""."""
        found: dict[str, list[ResponseEntry]] = {}
        for entry in self.responses:
            for key in (*(entry.passages or ("",)), *entry.gates):
                found.setdefault(key, []).append(entry)
        return found

    @cached_property
    def by_feature(self) -> dict[str, list[tuple[int, float]]]:
        """For each feature the places in `for_parents` that have a weight for it, with the weight."""
        found: dict[str, list[tuple[int, float]]] = {}
        for place, passage in enumerate(self.for_parents):
            for feature, weight in passage.weights.items():
                if weight:
                    found.setdefault(feature, []).append((place, weight))
        return found

    @cached_property
    def by_term(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, passage in enumerate(self.for_parents):
            for term in passage.terms:
                found.setdefault(term, []).append(place)
        return found


@dataclass(frozen=True, slots=True)
class ReadSignal:
    """A signal found in words, and how certain that is (0 to 1); `doubtful` ones are asked, not assumed. Spans are
    characters of the words."""

    slug: str
    certainty: float
    doubtful: bool
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """`hints` are signals too faint to be shown as read, with their chances; they only tip the order of passages.

    `elsewhere` where the words are about something the library has nothing on: feeding, fever, school choice.
    `unread` where the words are in a language we cannot read: then nothing else is known of them.
    """

    signals: tuple[ReadSignal, ...] = ()
    hints: tuple[tuple[str, float], ...] = ()
    told: frozenset[str] = frozenset()
    unread: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class ChosenPassage:
    slug: str
    wording: int
    score: float
    reasons: tuple[str, ...] = ()  # features, the one that counted most first


@dataclass(frozen=True, slots=True)
class ChosenResponse:
    slug: str
    wording: int
    phase: Phase
    reason: str  # "passage:<slug>" or "gate:<id>"


@dataclass(frozen=True, slots=True)
class Guidance:
    """The answer. `ranked` are the ten best passages in order, shown or not; `passages` the at most three shown."""

    passages: tuple[ChosenPassage, ...] = ()
    responses: tuple[ChosenResponse, ...] = ()
    stance: Stance = Stance.NONE
    gates: tuple[Gate, ...] = ()
    reading: Reading = Reading()
    history: History = History.UNKNOWN
    history_conflict: bool = False
    ranked: tuple[str, ...] = ()
    library_version: int = 0
    signals: frozenset[str] = frozenset()
