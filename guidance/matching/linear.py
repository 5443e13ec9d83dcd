"""A small linear model of words: one logistic regression a label, over words, pairs of words, pieces of words and the
curated phrases found. Trained by `manage.py train_reading`, kept as plain numbers, read here without any library.

Phrases are right where they speak; the model hears what nobody foresaw. A text is heard chunk by chunk, so that one
clause can speak for itself; a second model then looks at the whole, knowing what was heard in the parts: offered arms
in one sentence and "go away" in another are a refused comfort together.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from .phrases import NEGATION_REACH, NEGATORS, Hit, Sentences, Token

PIECE = 4
# What was heard in the parts is told to the second model as steps: a chance of 0.5 is over the first five of these.
STEPS = (0.03, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9)

# How a feature's name begins: a piece of a word; a phrase, or what was heard before. All else is a word or a pair.
OF_PIECE, ALONE = "#", "@~"

Chunk = Sequence[Token]
Found = dict[str, int]  # features, each with the place of the token it comes from (-1 for none)
Part = tuple[Chunk, Found]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the model makes of a text: how likely a label is (0 to 1), and the part that says so most."""

    label: str
    chance: float
    part: Part


@dataclass(frozen=True, slots=True)
class Size:
    """How a text is cut: a chunk ends with a clause once it has `least` words, or at `most`."""

    least: int
    most: int


def chunks(cut: Sentences, size: Size) -> Iterator[Chunk]:
    """A text in chunks, over the ends of short sentences; sentences of another time are left out and end a chunk."""
    for other_time, run in groupby(cut, key=itemgetter(1)):
        tokens = [token for sentence, _other_time in run for token in sentence]
        if other_time or not tokens:
            continue
        begin = 0
        for place in range(1, len(tokens)):
            held, new_clause = place - begin, tokens[place].clause != tokens[place - 1].clause
            if held >= size.most or (held >= size.least and new_clause):
                yield tokens[begin:place]
                begin = place
        yield tokens[begin:]


def as_one(cut: Sentences) -> Sentences:
    """The whole text as one sentence of today: what it is about, whoever did what when."""
    return [([token for tokens, _other_time in cut for token in tokens], False)]


def of_any_time(cut: Sentences) -> Sentences:
    """The same sentences with none set aside as past."""
    return [(tokens, False) for tokens, _other_time in cut]


def parts(cut: Sentences, hits: Sequence[Hit], size: Size) -> list[Part]:
    """The chunks of a text with their features."""
    return [(chunk, features(chunk, hits)) for chunk in chunks(cut, size)]


def features(chunk: Chunk, hits: Iterable[Hit]) -> Found:
    """What the model knows a chunk by.

    A word under a "not" is another word; of it no pieces are taken.
    """
    start, end = chunk[0].start, chunk[-1].end
    found = {"@" + hit.label: -1 for hit in hits if hit.start < end and start < hit.end}
    before = "^"
    for place, token in enumerate(chunk):
        denied = any(
            other.word in NEGATORS and other.clause == token.clause
            for other in chunk[max(0, place - NEGATION_REACH) : place]
        )
        word = "!" + token.bare if denied else token.bare
        found.setdefault(word, place)
        found.setdefault(f"{before} {word}", place)
        before = word
        if not denied:
            whole = f"^{token.bare}$"
            for at in range(len(whole) - PIECE + 1):
                found.setdefault("#" + whole[at : at + PIECE], place)
    return found


def together(parts: Iterable[Part], heard: Mapping[str, float]) -> Found:
    """What the second model knows a text by: the words and phrases of all its parts, and how surely each label was
    heard in them."""
    found: Found = {}
    for _chunk, of_part in parts:
        for name in of_part:
            if name[0] != OF_PIECE:
                found[name] = -1
    for label, chance in heard.items():
        for step in STEPS:
            if chance < step:
                break
            found[f"~{label} {step}"] = -1
    return found


def shares(found: Iterable[str]) -> tuple[float, float]:
    """What one word and one piece of a word count in a chunk: less, the more stand beside it (by the square root).

    Phrases, and what was heard before, count for themselves.
    """
    kinds = [OF_PIECE if name[0] == OF_PIECE else "" for name in found if name[0] not in ALONE]
    pieces = kinds.count(OF_PIECE)
    return 1 / math.sqrt(len(kinds) - pieces or 1), 1 / math.sqrt(pieces or 1)


def share(name: str, word: float, piece: float) -> float:
    """What a feature counts, given the shares of its chunk."""
    return 1.0 if name[0] in ALONE else piece if name[0] == OF_PIECE else word


def for_many(chance: float, count: int) -> float:
    """A chance with its odds shared out among `count` chunks and one more: a long text must say it louder."""
    return chance / (chance + (1 - chance) * (count + 1))


class Linear:
    """The numbers of a trained model.

    `weights` gives for each feature the labels it speaks for or against; `levels` are the chances from which what is
    heard counts, chosen in training on texts the model had not seen.
    """

    def __init__(
        self,
        bias: Mapping[str, float],
        weights: Mapping[str, Mapping[str, float]],
        levels: Mapping[str, float],
    ) -> None:
        self.labels = tuple(bias)
        self.levels = levels
        number = {label: place for place, label in enumerate(self.labels)}
        self._bias = [bias[label] for label in self.labels]
        shared: dict[tuple[int, float], tuple[int, float]] = {}  # rounded weights are few: each pair is kept once
        self._weights = {
            feature: tuple(
                shared.setdefault((number[label], weight), (number[label], weight))
                for label, weight in by_label.items()
            )
            for feature, by_label in weights.items()
        }

    @classmethod
    def from_file(cls, path: Path) -> "Linear":
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(kept["bias"], kept["weights"], kept["levels"])

    def chances(self, found: Sequence[str] | Found) -> list[float]:
        """The chance of each label in one chunk, in the order of `labels`."""
        alone, words, pieces = list(self._bias), [0.0] * len(self._bias), [0.0] * len(self._bias)
        for name in found:
            if name in self._weights:
                sums = alone if name[0] in ALONE else pieces if name[0] == OF_PIECE else words
                for label, weight in self._weights[name]:
                    sums[label] += weight
        word, piece = shares(found)
        return [
            1 / (1 + math.exp(-max(-30.0, min(30.0, one + word * two + piece * three))))
            for one, two, three in zip(alone, words, pieces, strict=True)
        ]

    def loudest(self, parts: Sequence[Part]) -> dict[str, float]:
        """The chance of each label in the part that says it loudest, less for each other part."""
        heard = [self.chances(found) for _chunk, found in parts]
        highest = [max(chances) for chances in zip(*heard, strict=True)] or [0.0] * len(self.labels)
        return {label: for_many(chance, len(heard)) for label, chance in zip(self.labels, highest, strict=True)}

    def hear(self, parts: Sequence[Part]) -> list[Heard]:
        """How likely each label is over all parts; a text has a label if any part has it. Nothing of no parts."""
        if not parts:
            return []
        by_label = zip(*(self.chances(found) for _chunk, found in parts), strict=True)
        return [
            Heard(label, 1 - math.prod(1 - chance for chance in chances), parts[chances.index(max(chances))])
            for label, chances in zip(self.labels, by_label, strict=True)
        ]

    def stretch(self, heard: Heard) -> tuple[int, int]:
        """The characters of the words that speak most for a label: the weightiest and its like neighbours."""
        chunk, found = heard.part
        label = self.labels.index(heard.label)
        said = [0.0] * len(chunk)
        word, piece = shares(found)
        for name, place in found.items():
            if place >= 0:
                weight = sum(weight for one, weight in self._weights.get(name, ()) if one == label)
                said[place] += weight * share(name, word, piece)
        peak = max(range(len(chunk)), key=said.__getitem__)
        first = last = peak
        while first > 0 and said[first - 1] >= said[peak] / 3:
            first -= 1
        while last < len(chunk) - 1 and said[last + 1] >= said[peak] / 3:
            last += 1
        return chunk[first].start, chunk[last].end
