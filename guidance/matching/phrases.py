"""Find curated phrases in a parent's words: whole words, alternatives, prefixes, gaps, negation, past against today.

The phrase language, one phrase a line: `word`, `word*` (a beginning), `a|b*` (one of), `@name` (a named class),
`..` (up to three words in between). Words are lower case without apostrophes.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GAP = 3
LONG_GAP = 12
NEGATION_REACH = 4
NEGATORS = frozenset(
    (
        "not", "no", "never", "none", "nobody", "without", "hardly", "barely", "didnt", "doesnt", "dont", "wont",
        "wouldnt", "hasnt", "havent", "hadnt", "isnt", "wasnt", "arent", "werent", "cant", "couldnt", "aint", "nor",
        "neither", "stopped",
    )
)  # fmt: skip
# A sentence that tells of another time is no sign of today.
OTHER_TIME = re.compile(
    r"\b(?:used to|last year|years? (?:ago|back)|months ago|back when"
    r"|when (?:he|she|they|i|we) (?:was|were) (?:a |little|small|younger|tiny)"
    r"|as a (?:baby|child|kid|toddler)|in the past)\b"
)
STILL = re.compile(r"\b(?:now|still|again|today|tonight|lately|these days|this (?:week|morning|evening)|keeps?)\b")

_WORD = re.compile(r"[^\W_]+(?:['’ʼ`´][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?…\n]+")
_CLAUSE_END = re.compile(r"[,;:()–—]| - |\bbut\b|\bthen\b|\buntil\b|\btill\b")
_APOSTROPHE = "'’ʼ`´"
_APOSTROPHES = str.maketrans("", "", _APOSTROPHE)


@dataclass(frozen=True, slots=True)
class Token:
    word: str
    bare: str  # without a possessive or shortened "'s": "husband's" is a husband too
    start: int  # character offsets into the text as given
    end: int
    clause: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found: `label` is what it stands for, `start` and `end` are characters of the text as given."""

    label: str
    start: int
    end: int
    phrase: str


def sentences(text: str) -> list[tuple[list[Token], bool]]:
    """Cut a text into sentences of tokens, each with whether it tells of another time."""
    found = []
    clause = 0
    begin = 0
    ends = [match.span() for match in _SENTENCE_END.finditer(text)] + [(len(text), len(text))]
    for stop, after in ends:
        piece = text[begin:stop]
        breaks = [match.start() for match in _CLAUSE_END.finditer(piece.lower())]
        tokens = []
        for match in _WORD.finditer(piece):
            while breaks and breaks[0] <= match.start():
                breaks.pop(0)
                clause += 1
            whole = unicodedata.normalize("NFC", match.group()).casefold()
            bare = whole[:-2] if len(whole) > 3 and whole[-2] in _APOSTROPHE and whole[-1] == "s" else whole
            word, bare = whole.translate(_APOSTROPHES), bare.translate(_APOSTROPHES)
            tokens.append(Token(word, bare, begin + match.start(), begin + match.end(), clause))
        clause += 1
        if tokens:
            flat = " ".join(token.word for token in tokens)
            found.append((tokens, bool(OTHER_TIME.search(flat)) and not STILL.search(flat)))
        begin = after
    return found


@dataclass(frozen=True, slots=True)
class _Slot:
    whole: frozenset[str]
    beginnings: tuple[str, ...]

    def fits(self, token: Token) -> bool:
        if token.word in self.whole or token.bare in self.whole:
            return True
        return bool(self.beginnings) and token.word.startswith(self.beginnings)


_LONG_GAP = _Slot(frozenset({"..."}), ())


def _parse(phrase: str, classes: Mapping[str, Iterable[str]]) -> list[_Slot | None]:
    """Slots of a phrase, None for a gap. Raises ValueError on an unknown class or an empty phrase."""
    slots: list[_Slot | None] = []
    for part in phrase.split():
        if part in ("..", "..."):
            slots.append(None if part == ".." else _LONG_GAP)
            continue
        options: list[str] = []
        for option in part.split("|"):
            if option.startswith("@"):
                if option[1:] not in classes:
                    raise ValueError(f"no class {option} for the phrase {phrase!r}")
                options.extend(classes[option[1:]])
            else:
                options.append(option)
        options = [option.translate(_APOSTROPHES).casefold() for option in options]
        slots.append(
            _Slot(
                frozenset(option for option in options if not option.endswith("*")),
                tuple(option[:-1] for option in options if option.endswith("*")),
            )
        )
    if not slots or {slots[0], slots[-1]} & {None, _LONG_GAP}:
        raise ValueError(f"a phrase begins and ends with a word: {phrase!r}")
    return slots


class Lexicon:
    """Phrases under labels, indexed by their first word so that a long text costs one walk."""

    def __init__(
        self, phrases: Mapping[str, Iterable[str]], classes: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        self._whole: dict[str, list[tuple[str, str, list[_Slot | None], bool]]] = {}
        self._beginnings: dict[str, list[tuple[str, str, list[_Slot | None], bool]]] = {}
        for label, lines in phrases.items():
            for phrase in lines:
                slots = _parse(phrase, classes or {})
                negated = any(slot is not None and slot.whole & NEGATORS for slot in slots)
                first = slots[0]
                assert first is not None  # noqa: S101  (_parse holds it)
                entry = (label, phrase, slots, negated)
                for word in first.whole:
                    self._whole.setdefault(word, []).append(entry)
                for beginning in first.beginnings:
                    self._beginnings.setdefault(beginning, []).append(entry)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})

    def find(self, text: str) -> list[Hit]:
        """Every phrase that stands in the text and is neither denied nor of another time, in order of place."""
        hits = []
        for tokens, other_time in sentences(text):
            if other_time:
                continue
            for place, token in enumerate(tokens):
                for label, phrase, slots, negated in self._candidates(token):
                    end = _walk(slots, tokens, place, negated)
                    if end is not None and (negated or not _denied(tokens, place)):
                        hits.append(Hit(label, token.start, tokens[end].end, phrase))
        return hits

    def _candidates(self, token: Token) -> Iterable[tuple[str, str, list[_Slot | None], bool]]:
        word = token.word
        yield from self._whole.get(word, ())
        if token.bare != word:
            yield from self._whole.get(token.bare, ())
        for length in self._lengths:
            if length > len(word):
                break
            yield from self._beginnings.get(word[:length], ())


def _walk(slots: list[_Slot | None], tokens: list[Token], place: int, negated: bool) -> int | None:
    """The index of the last token of the shortest way through the slots from `place`, or None."""
    ways = [place]
    gap = 0
    for slot in slots[1:]:
        if slot is None or slot is _LONG_GAP:
            gap = GAP if slot is None else LONG_GAP
            continue
        onward = []
        for way in ways:
            for step in range(1, gap + 2):
                there = way + step
                if there >= len(tokens):
                    break
                if slot.fits(tokens[there]):
                    onward.append(there)
                if tokens[there].word in NEGATORS and not negated:
                    break
        if not onward:
            return None
        ways, gap = sorted(set(onward)), 0
    return ways[0]


def _denied(tokens: list[Token], place: int) -> bool:
    clause = tokens[place].clause
    before = [token.word for token in tokens[max(0, place - NEGATION_REACH) : place] if token.clause == clause]
    if "not" in before and "only" in before:  # "not only did he ..."
        return False
    return any(word in NEGATORS for word in before)
