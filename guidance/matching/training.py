"""Train the linear models of words. Development only: scikit-learn is not installed where the product runs."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from .linear import ALONE, OF_PIECE, Found, Part, Size, parts, share, shares
from .phrases import Hit, Sentences

FEWEST = 4  # rows that show a label before it is trained at all
# Evidence belongs to a chunk that holds half of it, or this many characters.
OVERLAP = 8
# Of what counts for itself, weights under this are left out.
SMALLEST_ALONE = 0.02
FOLDS = 8
NEWTON_STEPS = 8


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the stretches of it that show each label. A label without stretches holds of the whole text."""

    text: str
    labels: Mapping[str, Sequence[str]]
    writer: str
    counts: float = 1.0


@dataclass(frozen=True, slots=True)
class Trust:
    """Under one ridge, what is larger is believed sooner: how large a phrase stands, a word or pair, a piece of a word
    (both times their rarity), and what was heard before. `strength` is the inverse of the ridge.

    Weights of words and pieces under `smallest` are left out: each says little, all of them make a large file.
    """

    phrase: float
    word: float
    piece: float
    smallest: float
    heard: float = 0.0
    strength: float = 3.0
    seen_at_least: int = 2


@dataclass(frozen=True)
class Rows:
    """What was found in chunks or texts, as rows of a matrix, and which labels each shows."""

    matrix: csr_matrix  # scaled
    names: list[str]
    scale: np.ndarray
    smallest: np.ndarray  # for each name the weight it must have to be kept
    shows: np.ndarray  # row x label
    of: np.ndarray  # the example each row comes from
    counts: np.ndarray  # how much each row counts
    strength: float


Look = Callable[[str], tuple[Sentences, list[Hit]]]  # a text cut into sentences, and the phrases found in them
Parts = list[list[Part]]  # the parts of each example


def cut_up(examples: Sequence[Example], size: Size, look: Look) -> Parts:
    """Every example cut into parts."""
    return [parts(*look(example.text), size) for example in examples]


def rows_of_parts(cut: Parts, examples: Sequence[Example], labels: Sequence[str], trust: Trust) -> Rows:
    """A row a part; it shows a label where the stretch that shows it stands."""
    found, shows, of = [], [], []
    for number, (example, pieces) in enumerate(zip(examples, cut, strict=True)):
        places = {label: _places(example.text, stretches) for label, stretches in example.labels.items()}
        for chunk, features in pieces:
            found.append(features)
            of.append(number)
            begin, end = chunk[0].start, chunk[-1].end
            shows.append([label in places and _within(places[label], begin, end) for label in labels])
    return _rows(found, np.array(shows), np.array(of), examples, trust)


def rows_of_texts(found: Sequence[Found], examples: Sequence[Example], labels: Sequence[str], trust: Trust) -> Rows:
    """A row a text."""
    shows = np.array([[label in example.labels for label in labels] for example in examples])
    return _rows(found, shows, np.arange(len(examples)), examples, trust)


def _rows(found: Sequence[Found], shows: np.ndarray, of: np.ndarray, examples: Sequence[Example], trust: Trust) -> Rows:
    seen = Counter(name for one in found for name in one)
    names = sorted(name for name, times in seen.items() if times >= trust.seen_at_least or name[0] in ALONE)
    column = {name: place for place, name in enumerate(names)}
    scale = np.array([_scale(name, trust, np.log((1 + len(found)) / (1 + seen[name])) + 1) for name in names])
    columns, values, starts = [], [], [0]
    for one in found:
        word, piece = shares(one)
        kept = [name for name in one if name in column]
        columns += [column[name] for name in kept]
        values += [share(name, word, piece) for name in kept]
        starts.append(len(columns))
    matrix = csr_matrix((np.array(values), np.array(columns), np.array(starts)), shape=(len(found), len(names)))
    smallest = np.array([SMALLEST_ALONE if name[0] in ALONE else trust.smallest for name in names])
    counts = np.array([examples[number].counts for number in of])
    return Rows(matrix @ diags(scale), names, scale, smallest, shows, of, counts, trust.strength)


def save(rows: Rows, labels: Sequence[str], levels: Mapping[str, float], path: Path) -> None:
    """Fit to all rows and write the numbers, sorted and rounded, so that a change of them can be read."""
    bias: dict[str, float] = {}
    weights: dict[str, dict[str, float]] = {}
    everything = np.ones(len(rows.of), dtype=bool)
    for place, label in enumerate(labels):
        fitted = fitted_to(rows, everything, place)
        if fitted is None:
            continue
        bias[label] = round(fitted[0], 3)
        for name, weight in zip(rows.names, fitted[1] * rows.scale, strict=True):
            if weight:
                weights.setdefault(name, {})[label] = round(float(weight), 2)
    lines = ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(weights[name])}" for name in sorted(weights)
    )
    head = json.dumps({"levels": dict(levels), "bias": bias}, indent=1, ensure_ascii=False).removesuffix("\n}")
    path.write_text(f'{head},\n "weights": {{\n{lines}\n}}}}\n', encoding="utf-8")


def unseen_chances(rows: Rows, folds: Sequence[int]) -> np.ndarray:
    """Row by label, each row judged by a model that has not seen its fold (one fold's number an example)."""
    fold_of = np.array(folds)[rows.of]
    found = np.zeros(rows.shows.shape)
    for fold in sorted(set(folds)):
        held = fold_of == fold
        for place in range(rows.shows.shape[1]):
            fitted = fitted_to(rows, ~held, place)
            if fitted is not None:
                found[held, place] = expit(rows.matrix[held] @ fitted[1] + fitted[0])
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


def writer_of(line: dict[str, Any]) -> str:
    """Who wrote a line, from its id: "n1-034" was written by "n1", "s034" by "s"."""
    found = re.match(r"[a-z]+\d*(?=-)|[a-z]+", line["id"])
    return found.group() if found else str(line["id"])


def folds_by_writer(examples: Sequence[Example]) -> list[int]:
    """A writer in one fold: who writes on has habits, and a model must not be judged on habits that it knows."""
    writers = sorted({example.writer for example in examples})
    return [writers.index(example.writer) % FOLDS for example in examples]


def f1(said: np.ndarray, truth: np.ndarray) -> float:
    """Micro-averaged over all texts and labels."""
    hits = (said & truth).sum()
    return float(2 * hits / max(1, said.sum() + truth.sum()))


def fitted_to(rows: Rows, these: np.ndarray, place: int) -> tuple[float, np.ndarray] | None:
    """Intercept and coefficients of a label, fitted to some of the rows; None where too few of them show it.

    Weights too small to be kept are nought, and the intercept makes up for them: what is judged is what is shipped.
    """
    wanted, counts, matrix = rows.shows[these, place], rows.counts[these], rows.matrix[these]
    if wanted.sum() < FEWEST:
        return None
    model = LogisticRegression(C=rows.strength, solver="liblinear", random_state=0).fit(matrix, wanted, counts)
    coefficients = np.where(np.abs(model.coef_[0] * rows.scale) >= rows.smallest, model.coef_[0], 0.0)
    said, intercept, share_wanted = (
        matrix @ coefficients,
        float(model.intercept_[0]),
        np.average(wanted, weights=counts),
    )
    for _step in range(NEWTON_STEPS):
        chance = expit(said + intercept)
        slope = np.average(chance * (1 - chance), weights=counts)
        intercept += float((share_wanted - np.average(chance, weights=counts)) / slope)
    return intercept, coefficients


def _scale(name: str, trust: Trust, rarity: float) -> float:
    if name[0] in ALONE:
        return trust.phrase if name[0] == "@" else trust.heard
    return rarity * (trust.piece if name[0] == OF_PIECE else trust.word)


def _places(text: str, stretches: Sequence[str]) -> list[tuple[int, int]]:
    if not stretches:
        return [(0, len(text))]
    found = ((text.find(stretch), len(stretch)) for stretch in stretches)
    return [(begin, begin + size) for begin, size in found if begin >= 0]


def _within(places: Sequence[tuple[int, int]], begin: int, end: int) -> bool:
    return any(min(last, end) - max(first, begin) >= min(OVERLAP, (last - first) / 2) for first, last in places)
