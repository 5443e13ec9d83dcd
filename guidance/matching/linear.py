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
from pathlib import Path

from .phrases import NEGATION_REACH, NEGATORS, Hit, Sentences, Token

PIECE = 4
# What was heard in the parts is told to the second model as steps: a chance of 0.5 is over the first five of these.
STEPS = (0.03, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9)

Chunk = Sequence[Token]
Found = dict[str, int]  # features, each with the place of the token it comes from (-1 for none)
Part = tuple[Chunk, Found]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the model makes of a text: how likely a label is (0 to 1), and the part that says so most."""

    label: str
    chance: float
    part: "Part"


@dataclass(frozen=True, slots=True)
class Size:
    """How a text is cut: a chunk ends with a clause once it has `least` words, or at `most`."""

    least: int
    most: int


def chunks(cut: Sentences, size: Size) -> Iterator[Chunk]:
    """A text in chunks, over the ends of short sentences; sentences of another time are left out."""
    tokens = [token for sentence, other_time in cut if not other_time for token in sentence]
    begin = 0
    for place in range(1, len(tokens)):
        held, new_clause = place - begin, tokens[place].clause != tokens[place - 1].clause
        if held >= size.most or (held >= size.least and new_clause):
            yield tokens[begin:place]
            begin = place
    if tokens:
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
    """What the model knows a chunk by: "@" begins a phrase, "#" a piece of a word, all else is a word or a pair.

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
            if name[0] != "#":
                found[name] = -1
    for label, chance in heard.items():
        for step in STEPS:
            if chance < step:
                break
            found[f"~{label} {step}"] = -1
    return found


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
        size: Size,
        levels: Mapping[str, float],
    ) -> None:
        self.labels = tuple(bias)
        self.size = size
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
        return cls(kept["bias"], kept["weights"], Size(**kept["size"]), kept["levels"])

    def chances(self, found: Iterable[str]) -> list[float]:
        """The chance of each label in one chunk, in the order of `labels`.

        Words and pieces of words count by the square root of how many there are: a long chunk says no more than a
        short one. Phrases, and what was heard before, count for themselves.
        """
        alone, words, pieces = list(self._bias), [0.0] * len(self._bias), [0.0] * len(self._bias)
        many_words = many_pieces = 0
        weights = self._weights
        for feature in found:
            kind = feature[0]
            if kind == "#":
                sums = pieces
                many_pieces += 1
            elif kind == "@" or kind == "~":
                sums = alone
            else:
                sums = words
                many_words += 1
            for label, weight in weights.get(feature, ()):
                sums[label] += weight
        word, piece = 1 / math.sqrt(many_words or 1), 1 / math.sqrt(many_pieces or 1)
        return [
            1 / (1 + math.exp(-max(-30.0, min(30.0, one + word * two + piece * three))))
            for one, two, three in zip(alone, words, pieces, strict=True)
        ]

    def loudest(self, cut: Sentences, hits: Sequence[Hit]) -> dict[str, float]:
        """The chance of each label in the chunk that says it loudest, less for each other chunk; of any time."""
        heard = [self.chances(found) for _chunk, found in parts(of_any_time(cut), hits, self.size)]
        highest = [max(chances) for chances in zip(*heard, strict=True)] or [0.0] * len(self.labels)
        return {label: for_many(chance, len(heard)) for label, chance in zip(self.labels, highest, strict=True)}

    def hear(self, parts: Iterable[Part]) -> list[Heard]:
        """How likely each label is over all parts; a text has a label if any part has it. Nothing of no parts."""
        missing = [1.0] * len(self.labels)
        best: list[tuple[float, Part]] = []
        for part in parts:
            chances = self.chances(part[1])
            best = best or [(0.0, part)] * len(self.labels)
            for label, chance in enumerate(chances):
                missing[label] *= 1 - chance
                if chance > best[label][0]:
                    best[label] = (chance, part)
        return [
            Heard(label, 1 - rest, part)
            for label, rest, (_chance, part) in zip(self.labels, missing, best, strict=False)
        ]

    def stretch(self, heard: Heard) -> tuple[int, int]:
        """The characters of the words that speak most for a label: the weightiest and its like neighbours."""
        chunk, found = heard.part
        label = self.labels.index(heard.label)
        said = [0.0] * len(chunk)
        for feature, place in found.items():
            if place >= 0:
                said[place] += sum(weight for one, weight in self._weights.get(feature, ()) if one == label)
        peak = max(range(len(chunk)), key=said.__getitem__)
        first = last = peak
        while first > 0 and said[first - 1] >= said[peak] / 3:
            first -= 1
        while last < len(chunk) - 1 and said[last + 1] >= said[peak] / 3:
            last += 1
        return chunk[first].start, chunk[last].end
