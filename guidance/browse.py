"""Reading the library: by source, by what happened, and the help lines of a country."""

import tomllib
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from .models import HelpLine, Passage, Response, Signal, Source, published
from .safety import RiskKind
from .shipping import SHIPPED

# A passage is listed under a signal that speaks for it at least this much of a grade.
SPEAKS = 0.3
EMERGENCY_FIRST = ("emergency", "crisis", "child_abuse", "violence_at_home", "medical_advice", "parents")


def signals() -> list[Signal]:
    """All chips in the order in which they are offered."""
    return list(Signal.objects.defer("phrases").order_by("order", "slug"))


def published_passages() -> QuerySet[Passage]:
    return (
        Passage.objects.filter(published()).select_related("current", "source").order_by("source_id", "first_paragraph")
    )


def awaits_review() -> bool:
    """Whether texts are held back because no curator has approved them yet."""
    return settings.REQUIRE_REVIEW and Passage.objects.filter(current__approved_at=None).exclude(current=None).exists()


def published_responses() -> QuerySet[Response]:
    return Response.objects.filter(published()).select_related("current").order_by("phase", "slug")


def sources_with_passages() -> list[Source]:
    passages = Prefetch("passages", queryset=published_passages(), to_attr="published")
    return list(Source.objects.filter(kind=Source.Kind.FOUNDING).order_by("pk").prefetch_related(passages))


def passages_for(signal: Signal) -> list[Passage]:
    """The passages a signal speaks for, the strongest first."""
    found = [
        (weight.value, weight.passage)
        for weight in signal.weights.filter(published("passage__")).select_related(
            "passage__current", "passage__source"
        )
        if weight.value >= SPEAKS and weight.passage.audience != Passage.Audience.THERAPIST
    ]
    return [passage for _, passage in sorted(found, key=lambda pair: (-pair[0], pair[1].slug))]


def responses_of(passage: Passage) -> list[Response]:
    return list(passage.responses.filter(published()).select_related("current").order_by("phase", "slug"))


def help_lines(country: str) -> list[HelpLine]:
    """The lines of a country, emergency first, of a sort those that a person has checked within six months; empty where
    none are known."""
    lines = HelpLine.objects.filter(country=country).order_by("order", "pk") if country else []
    return sorted(lines, key=lambda line: (EMERGENCY_FIRST.index(line.kind), not line.is_checked))


def lines_for(country: str, kinds: Iterable[RiskKind], most: int = 6) -> list[HelpLine]:
    """The lines of a country that answer these kinds of risk, the kinds' own order, each sort its share."""
    lines = help_lines(country)
    wanted = dict.fromkeys(["emergency", *(sort for kind in kinds for sort in kind.lines)])
    share = max(2, (most - 1) // max(1, len(wanted) - 1))
    found = [line for sort in wanted for line in [one for one in lines if one.kind == sort][:share]]
    return found[:most]


def help_line_countries() -> set[str]:
    return set(HelpLine.objects.order_by().values_list("country", flat=True).distinct())


@cache
def general_advice() -> list[str]:
    """What to do in a country whose lines are not known."""
    return list(tomllib.loads((SHIPPED / "help_lines.toml").read_text(encoding="utf-8"))["general"]["advice"])


@cache
def lose_it_page() -> dict[str, Any]:
    """The page "I might lose it", as shipped."""
    return tomllib.loads((SHIPPED / "lose_it.toml").read_text(encoding="utf-8"))


def source(slug: str) -> Source | None:
    return Source.objects.filter(slug=slug).first()
