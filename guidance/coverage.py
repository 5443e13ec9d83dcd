"""Where guidance is thin: by signal, age and history; what nobody was shown; what has no source; what says the same."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .browse import SPEAKS
from .matching.load import rarer_words
from .matching.ranking import AGE_BANDS
from .matching.stance import allowed
from .matching.values import History
from .models import Passage, Reception, Response, Signal, published

AGE_NAMES = {
    "age_infant": gettext_lazy("under 1 year"),
    "age_toddler": gettext_lazy("1 and 2 years"),
    "age_preschool": gettext_lazy("3 to 5 years"),
    "age_school": gettext_lazy("6 to 9 years"),
    "age_older": gettext_lazy("10 years and over"),
}
# Fewer texts than this are too few.
ENOUGH = 3
# Two texts that share this much of their rarer words say nearly the same.
NEAR = 0.5
# A word in more texts than this leads to no pair.
COMMON = 12


@dataclass(frozen=True)
class Thin:
    """How much there is for one signal, age or history, and how much of it somebody has approved."""

    what: str
    passages: int
    approved_passages: int
    responses: int
    approved_responses: int

    @property
    def too_few(self) -> bool:
        return self.passages < ENOUGH or self.responses < ENOUGH

    @property
    def unapproved(self) -> bool:
        return self.approved_passages < ENOUGH or self.approved_responses < ENOUGH


@dataclass(frozen=True)
class Pair:
    first: str
    second: str
    share: float
    first_text: str
    second_text: str


@dataclass(frozen=True)
class Coverage:
    signals: list[Thin]
    ages: list[Thin]
    histories: list[Thin]
    never_shown: list[Passage]
    disliked: list[Reception]
    without_source: list[Response]
    near: list[Pair]


def look() -> Coverage:
    """Six queries, however large the library."""
    passages = list(
        Passage.objects.filter(published()).select_related("current").prefetch_related("weights__signal").order_by("pk")
    )
    responses = list(
        Response.objects.filter(published()).select_related("current").prefetch_related("signals", "passages")
    )
    received = list(Reception.objects.select_related("passage__current", "response__current").order_by("pk"))
    shown = {row.passage_id for row in received if row.passage_id and row.shown}
    signals = Signal.objects.defer("phrases").order_by("order")
    texts = {one.slug: one.text for one in passages} | {one.slug: one.text for one in responses}
    return Coverage(
        signals=[_of_signal(signal, passages, responses) for signal in signals],
        ages=[_of_age(name, months, passages, responses) for name, months in AGE_BANDS],
        histories=[_of_history(history, passages, responses) for history in (History.YES, History.NO)],
        never_shown=[
            one for one in passages if received and one.pk not in shown and one.audience != Passage.Audience.THERAPIST
        ],
        disliked=[row for row in received if (row.not_us or 0) > (row.helped or 0)],
        without_source=[one for one in responses if not one.source_id and not one.passages.all()],
        near=near_duplicates(texts),
    )


def _thin(what: str, passages: Iterable[Passage], responses: Iterable[Response]) -> Thin:
    passages, responses = list(passages), list(responses)
    return Thin(what, len(passages), _approved(passages), len(responses), _approved(responses))


def _approved(found: Iterable[Passage | Response]) -> int:
    return sum(bool(one.current and one.current.is_reviewed) for one in found)


def _of_signal(signal: Signal, passages: list[Passage], responses: list[Response]) -> Thin:
    speaking = [
        one
        for one in passages
        if any(weight.signal_id == signal.pk and weight.value >= SPEAKS for weight in one.weights.all())
    ]
    tied = {one.pk for one in speaking}
    return _thin(
        signal.label,
        speaking,
        (
            one
            for one in responses
            if signal in one.signals.all() or any(passage.pk in tied for passage in one.passages.all())
        ),
    )


def _of_age(name: str, months: tuple[int, int], passages: list[Passage], responses: list[Response]) -> Thin:
    """Passages that weigh more at this age; responses that may be given at all of it."""
    first, below = months
    weighing = (one for one in passages if any(w.condition == name and w.value > 0 for w in one.weights.all()))
    fitting = (one for one in responses if (one.from_months or 0) <= first and below <= (one.to_months or below))
    return _thin(str(AGE_NAMES[name]), weighing, fitting)


def _of_history(history: History, passages: list[Passage], responses: list[Response]) -> Thin:
    may = allowed(history)
    name = _("a hard place") if history is History.YES else _("no hard place")
    return _thin(
        name,
        (one for one in passages if one.stance in may),
        (one for one in responses if one.stance in may and one.hard_place in ("", history.value)),
    )


def near_duplicates(texts: dict[str, str]) -> list[Pair]:
    """Pairs of texts that share at least half of the rarer words of the shorter one, the nearest first."""
    words = rarer_words(texts)
    holding: dict[str, list[str]] = {}
    for slug in sorted(words):
        for word in words[slug]:
            holding.setdefault(word, []).append(slug)
    shared = Counter(
        (first, second)
        for slugs in holding.values()
        if len(slugs) <= COMMON
        for place, first in enumerate(slugs)
        for second in slugs[place + 1 :]
    )
    pairs = [
        Pair(*slugs, count / min(len(words[slug]) for slug in slugs), *(texts[slug] for slug in slugs))
        for slugs, count in shared.items()
    ]
    return sorted((pair for pair in pairs if pair.share >= NEAR), key=lambda pair: (-pair.share, pair.first))
