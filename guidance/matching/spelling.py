"""Mend slips of the thumb: an unknown word that is one slip away from a word we know is read as that word.

A slip is one letter left out, added, changed, or two swapped (Damerau 1964 found four in five misspellings to be one).
"""

from collections.abc import Iterable
from dataclasses import replace

from .phrases import Sentences

# Short words have too many neighbours, and the first letter is seldom wrong.
SHORTEST = 5


class Speller:
    """Knows words; of several it could mean, the earlier given."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known: set[str] = set()
        self._by_loss: dict[str, str] = {}
        for word in known:
            if word.isalpha() and word not in self._known:
                self._known.add(word)
                if len(word) >= SHORTEST:
                    for loss in _losses(word):
                        self._by_loss.setdefault(loss, word)

    def mend(self, cut: Sentences) -> Sentences:
        """The same sentences with misspelt words put right; places in the text stay as they were."""
        return [
            (
                [
                    token
                    if token.bare in self._known or len(token.bare) < SHORTEST
                    else replace(token, word=right, bare=right)
                    if (right := self.right(token.bare)) != token.bare
                    else token
                    for token in tokens
                ],
                other_time,
            )
            for tokens, other_time in cut
        ]

    def right(self, word: str) -> str:
        """The known word one slip away with the same first letter, or the word as it is."""
        for loss in sorted(_losses(word), key=len, reverse=True):
            meant = self._by_loss.get(loss)
            if meant and meant[0] == word[0] and is_one_slip(word, meant):
                return meant
        return word


def is_one_slip(word: str, other: str) -> bool:
    """One letter more, fewer or other, or two neighbours swapped."""
    if len(word) < len(other):
        word, other = other, word
    if len(word) - len(other) > 1:
        return False
    at = next((place for place, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]), len(other))
    if len(word) > len(other):
        return word[at + 1 :] == other[at:]
    return word[at + 1 :] == other[at + 1 :] or (
        word[at : at + 2] == other[at : at + 2][::-1] and word[at + 2 :] == other[at + 2 :]
    )


def _losses(word: str) -> set[str]:
    """The word, and the word with any one letter taken out: words one slip apart share one of these."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
