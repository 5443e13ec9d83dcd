"""Fit the weights to judged situations: non-negative least squares with a ridge, by coordinate descent.

Grades run from 0 to 3, so a weight reads as "this much of a grade". Pure Python: a few hundred situations take seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .ranking import ALWAYS, age_band

RIDGE = 2.0
# Popularity is shrunk harder, so that what happened decides and not what is liked in general.
RIDGE_ALWAYS = 6.0
# Situations that parents told count more than those written for training, whose judges have other habits.
REAL_COUNTS = 2.0
SWEEPS = 60
SMALLEST = 0.02

Weights = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Judged:
    """One judged situation: the features that hold and the grade (0 to 3) of each helpful passage."""

    features: frozenset[str]
    grades: dict[str, float]
    counts: float = 1.0


def judged_of(line: dict) -> Judged:  # type: ignore[type-arg]
    """A line of `library/judged/*.jsonl` as something to fit to; what nobody wrote for training counts more."""
    features = {ALWAYS, *line["signals"]}
    if line["hard_place"] in ("yes", "no"):
        features.add(f"history_{line['hard_place']}")
    if line.get("child_age_years") is not None:
        features.add(age_band(round(line["child_age_years"] * 12)))
    grades = {} if line["none"] else line["rel"]
    return Judged(frozenset(features), grades, 1.0 if "written" in line else REAL_COUNTS)


def fit(judged: Sequence[Judged], passages: Iterable[str], ridge: float = RIDGE) -> Weights:
    """Weights by passage and feature, small ones left out."""
    names = sorted({name for one in judged for name in one.features})
    place = {name: number for number, name in enumerate(names)}
    rows = [[place[name] for name in one.features] for one in judged]
    gram = [[0.0] * len(names) for _ in names]
    for one, row in zip(judged, rows, strict=True):
        for first in row:
            for second in row:
                gram[first][second] += one.counts
    for name, number in place.items():
        gram[number][number] += RIDGE_ALWAYS if name == ALWAYS else ridge
    fitted: Weights = {}
    for passage in passages:
        target = [0.0] * len(names)
        for one, row in zip(judged, rows, strict=True):
            grade = one.grades.get(passage, 0.0)
            if grade:
                for number in row:
                    target[number] += grade * one.counts
        values = _descend(gram, target)
        fitted[passage] = {
            name: round(value, 3) for name, value in zip(names, values, strict=True) if value >= SMALLEST
        }
    return fitted


def _descend(gram: list[list[float]], target: list[float]) -> list[float]:
    size = len(target)
    values = [0.0] * size
    slope = [-wanted for wanted in target]  # gram @ values - target
    for _ in range(SWEEPS):
        for number in range(size):
            line = gram[number]
            moved = max(0.0, values[number] - slope[number] / line[number]) - values[number]
            if moved:
                values[number] += moved
                for other in range(size):
                    slope[other] += line[other] * moved
    return values
