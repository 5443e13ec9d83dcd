"""A small linear model of words: one logistic regression a label, over words, pairs of words, pieces of words and the
curated phrases found. Trained by `manage.py train_reading`, kept as plain numbers, read here without any library.

Phrases are right where they speak; the model hears what nobody foresaw. Neither reads a sentence of another time.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .phrases import NEGATION_REACH, NEGATORS, Hit, Sentences, Token

PIECE = 4

Chunk = Sequence[Token]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the model makes of a text: how likely a label is (0 to 1), and the stretch that says so most."""

    label: str
    chance: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Size:
    """How a text is cut: a chunk ends with its sentence, with a clause once it has `least` words, or at `most`."""

    least: int
    most: int


def chunks(cut: Sentences, size: Size) -> Iterator[Chunk]:
    """A text in chunks; sentences of another time are left out."""
    for tokens, other_time in cut:
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


def features(chunk: Chunk, hits: Iterable[Hit]) -> dict[str, int]:
    """What the model knows a chunk by, each with the place of the token it comes from (-1 for a phrase).

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
        """The chance of each label in one chunk, in the order of `labels`."""
        sums = list(self._bias)
        weights = self._weights
        for feature in found:
            for label, weight in weights.get(feature, ()):
                sums[label] += weight
        return [1 / (1 + math.exp(-max(-30.0, min(30.0, value)))) for value in sums]

    def loudest(self, cut: Sentences, hits: Sequence[Hit]) -> dict[str, float]:
        """The chance of each label in the chunk that says it loudest, less for each other chunk."""
        heard = [self.chances(features(chunk, hits)) for chunk in chunks(cut, self.size)]
        highest = [max(chances) for chances in zip(*heard, strict=True)] or [0.0] * len(self.labels)
        return {label: for_many(chance, len(heard)) for label, chance in zip(self.labels, highest, strict=True)}

    def hear(self, cut: Sentences, hits: Sequence[Hit], least: float) -> list[Heard]:
        """The labels whose chance over the whole text is at least `least`; a text has a label if any chunk has it."""
        missing = [1.0] * len(self.labels)
        best: list[tuple[float, Chunk, dict[str, int]] | None] = [None] * len(self.labels)
        for chunk in chunks(cut, self.size):
            found = features(chunk, hits)
            for label, chance in enumerate(self.chances(found)):
                missing[label] *= 1 - chance
                held = best[label]
                if held is None or chance > held[0]:
                    best[label] = (chance, chunk, found)
        return [
            Heard(self.labels[label], 1 - rest, *self._stretch(label, held[1], held[2]))
            for label, rest in enumerate(missing)
            if 1 - rest >= least and (held := best[label]) is not None
        ]

    def _stretch(self, label: int, chunk: Chunk, found: Mapping[str, int]) -> tuple[int, int]:
        """The characters of the words that speak most for a label: the weightiest and its like neighbours."""
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
