"""The authors' own texts: loaded by whoever holds them, never shipped.

What is shipped of a text is `library/fingerprints.json`: the length and a hash of each paragraph, so that a text is
known when it comes. White space does not count, nor which quotes and dashes are used; captions that were scraped along
with the text may be there or not, and are never kept.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import shipping
from .models import Original, Passage, Source

# Bytes of a file, characters of a text. The founding documents have about ten thousand.
LIMIT = 1_000_000
# Quotes, dashes and dots that people's programs put for one another.
ALIKE = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
}
# How far on a missed paragraph is looked for, and how much is quoted of what stands in its place.
FAR, FEW = 20_000, 60
# What we say before a paragraph with a claim that hurts some families; `fingerprints.json` names the paragraphs.
NOTES = {
    "trust": gettext_lazy(
        "A word from us first: trust grows through care, in every kind of family. Adopted, foster, step or by birth, "
        "it grows each time a child is cared for."
    ),
}


class Refused(Exception):
    """The text is not taken; the message says why, for people."""


def known() -> list[str]:
    """The slugs of the sources whose texts can be loaded."""
    return list(_fingerprints(shipping.SHIPPED))


def load(slug: str, text: str, by: AbstractBaseUser | None = None) -> bool:
    """Keep the text of a source; whether anything changed. Refused, it leaves what was loaded before as it was."""
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        raise Refused(_("There is no source “%(slug)s”. Is the library loaded?") % {"slug": slug})
    kept = "\n".join(paragraphs(source, text))
    if Original.objects.filter(source=source, text=kept).exists():
        return False
    Original.objects.update_or_create(source=source, defaults={"text": kept, "loaded_by": by})  # type: ignore[misc]
    return True


def read(path: Path) -> str:
    """The text of a file, which must be UTF-8. One that is too large is refused unread."""
    try:
        if not path.is_file():
            raise Refused(_("This is not a file."))
        if (size := path.stat().st_size) > LIMIT:
            sizes = {"size": round(size / 1_000_000, 1), "most": LIMIT // 1_000_000}
            raise Refused(_("The file is too large: %(size)s MB, and at most %(most)s MB is taken.") % sizes)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Refused(_("The file cannot be read: %(why)s.") % {"why": error.strerror}) from error
    except UnicodeDecodeError as error:
        raise Refused(_not_utf8()) from error
    if "\0" in text:  # UTF-16, most often
        raise Refused(_not_utf8())
    return text


def paragraphs(source: Source, text: str) -> list[str]:
    """The paragraphs of a text as the library counts them, from 1; empty where it counts a caption.

    Another text than the one we know is refused with the first difference.
    """
    entry = _fingerprints(shipping.SHIPPED).get(source.slug)
    if entry is None:
        raise Refused(_("Of “%(source)s” no text can be loaded.") % {"source": source})
    if len(text) > LIMIT:
        raise Refused(_("The text is too long: at most %(most)s letters and signs are taken.") % {"most": LIMIT})
    held = _Held(text, entry["captions"])
    found = []
    for number, pieces in enumerate(entry["paragraphs"], 1):
        start, wanted = held.at, pieces.split()
        parts = [part for piece in wanted if (part := held.take(piece)) is not None]
        if len(parts) < len(wanted):
            held.at = start
            raise Refused(_difference(source, held, number, entry["paragraphs"]))
        found.append(" ".join(parts))
    held.pass_captions()
    if not held.is_over:
        raise Refused(
            _("“%(source)s”: something extra stands after the last paragraph: “%(begins)s”.")
            % {"source": source, "begins": held.begins}
        )
    return found


def of(passage: Passage) -> list[str]:
    """What the author wrote where the passage is taken from; empty while the text is not loaded."""
    text = Original.objects.filter(source_id=passage.source_id).values_list("text", flat=True).first() or ""
    lines = text.split("\n")[passage.first_paragraph - 1 : passage.last_paragraph]
    return [line for line in lines if line]


def notes(passage: Passage) -> list[str]:
    """What is to be said before the original of this passage."""
    of_source = _fingerprints(shipping.SHIPPED).get(passage.source.slug, {}).get("notes", {})
    numbers = range(passage.first_paragraph, passage.last_paragraph + 1)
    return [str(NOTES[of_source[str(number)]]) for number in numbers if str(number) in of_source]


def measured(text: str, captions: Iterable[str] = ()) -> dict[str, Any]:
    """An entry of `fingerprints.json`, from a text as it was scraped and the captions in it.

    A paragraph with a caption in its midst has several pieces, one that is a caption has none.
    """
    marks = [_folded(caption)[0] for caption in captions]
    cut = re.compile("|".join(map(re.escape, marks)) or "(?!)")
    lines = [_folded(line)[0] for line in _tidied(text).splitlines()]
    return {
        "paragraphs": [" ".join(_fingerprint(piece) for piece in cut.split(line) if piece) for line in lines if line],
        "captions": [_fingerprint(mark) for mark in marks],
    }


@cache
def _fingerprints(folder: Path) -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = json.loads((folder / "fingerprints.json").read_text(encoding="utf-8"))
    return entries


class _Held:
    """A text that somebody holds, read from the beginning, a known piece at a time."""

    def __init__(self, text: str, captions: list[str]) -> None:
        self.text = _tidied(text)
        self.signs, self.places = _folded(self.text)
        self.captions = captions
        self.at = 0

    @property
    def is_over(self) -> bool:
        return self.at == len(self.signs)

    @property
    def begins(self) -> str:
        """The next few words, fit to be printed."""
        place = self.places[self.at]
        line = self.text[place : place + FEW].splitlines()[0].rstrip()
        if len(line) >= FEW - 1:
            line = f"{line.rpartition(' ')[0] or line}…"
        return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)

    def stands(self, piece: str, at: int | None = None) -> bool:
        at = self.at if at is None else at
        return _fingerprint(self.signs[at : at + _length(piece)]) == piece

    def take(self, piece: str) -> str | None:
        """The words of this piece and on to the next, if it is this that comes now, captions passed over."""
        if not self.stands(piece):
            self.pass_captions()
        if not self.stands(piece):
            return None
        first, self.at = self.at, self.at + _length(piece)
        return " ".join(self.text[self.places[first] : self.places[self.at - 1] + 1].split())

    def pass_captions(self) -> None:
        while caption := next((caption for caption in self.captions if self.stands(caption)), None):
            self.at += _length(caption)


def _difference(source: Source, held: _Held, number: int, entries: list[str]) -> str:
    """What is wrong at this paragraph, where the reading of a text came to its end."""
    first = entries[number - 1].split()[0]
    if not held.stands(first):
        held.pass_captions()
    if held.is_over:
        return _("“%(source)s”: the text ends before paragraph %(number)s.") % {"source": source, "number": number}
    differs = _("“%(source)s”: paragraph %(number)s is not as we know it. Here it begins “%(begins)s”.")
    if held.stands(first):
        sentence = differs
    elif any(held.stands(later.split()[0]) for later in entries[number:] if later):
        sentence = _("“%(source)s”: paragraph %(number)s is missing. Here the text goes on with “%(begins)s”.")
    elif any(held.stands(first, at) for at in range(held.at + 1, min(held.at + FAR, len(held.signs)))):
        sentence = _("“%(source)s”: something extra stands before paragraph %(number)s: “%(begins)s”.")
    else:
        sentence = differs
    return sentence % {"source": source, "number": number, "begins": held.begins}


def _not_utf8() -> str:
    return _("The file is not written in UTF-8. Open it in the program it comes from, save it as UTF-8 and load again.")


def _tidied(text: str) -> str:
    """Composed letters, and none of the characters that nobody sees."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(char for char in composed if unicodedata.category(char) != "Cf")


def _folded(text: str) -> tuple[str, list[int]]:
    """The signs that count, and where in the text each of them stands."""
    signs: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for sign in "" if char.isspace() else ALIKE.get(char, char):
            if sign == "-" and signs and signs[-1] == "-" and places[-1] == place - 1:
                places[-1] = place  # two hyphens are typed for one dash
            else:
                signs.append(sign)
                places.append(place)
    return "".join(signs), places


def _fingerprint(signs: str) -> str:
    return f"{len(signs)}:{hashlib.sha256(signs.encode()).hexdigest()[:16]}"


def _length(piece: str) -> int:
    return int(piece.partition(":")[0])
