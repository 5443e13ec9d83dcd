"""Risk, judged apart from matching: on every free text and on chips, at every save.

A phrase list finds what it knows. It misses things and it errs; the page says so, and help lines are never further
than one tap away.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .matching.phrases import Hit, Lexicon, sentences
from .matching.values import Risk, RiskLevel

RISK_FILE = Path(__file__).resolve().parent / "library" / "risk.toml"
# Fear of hurting a child is urgent wherever a baby is meant.
BABY_MONTHS = 12
HARM_BY_PARENT = "parent_may_harm_child"
# Told of the past, these are as urgent as today.
OF_ANY_TIME = frozenset({"sexual_abuse"})


@dataclass(frozen=True, slots=True)
class RiskKind:
    slug: str
    label: str
    advice: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Shipped:
    kinds: dict[str, RiskKind]
    urgent: Lexicon
    concern: Lexicon
    soft: Lexicon
    unless: Lexicon
    baby: Lexicon


@cache
def _shipped() -> _Shipped:
    data = tomllib.loads(RISK_FILE.read_text(encoding="utf-8"))
    kinds, classes = data["kind"], data["classes"]

    def lexicon(part: str) -> Lexicon:
        return Lexicon({kind["slug"]: kind.get(part, ()) for kind in kinds}, classes)

    return _Shipped(
        {kind["slug"]: RiskKind(kind["slug"], kind["label"], kind["advice"], tuple(kind["lines"])) for kind in kinds},
        lexicon("urgent"),
        lexicon("concern"),
        lexicon("soft"),
        lexicon("unless"),
        Lexicon({"baby": ["baby", "newborn", "weeks|week|wk|wks|month|months old"]}, {}),
    )


def kinds(slugs: Iterable[str]) -> list[RiskKind]:
    """The kinds behind stored codes, in the order of the shipped file; unknown codes are left out."""
    wanted = set(slugs)
    return [kind for slug, kind in _shipped().kinds.items() if slug in wanted]


def judge(
    texts: Iterable[str],
    *,
    signals: Iterable[str] = (),
    age_months: int | None = None,
    talked_of_dying: bool | None = None,
    unsure_if_safe: bool = False,
) -> Risk:
    """The gravest level over all texts and chips, every kind that holds, and whether to ask if everyone is safe.

    `talked_of_dying` answers the question beside the chip `hurt_self`; `unsure_if_safe` the soft check.
    """
    shipped = _shipped()
    urgent: set[str] = set()
    concern: set[str] = set()
    soft = False
    for text in filter(None, texts):
        cut = sentences(text)
        excused = shipped.unless.find_in(cut)
        urgent |= {hit.label for hit in _left(shipped.urgent.find_in(cut), excused)}
        ever = [(tokens, False) for tokens, _other_time in cut]
        urgent |= {hit.label for hit in _left(shipped.urgent.find_in(ever), excused) if hit.label in OF_ANY_TIME}
        found = {hit.label for hit in _left(shipped.concern.find_in(cut), excused)}
        if HARM_BY_PARENT in found and (_is_baby(age_months) or shipped.baby.find_in(cut)):
            urgent.add(HARM_BY_PARENT)
        concern |= found
        soft = soft or bool(_left(shipped.soft.find_in(cut), excused))
    chips = set(signals)
    if "hurt_self" in chips:
        (urgent if talked_of_dying else concern).add("suicidal_child" if talked_of_dying else "child_self_harm")
    if "parent_near_limit" in chips:
        (urgent if _is_baby(age_months) else concern).add(HARM_BY_PARENT)
    if "parent_forced_contact" in chips or "ran_into_danger" in chips:
        soft = True
    if urgent:
        return Risk(RiskLevel.URGENT, tuple(sorted(urgent | concern)))
    if concern:
        return Risk(RiskLevel.CONCERN, tuple(sorted(concern)))
    if unsure_if_safe:
        return Risk(RiskLevel.CONCERN, ("unsure_if_safe",))
    return Risk(soft_check=soft)


def _left(hits: list[Hit], excused: list[Hit]) -> list[Hit]:
    """Hits that no figure of speech or look-alike of the same kind overlaps."""
    return [
        hit
        for hit in hits
        if not any(other.label == hit.label and other.start < hit.end and hit.start < other.end for other in excused)
    ]


def _is_baby(age_months: int | None) -> bool:
    return age_months is not None and age_months < BABY_MONTHS
