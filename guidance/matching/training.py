"""Train the linear models of words. Development only: scikit-learn is not installed where the product runs."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from .linear import Size, chunks, features
from .phrases import Hit, Sentences

# Under one ridge, what is larger is believed sooner: a phrase that a person wrote before a word that happened to stand
# there, a piece of a word after it, a rare word before a common one (its inverse document frequency times this).
PHRASE, WORD, PIECE = 3.0, 1.0, 0.5
RARITY = 0.2
STRENGTH = 1.0  # inverse of the ridge
SEEN_AT_LEAST = 2
FEWEST = 4  # chunks that show a label before it is trained at all
# Evidence belongs to a chunk that holds half of it, or this many characters.
OVERLAP = 8


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the stretches of it that show each label. A label without stretches holds of the whole text."""

    text: str
    labels: Mapping[str, Sequence[str]]
    writer: str
    counts: float = 1.0


@dataclass(frozen=True)
class Cut:
    """Examples cut into chunks, as rows of a matrix."""

    rows: csr_matrix  # scaled
    names: list[str]
    scale: np.ndarray
    shows: np.ndarray  # chunk x label
    of: np.ndarray  # the example each chunk comes from
    counts: np.ndarray  # how much each chunk counts


Look = Callable[[str], tuple[Sentences, list[Hit]]]  # a text cut into sentences, and the phrases found in them


def cut_up(examples: Sequence[Example], labels: Sequence[str], size: Size, look: Look) -> Cut:
    """Everything the models are fitted to. Features seen in fewer than two chunks are left out."""
    found, shows, of = [], [], []
    for number, example in enumerate(examples):
        cut, hits = look(example.text)
        places = {label: _places(example.text, stretches) for label, stretches in example.labels.items()}
        for chunk in chunks(cut, size):
            found.append(features(chunk, hits))
            of.append(number)
            begin, end = chunk[0].start, chunk[-1].end
            shows.append([label in places and _within(places[label], begin, end) for label in labels])
    seen = Counter(name for one in found for name in one)
    names = sorted(name for name, times in seen.items() if times >= SEEN_AT_LEAST or name[0] == "@")
    column = {name: place for place, name in enumerate(names)}
    scale = np.array([_trust(name) * RARITY * np.log(len(found) / (1 + seen[name])) for name in names])
    columns, starts = [], [0]
    for one in found:
        columns += [column[name] for name in one if name in column]
        starts.append(len(columns))
    shape = (len(found), len(names))
    rows = csr_matrix((scale[columns], np.array(columns), np.array(starts)), shape=shape)
    return Cut(rows, names, scale, np.array(shows), np.array(of), np.array([examples[number].counts for number in of]))


def save(cut: Cut, labels: Sequence[str], size: Size, levels: Mapping[str, float], path: Path, smallest: float) -> None:
    """Fit to all chunks and write the numbers, sorted and rounded, so that a change of them can be read.

    Weights under `smallest` are left out: many of them make a large file, and the longer a chunk the more they add up.
    """
    bias, weights = _fit(cut, labels, smallest)
    rows = (f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(weights[name])}" for name in sorted(weights))
    lines = ",\n".join(rows)
    kept = {"size": {"least": size.least, "most": size.most}, "levels": dict(levels), "bias": bias}
    head = json.dumps(kept, indent=1, ensure_ascii=False).removesuffix("\n}")
    path.write_text(f'{head},\n "weights": {{\n{lines}\n}}}}\n', encoding="utf-8")


def unseen_chances(cut: Cut, labels: Sequence[str], folds: Sequence[int]) -> np.ndarray:
    """Chunk by label, each chunk judged by a model that has not seen its fold (one fold's number an example)."""
    fold_of = np.array(folds)[cut.of]
    found = np.zeros((len(cut.of), len(labels)))
    for fold in sorted(set(folds)):
        held = fold_of == fold
        for place in range(len(labels)):
            wanted = cut.shows[~held, place]
            if wanted.sum() >= FEWEST:
                model = _regression().fit(cut.rows[~held], wanted, cut.counts[~held])
                found[held, place] = model.predict_proba(cut.rows[held])[:, 1]
    return found


def whole_text(chances: np.ndarray, of: np.ndarray, how_many: int) -> np.ndarray:
    """Example by label: a text shows what any of its chunks shows."""
    missing = np.ones((how_many, chances.shape[1]))
    np.multiply.at(missing, of, 1 - chances)
    return 1 - missing


def lines_of(folder: Path, pattern: str) -> list[dict[str, Any]]:
    """The lines of all matching JSON-lines files, in order of their names."""
    return [
        json.loads(line)
        for path in sorted(folder.glob(pattern))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def folds_by_writer(examples: Sequence[Example]) -> list[int]:
    """A fold a writer: who writes on has habits, and a model must not be judged on habits that it knows."""
    writers = sorted({example.writer for example in examples})
    return [writers.index(example.writer) for example in examples]


def f1(said: np.ndarray, truth: np.ndarray) -> float:
    """Micro-averaged over all texts and labels."""
    hits = (said & truth).sum()
    return float(2 * hits / max(1, said.sum() + truth.sum()))


def _regression() -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0)


def _fit(cut: Cut, labels: Sequence[str], smallest: float) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    bias: dict[str, float] = {}
    weights: dict[str, dict[str, float]] = {}
    for place, label in enumerate(labels):
        wanted = cut.shows[:, place]
        if wanted.sum() < FEWEST:
            continue
        model = _regression().fit(cut.rows, wanted, cut.counts)
        bias[label] = round(float(model.intercept_[0]), 3)
        for name, weight in zip(cut.names, model.coef_[0] * cut.scale, strict=True):
            if abs(weight) >= smallest:
                weights.setdefault(name, {})[label] = round(float(weight), 3 if smallest < 0.02 else 2)
    return bias, weights


def _trust(name: str) -> float:
    return PHRASE if name[0] == "@" else PIECE if name[0] == "#" else WORD


def _places(text: str, stretches: Sequence[str]) -> list[tuple[int, int]]:
    if not stretches:
        return [(0, len(text))]
    found = ((text.find(stretch), len(stretch)) for stretch in stretches)
    return [(begin, begin + size) for begin, size in found if begin >= 0]


def _within(places: Sequence[tuple[int, int]], begin: int, end: int) -> bool:
    return any(min(last, end) - max(first, begin) >= min(OVERLAP, (last - first) / 2) for first, last in places)
