"""How good is the guidance? The measures of the design (section 6), taken on judged moments, with intervals.

A judged moment is a line of `library/judged/*.jsonl`; an answer is what `match_moments` prints for it.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HELPFUL = 2.0
OFF_THE_POINT = 0.5
RESAMPLES = 1000
# What each measure is, in the order of the table.
MEASURES = {
    "nDCG@3": "order of the first three against the judges' grades",
    "first helpful": "first passage graded 2 or more",
    "off the point": "share of what is shown that is graded under 0.5",
    "stance errors": "judged closer or space, and the opposite comes first",
    "silent, nothing fits": "nothing shown where the judges found nothing",
    "silent otherwise": "nothing shown though something fits",
    "urgent as urgent": "urgent moments graded urgent",
    "urgent flagged": "urgent moments flagged at all (a soft check counts half)",
    "concern flagged": "moments of concern flagged (a soft check counts half)",
    "false alarm": "moments without risk that are flagged (a soft check counts half)",
    "signal precision": "signals read that both judges saw (one judge's alone count neither way)",
    "signal recall": "signals both judges saw that were read",
    "signal F1": "their harmonic mean",
}

Line = Mapping[str, Any]
Counts = dict[str, tuple[float, float]]  # measure: (how much, out of how many)


@dataclass(frozen=True, slots=True)
class Figure:
    value: float
    low: float  # 95 % by bootstrap over moments
    high: float
    count: int  # moments it is taken on


def counts(judged: Line, answer: Line, stances: Mapping[str, str], vocabulary: frozenset[str]) -> Counts:
    """What one moment adds to each measure; a measure that does not concern it is left out."""
    found = risk_counts(judged["risk"], answer["risk"], answer["soft_check"])
    ranked, shown, grades = answer["ranked"], answer["shown"], judged["rel"]
    if judged["none"]:
        found["silent, nothing fits"] = (float(not shown), 1)
    else:
        found["nDCG@3"] = (ndcg(ranked, grades), 1)
        found["first helpful"] = (float(bool(ranked) and grades.get(ranked[0], 0) >= HELPFUL), 1)
        found["silent otherwise"] = (float(not shown), 1)
        if shown:
            off = sum(grades.get(slug, 0) < OFF_THE_POINT for slug in shown) / len(shown)
            found["off the point"] = (off, 1)
        if judged["stance"] in ("closer", "space"):
            first = next((stances[slug] for slug in shown if stances.get(slug)), judged["stance"])
            found["stance errors"] = (float(first != judged["stance"]), 1)
    read, seen = frozenset(answer["signals"]) & vocabulary, set(judged["signals"])
    right, wrong = len(read & seen), len(read - seen - set(judged.get("signals_maybe", ())))
    found["signal precision"] = (right, right + wrong)
    found["signal recall"] = (right, len(seen))
    return found


def risk_counts(judged: str, answered: str, soft_check: bool) -> Counts:
    """The same for risk alone: a soft check is half a flag and half an alarm."""
    flagged = 1.0 if answered != "none" else 0.5 * soft_check
    if judged == "urgent":
        return {"urgent as urgent": (float(answered == "urgent"), 1), "urgent flagged": (flagged, 1)}
    return {"concern flagged" if judged == "concern" else "false alarm": (flagged, 1)}


def ndcg(ranked: Sequence[str], grades: Mapping[str, float], depth: int = 3) -> float:
    """Normalised discounted cumulative gain, linear gain (Järvelin and Kekäläinen 2002)."""
    best = sorted(grades.values(), reverse=True)[:depth]
    whole = sum(grade / math.log2(place + 2) for place, grade in enumerate(best))
    gained = sum(grades.get(slug, 0) / math.log2(place + 2) for place, slug in enumerate(ranked[:depth]))
    return gained / whole if whole else 0.0


def figures(moments: Sequence[Counts], resamples: int = RESAMPLES) -> dict[str, Figure]:
    """Each measure over the moments it concerns, with an interval; the same moments give the same figures."""
    chance = random.Random(53)  # noqa: S311
    drawn = [_values(chance.choices(moments, k=len(moments))) for _ in range(resamples)]
    found = {}
    for name, value in _values(moments).items():
        spread = sorted(one[name] for one in drawn if name in one) or [value]
        low, high = spread[int(0.025 * len(spread))], spread[min(int(0.975 * len(spread)), len(spread) - 1)]
        found[name] = Figure(value, low, high, sum(name in one for one in moments) or len(moments))
    return found


def _values(moments: Sequence[Counts]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for one in moments:
        for name, (much, of) in one.items():
            total = sums.setdefault(name, [0.0, 0.0])
            total[0] += much
            total[1] += of
    values = {name: much / of for name, (much, of) in sums.items() if of}
    if "signal precision" in values and "signal recall" in values:
        precision, recall = values["signal precision"], values["signal recall"]
        values["signal F1"] = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {name: values[name] for name in MEASURES if name in values}
