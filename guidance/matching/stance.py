"""How near to be: the rule that binds passages and responses.

The founding texts disagree on nearness and both are right; the child's history decides. A hard place: closer, never
"practice" first, never comfort-16. An ordinary history: space, "loss" never first unless a loss was told. Not known:
space first, closer second, and the question that decides.
"""

from functools import cache

from .values import ChosenPassage, Gate, History, Library, Stance

SHOWN = 3
NEVER_FOR_HARD_PLACE = frozenset({"comfort-16"})


@cache
def allowed(history: History) -> frozenset[str]:
    """The stances a passage or response may take; those without a stance always may."""
    if history is History.YES:
        return frozenset({"", Stance.CLOSER.value})
    if history is History.NO:
        return frozenset({"", Stance.SPACE.value})
    return frozenset({"", Stance.CLOSER.value, Stance.SPACE.value})


def bind(ranked: list[ChosenPassage], library: Library, history: History, loss_told: bool) -> list[ChosenPassage]:
    """Put the ranked passages in an order the rule allows; what is not allowed is left out."""
    may = allowed(history)
    entries = library.by_slug
    kept = [
        chosen
        for chosen in ranked
        if entries[chosen.slug].stance in may and not (history is History.YES and chosen.slug in NEVER_FOR_HARD_PLACE)
    ]
    return in_order(_differing(kept, library), library, history, loss_told)


def in_order(kept: list[ChosenPassage], library: Library, history: History, loss_told: bool) -> list[ChosenPassage]:
    """What may stand first does."""
    not_first = "practice" if history is History.YES else ("" if loss_told else "loss")
    kept = _not_first(kept, library, not_first)
    return _space_before_closer(kept, library) if history is History.UNKNOWN else kept


def of_shown(shown: tuple[ChosenPassage, ...], library: Library, history: History, gates: tuple[Gate, ...]) -> Stance:
    """The stance a parent reads; none where nothing shown is about nearness, or the child is afraid of a person."""
    if not shown or Gate.AFRAID in gates:
        return Stance.NONE
    if history is History.YES:
        return Stance.CLOSER
    if history is History.NO:
        return Stance.SPACE
    stances = {library.by_slug[chosen.slug].stance for chosen in shown} - {""}
    if Stance.CLOSER.value in stances:
        return Stance.BOTH
    return Stance.SPACE if stances else Stance.NONE


def _differing(kept: list[ChosenPassage], library: Library) -> list[ChosenPassage]:
    """The best of those that offer the same stays in its place; the others wait behind the three shown."""
    chosen: list[ChosenPassage] = []
    offered: set[str] = set()
    for one in kept:
        offers = library.by_slug[one.slug].offers or one.slug
        if len(chosen) < SHOWN and offers not in offered:
            chosen.append(one)
            offered.add(offers)
    return chosen + [one for one in kept if one not in chosen]


def _space_before_closer(kept: list[ChosenPassage], library: Library) -> list[ChosenPassage]:
    """Where a closer passage would stand among the shown before any space passage, the best space one goes first."""
    stances = [library.by_slug[chosen.slug].stance for chosen in kept]
    first_closer = next((place for place, stance in enumerate(stances) if stance == Stance.CLOSER.value), None)
    first_space = next((place for place, stance in enumerate(stances) if stance == Stance.SPACE.value), None)
    if first_closer is None or first_closer >= SHOWN or (first_space is not None and first_space < first_closer):
        return kept
    if first_space is None:
        return [chosen for chosen, stance in zip(kept, stances, strict=True) if stance != Stance.CLOSER.value]
    kept = list(kept)
    kept.insert(min(first_closer, SHOWN - 2), kept.pop(first_space))
    return kept


def _not_first(kept: list[ChosenPassage], library: Library, frame: str) -> list[ChosenPassage]:
    if not frame:
        return kept
    first = next((place for place, chosen in enumerate(kept) if library.by_slug[chosen.slug].frame != frame), None)
    if not first:  # none to change, or the first one is fine already
        return kept
    return [kept[first], *kept[:first], *kept[first + 1 :]]
