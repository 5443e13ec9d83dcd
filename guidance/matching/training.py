"""Train the linear models of words. Development only: scikit-learn is not installed where the product runs."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression

from .linear import Found, Part, Size, parts
from .phrases import Hit, Sentences

FEWEST = 4  # chunks that show a label before it is trained at all
# Evidence belongs to a chunk that holds half of it, or this many characters.
OVERLAP = 8
# How a feature's name begins: what counts for itself, and what is no word.
ALONE = "@~"
NO_WORDS = "#@~"
SMALLEST_ALONE = 0.02


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
    (both times their rarity), and what was heard before; `strength` is the inverse of the ridge.

    Phrases are trusted less where the texts trained on may be those that the phrases were written from.
    """

    phrase: float
    word: float
    piece: float
    heard: float
    strength: float
    seen_at_least: int = 2


@dataclass(frozen=True)
class Rows:
    """What was found in chunks or texts, as rows of a matrix, and which labels each shows."""

    matrix: csr_matrix  # scaled
    names: list[str]
    scale: np.ndarray
    shows: np.ndarray  # row x label
    of: np.ndarray  # the example each row comes from
    counts: np.ndarray  # how much each row counts
    trust: Trust


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
        share = {"#": sum(name[0] == "#" for name in one), "": sum(name[0] not in NO_WORDS for name in one)}
        for name in one:
            if name in column:
                kind = name[0] if name[0] in NO_WORDS else ""
                columns.append(column[name])
                values.append(1 / np.sqrt(share.get(kind, 1)))
        starts.append(len(columns))
    matrix = csr_matrix((np.array(values), np.array(columns), np.array(starts)), shape=(len(found), len(names)))
    counts = np.array([examples[number].counts for number in of])
    return Rows(matrix @ diags(scale), names, scale, shows, of, counts, trust)


def save(
    rows: Rows, labels: Sequence[str], size: Size, levels: Mapping[str, float], path: Path, smallest: float
) -> None:
    """Fit to all rows and write the numbers, sorted and rounded, so that a change of them can be read.

    Weights of words under `smallest` are left out: they make a large file and, shared among a chunk, say next to
    nothing.
    """
    bias, weights = _fit(rows, labels, smallest)
    kept_rows = (f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(weights[name])}" for name in sorted(weights))
    lines = ",\n".join(kept_rows)
    kept = {"size": {"least": size.least, "most": size.most}, "levels": dict(levels), "bias": bias}
    head = json.dumps(kept, indent=1, ensure_ascii=False).removesuffix("\n}")
    path.write_text(f'{head},\n "weights": {{\n{lines}\n}}}}\n', encoding="utf-8")


def unseen_chances(rows: Rows, folds: Sequence[int]) -> np.ndarray:
    """Row by label, each row judged by a model that has not seen its fold (one fold's number an example)."""
    fold_of = np.array(folds)[rows.of]
    found = np.zeros(rows.shows.shape)
    for fold in sorted(set(folds)):
        held = fold_of == fold
        for place, wanted in enumerate(rows.shows.T):
            if wanted[~held].sum() >= FEWEST:
                model = _regression(rows.trust).fit(rows.matrix[~held], wanted[~held], rows.counts[~held])
                found[held, place] = model.predict_proba(rows.matrix[held])[:, 1]
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


def folds_by_writer(examples: Sequence[Example], folds: int = 8) -> list[int]:
    """A writer in one fold: who writes on has habits, and a model must not be judged on habits that it knows."""
    writers = sorted({example.writer for example in examples})
    return [writers.index(example.writer) % folds for example in examples]


def f1(said: np.ndarray, truth: np.ndarray) -> float:
    """Micro-averaged over all texts and labels."""
    hits = (said & truth).sum()
    return float(2 * hits / max(1, said.sum() + truth.sum()))


def _regression(trust: Trust) -> LogisticRegression:
    return LogisticRegression(C=trust.strength, solver="liblinear", random_state=0)


def _fit(rows: Rows, labels: Sequence[str], smallest: float) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    bias: dict[str, float] = {}
    weights: dict[str, dict[str, float]] = {}
    for label, wanted in zip(labels, rows.shows.T, strict=True):
        if wanted.sum() < FEWEST:
            continue
        model = _regression(rows.trust).fit(rows.matrix, wanted, rows.counts)
        bias[label] = round(float(model.intercept_[0]), 3)
        for name, weight in zip(rows.names, model.coef_[0] * rows.scale, strict=True):
            if abs(weight) >= (SMALLEST_ALONE if name[0] in ALONE else smallest):
                weights.setdefault(name, {})[label] = round(float(weight), 2)
    return bias, weights


def _scale(name: str, trust: Trust, rarity: float) -> float:
    if name[0] in ALONE:
        return trust.phrase if name[0] == "@" else trust.heard
    return rarity * (trust.piece if name[0] == "#" else trust.word)


def _places(text: str, stretches: Sequence[str]) -> list[tuple[int, int]]:
    if not stretches:
        return [(0, len(text))]
    found = ((text.find(stretch), len(stretch)) for stretch in stretches)
    return [(begin, begin + size) for begin, size in found if begin >= 0]


def _within(places: Sequence[tuple[int, int]], begin: int, end: int) -> bool:
    return any(min(last, end) - max(first, begin) >= min(OVERLAP, (last - first) / 2) for first, last in places)
