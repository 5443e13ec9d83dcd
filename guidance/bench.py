"""Trying guidance out before parents get it: a situation, a change, and what the change does to the judged moments."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from . import safety
from .matching import Guidance, History, Risk, Situation, match
from .matching.evaluation import ndcg
from .matching.explain import Scored, explain
from .matching.load import rarer_words
from .matching.match import Heard, guide, hear, order
from .matching.phrases import sentences
from .matching.values import Library
from .models import BenchCase
from .shipping import SHIPPED

# Differences of nDCG smaller than this are no change.
SAME = 0.0005


@dataclass(frozen=True)
class Change:
    """What a curator would change: one weight of a passage, its text, or both."""

    passage: str
    feature: str = ""
    weight: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Answer:
    """What a parent would get, and the score of every passage."""

    guidance: Guidance
    risk: Risk
    scored: list[Scored]


@dataclass(frozen=True)
class Moved:
    """A judged moment whose first three passages changed for better or worse."""

    code: str
    text: str
    now: float
    then: float


@dataclass(frozen=True)
class Effect:
    """Mean nDCG@3 on the judged moments now and with the change (chips and words given), and which moments moved.

    The weights were fitted on these moments: the figure shows what a change does, not how good guidance is."""

    moments: int
    now: float
    then: float
    worse: list[Moved]
    better: list[Moved]


def answer(situation: Situation, library: Library, most: int = 60) -> Answer:
    """`most` is how many scores are told."""
    heard = hear(situation, library)
    bound = order(heard, library)
    return Answer(guide(situation, heard, bound, library), situation.risk, explain(heard, bound, library, most))


def changed(library: Library, change: Change) -> Library:
    """The library as it would be. A passage that nobody knows leaves it as it is."""
    entry = library.by_slug.get(change.passage)
    if entry is None:
        return library
    weights = dict(entry.weights)
    if change.feature and change.weight is not None:
        weights[change.feature] = change.weight
    text = change.text or entry.text
    passages = tuple(
        replace(one, weights=weights, text=text) if one.slug == change.passage else one for one in library.passages
    )
    if change.text:
        terms = rarer_words({one.slug: one.text for one in passages})
        passages = tuple(replace(one, terms=terms[one.slug]) for one in passages)
    return replace(library, passages=passages)


def effect(library: Library, change: Change) -> Effect:
    """Only moments in which the change can matter are ordered anew: a weight where its feature holds, a text in all."""
    later = changed(library, change)
    moved = []
    for line, (heard, now) in zip(judged(), _kept_moments(library), strict=True):
        touched = change.text or change.feature in heard.present
        moved.append(Moved(line["id"], line["text"], now, _ndcg(heard, later, line) if touched else now))
    by_loss = sorted(moved, key=lambda one: (one.then - one.now, one.code))
    return Effect(
        moments=len(moved),
        now=sum(one.now for one in moved) / len(moved),
        then=sum(one.then for one in moved) / len(moved),
        worse=[one for one in by_loss if one.then < one.now - SAME],
        better=[one for one in reversed(by_loss) if one.then > one.now + SAME],
    )


def _ndcg(heard: Heard, library: Library, line: Mapping[str, Any]) -> float:
    return ndcg([one.slug for one in order(heard, library)], line["rel"])


@cache
def judged() -> list[dict[str, Any]]:
    """The judged moments for which something fits."""
    lines = (SHIPPED / "judged" / "moments.jsonl").read_text(encoding="utf-8").splitlines()
    return [line for line in map(json.loads, lines) if not line["none"]]


_kept: tuple[int, list[tuple[Heard, float]]] | None = None


def _kept_moments(library: Library) -> list[tuple[Heard, float]]:
    """The judged moments as they are read, and their nDCG@3 now, kept while the library stays the same."""
    global _kept
    if _kept is None or _kept[0] != library.version:
        heard = [hear(_situation(line), library) for line in judged()]
        _kept = library.version, [(one, _ndcg(one, library, line)) for one, line in zip(heard, judged(), strict=True)]
    return _kept[1]


def _situation(line: Mapping[str, Any]) -> Situation:
    age = line.get("child_age_years")
    return Situation(
        tapped=frozenset(line["signals"]),
        words=line["text"],
        age_months=None if age is None else round(age * 12),
        history=History(line["hard_place"]),
    )


# Test cases


def missing(case: BenchCase, library: Library) -> list[str]:
    """The passages of a test case that do not come among the three; its signals and passages come prefetched."""
    situation = Situation(
        tapped=frozenset(signal.slug for signal in case.signals.all()),
        words=case.words,
        age_months=case.age_months,
        history=History(case.hard_place),
        great_intensity=case.great_intensity,
        still_going=case.still_going,
    )
    shown = {chosen.slug for chosen in match(situation, library).passages}
    return [passage.slug for passage in case.passages.all() if passage.slug not in shown]


def failing(library: Library) -> list[BenchCase]:
    """The test cases of which some passage does not come."""
    cases = BenchCase.objects.prefetch_related("signals", "passages__current")
    return [case for case in cases if missing(case, library)]


# Risk phrases


@dataclass(frozen=True)
class PhraseTrial:
    """In how many of the shipped risk texts a phrase stands, by what they are, with some harmless ones."""

    texts: int
    urgent: int
    concern: int
    harmless: int
    examples: list[str]


def try_phrase(added: safety.Added, most: int = 5) -> PhraseTrial:
    """Where the phrases would be found in the texts that the risk model was trained on."""
    found: dict[str, list[str]] = {"urgent": [], "concern": [], "none": []}
    lines = risk_texts()
    for line in lines:
        cut = sentences(line["text"])
        if any(lexicon.find_in(cut) for lexicon in added.values()):
            found[line["level"]].append(line["text"])
    return PhraseTrial(
        len(lines), len(found["urgent"]), len(found["concern"]), len(found["none"]), sorted(found["none"])[:most]
    )


@cache
def risk_texts() -> list[dict[str, Any]]:
    lines = (SHIPPED / "training" / "risk.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
