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
# "I said no" is a limit, not a denial.
SAYING = frozenset({"said", "say", "says", "saying", "told"})
# A sentence that tells of another time is no sign of today.
OTHER_TIME = re.compile(
    r"\b(?:used to|last year|years? (?:ago|back)|months ago|^back when"
    r"|when (?:he|she|they|i|we) (?:was|were) (?:a |little|small|younger|tiny)"
    r"|as a (?:baby|child|kid|toddler)|in the past)\b"
)
STILL = re.compile(r"\b(?:now|still|again|today|tonight|lately|these days|this (?:week|morning|evening)|keeps?)\b")

_WORD = re.compile(r"[^\W_]+(?:['’ʼ`´][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?…\n]+")
_CLAUSE_END = re.compile(r"[,;:()–—]| - |\b(?:but|then|until|till|and|so|because|cos|coz)\b")
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


Sentences = list[tuple[list[Token], bool]]


def sentences(text: str) -> Sentences:
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
            if not word:  # nothing but an apostrophe that counts as a letter
                continue
            tokens.append(Token(word, bare or word, begin + match.start(), begin + match.end(), clause))
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


@dataclass(frozen=True, slots=True)
class _Phrase:
    label: str
    text: str
    steps: tuple[tuple[int, int], ...]  # each slot's number, and how many words may stand before it
    needs: int  # one bit for each slot
    negated: bool  # it holds its own "not"


class Lexicon:
    """Phrases under labels. Equal slots are kept once; a phrase is looked for only where all its slots have a word."""

    def __init__(
        self, phrases: Mapping[str, Iterable[str]], classes: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        numbers: dict[_Slot, int] = {}
        self._by_rarest: dict[int, list[_Phrase]] = {}
        for label, lines in phrases.items():
            for text in lines:
                slots = _parse(text, classes or {})
                steps, reach = [], 0
                for slot in slots:
                    if slot is None or slot is _LONG_GAP:
                        reach = GAP if slot is None else LONG_GAP
                    else:
                        steps.append((numbers.setdefault(slot, len(numbers)), reach))
                        reach = 0
                words = [slot for slot in slots if slot is not None and slot is not _LONG_GAP]
                rarest = numbers[min(words, key=_breadth)]
                needs = sum({1 << number for number, _ in steps})
                negated = any(slot.whole & NEGATORS for slot in words)
                phrase = _Phrase(label, text, tuple(steps), needs, negated)
                self._by_rarest.setdefault(rarest, []).append(phrase)
        self._rarest = sum(1 << number for number in self._by_rarest)
        self._whole: dict[str, int] = {}
        self._beginnings: dict[str, int] = {}
        for slot, number in numbers.items():
            for word in slot.whole:
                self._whole[word] = self._whole.get(word, 0) | 1 << number
            for beginning in slot.beginnings:
                self._beginnings[beginning] = self._beginnings.get(beginning, 0) | 1 << number
        self.words = frozenset(self._whole)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})

    def find(self, text: str) -> list[Hit]:
        """Every phrase that stands in the text and is neither denied nor of another time, in order of place."""
        return self.find_in(sentences(text))

    def find_in(self, cut: Sentences) -> list[Hit]:
        """The same for a text that is cut already: several lexicons read one text."""
        hits = []
        for tokens, other_time in cut:
            if other_time:
                continue
            fits = [self._slots_of(token) for token in tokens]
            for phrase in self._possible(fits):
                first = phrase.steps[0][0]
                for place, token in enumerate(tokens):
                    if not fits[place] >> first & 1 or (not phrase.negated and _denied(tokens, place)):
                        continue
                    end = _walk(phrase, tokens, fits, place)
                    if end is not None:
                        hits.append(Hit(phrase.label, token.start, tokens[end].end, phrase.text))
        return sorted(hits, key=lambda hit: (hit.start, hit.end, hit.label, hit.phrase))

    def _possible(self, fits: list[int]) -> Iterable[_Phrase]:
        """Phrases of which every slot has a word in the sentence."""
        present = 0
        for mask in fits:
            present |= mask
        left = present & self._rarest
        while left:
            bit = left & -left
            left ^= bit
            for phrase in self._by_rarest.get(bit.bit_length() - 1, ()):
                if not phrase.needs & ~present:
                    yield phrase

    def _slots_of(self, token: Token) -> int:
        """One bit for each slot that the token fits."""
        word = token.word
        mask = self._whole.get(word, 0)
        if token.bare != word:
            mask |= self._whole.get(token.bare, 0)
        for length in self._lengths:
            if length > len(word):
                break
            mask |= self._beginnings.get(word[:length], 0)
        return mask


def _breadth(slot: _Slot) -> int:
    """How often a slot may be met: few and long words are rare."""
    return sum(8 if len(word) < 4 else 1 for word in slot.whole) + 3 * len(slot.beginnings)


def _walk(phrase: _Phrase, tokens: list[Token], fits: list[int], place: int) -> int | None:
    """The index of the last token of the shortest way through the slots from `place`, or None."""
    ways = [place]
    for number, reach in phrase.steps[1:]:
        onward = set()
        for way in ways:
            for there in range(way + 1, min(way + reach + 2, len(tokens))):
                if fits[there] >> number & 1:
                    onward.add(there)
                if tokens[there].word in NEGATORS and not phrase.negated:
                    break
        if not onward:
            return None
        ways = sorted(onward)
    return ways[0]


def _denied(tokens: list[Token], place: int) -> bool:
    clause = tokens[place].clause
    before = [token.word for token in tokens[max(0, place - NEGATION_REACH) : place] if token.clause == clause]
    if "not" in before and "only" in before:  # "not only did he ..."
        return False
    pairs = zip(["", *before], before, strict=False)
    return any(word in NEGATORS and not (word == "no" and ahead in SAYING) for ahead, word in pairs)
