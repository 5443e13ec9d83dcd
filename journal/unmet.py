"""What families lacked, and how they took what was shown: numbers of families for the curators' desk, never words.

What a curator reads must not lead to one family, also not by subtraction, so (primary and complementary suppression,
then rounding, as the Handbook on Statistical Disclosure Control has them: Hundepool and others, chapters 4 and 5,
https://sdctools.github.io/HandbookSDC/):

- A cell of fewer than five families is dropped, and so is the total of a signal (`suppress`).
- A total less the cells beside it would tell how many families stand in dropped cells alone. Where those are one to
  four, the smallest cell that is left is dropped too, and the next, until they are nobody or at least five; as those
  dropped first have four at most each, five are two dropped cells or more. The total itself can stay: with every cell
  dropped nothing is left to subtract. A family that also stands in a cell that is left is never found by subtraction.
- What stays is rounded down to a multiple of five (`rounded`). From exact numbers a dropped cell could still be worked
  out by who knows how many were dropped: a total eight above its only cell, over two dropped ones, is four and four. A
  family may also stand in two cells, and a total bounds, from above and below, how many do. Rounded, each difference is
  known to within four either way, and a family that joins or leaves between two runs mostly moves no number. Where
  one moves or vanishes it tells that somebody came or went, not who.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from guidance import tallies
from guidance.matching.ranking import age_band
from guidance.models import UnmetNeed
from guidance.tallies import AGE_UNKNOWN, Received, Unmet

from .models import Bond, Moment, MomentSignal, Suggestion, SuggestionItem
from .moments import as_history, months_old
from .timeline import KNOWN

FEWEST = 5

Cell = tuple[str, str]  # age band and history
TOTAL: Cell = ("", "")


def count(now: dt.datetime) -> int:
    """Count everything anew and hand it over. How many cells are kept, totals among them."""
    unmet = list(_unmet())
    tallies.keep(unmet, _received(), at=now)
    return len(unmet)


def suppress(cells: Mapping[Cell, Set[int]]) -> dict[Cell, Set[int]]:
    """The cells of one signal that may be told, each with its families, and their total; the rule stands above."""
    kept = {cell: families for cell, families in cells.items() if len(families) >= FEWEST}
    everybody = frozenset[int]().union(*cells.values())
    while kept and 0 < len(everybody.difference(*kept.values())) < FEWEST:
        del kept[min(kept, key=lambda cell: (len(kept[cell]), cell))]
    return kept | ({TOTAL: everybody} if len(everybody) >= FEWEST else {})


def rounded(families: Set[int]) -> int:
    return len(families) // FEWEST * FEWEST


def _unmet() -> Iterator[Unmet]:
    for why, moments in ((UnmetNeed.Why.NOTHING, _shown_nothing()), (UnmetNeed.Why.NOT_US, _not_us())):
        for signal, cells in sorted(_cells(moments).items()):
            for (band, history), families in sorted(suppress(cells).items()):
                yield Unmet(why.value, signal, band, history, rounded(families))


def _counted() -> QuerySet[Moment]:
    """What parents logged themselves and have not deleted: a recorder does not speak for the family."""
    return Moment.objects.filter(deleted_at=None, author=F("owner"))


def _shown_nothing() -> QuerySet[Moment]:
    """The last suggestion has no passage. Where matching failed there is none, and nothing is known."""
    last = Suggestion.objects.filter(moment=OuterRef("pk")).order_by("-number").values("pk")[:1]
    passages = SuggestionItem.objects.filter(suggestion=OuterRef("last"), wording__passage__isnull=False)
    return _counted().annotate(last=Subquery(last)).filter(~Exists(passages), last__isnull=False)


def _not_us() -> QuerySet[Moment]:
    """Said of anything of the library; what is said of a therapist's own advice is not the curators' to mend."""
    said = SuggestionItem.objects.filter(feedback=SuggestionItem.Feedback.NOT_US, recommendation=None)
    return _counted().filter(pk__in=said.values("suggestion__moment"))


def _cells(moments: QuerySet[Moment]) -> dict[int, dict[Cell, set[int]]]:
    """By signal and cell the families, in one query.

    What was only read from words is left out, and history is what the author answered: one told in words is words."""
    told = Bond.objects.filter(user=OuterRef("moment__author"), child=OuterRef("moment__child")).values("hard_place")
    rows = (
        MomentSignal.objects.filter(moment__in=moments.values("pk"), state__in=KNOWN)
        .annotate(told=Subquery(told))
        .values_list("signal", "moment__child__family", "moment__child__born_on", "moment__happened_at", "told")
    )
    cells: dict[int, dict[Cell, set[int]]] = defaultdict(lambda: defaultdict(set))
    for signal, family, born, then, hard_place in rows.iterator():
        months = months_old(born, then)
        band = AGE_UNKNOWN if months is None else age_band(months)
        cells[signal][band, as_history(hard_place).value].add(family)
    return cells


def _received() -> Iterator[Received]:
    """By passage and by response, whatever the wording; nothing of one that was shown in too few families."""
    items = SuggestionItem.objects.filter(recommendation=None, suggestion__moment__in=_counted())
    rows = items.values_list("wording__passage", "wording__response", "feedback", "suggestion__moment__child__family")
    families: dict[tuple[int | None, int | None], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for passage, response, feedback, family in rows.distinct().iterator():
        taken = families[passage, response]
        taken["shown"].add(family)
        taken[feedback].add(family)
    for (of_passage, of_response), taken in families.items():
        if shown := rounded(taken["shown"]):
            helped, not_us = (rounded(taken[name]) or None for name in ("helped", "not_us"))
            yield Received(of_passage, of_response, shown, helped, not_us)
