"""What changed between two texts, word by word, as HTML that is safe to show."""

import re
from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WORDS = re.compile(r"\s+|[^\s]+")


def marked(old: str, new: str) -> tuple[SafeString, SafeString]:
    """Both texts, escaped; in the old one what went stands in <del>, in the new one what came in <ins>."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    gone, come = [], []
    for kind, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone.append(("" if kind == "equal" else "del", "".join(before[first:last])))
        come.append(("" if kind == "equal" else "ins", "".join(after[start:end])))
    return _join(gone), _join(come)


def _join(parts: list[tuple[str, str]]) -> SafeString:
    return format_html_join(
        "", "{}", ((format_html("<{0}>{1}</{0}>", tag, text) if tag else text,) for tag, text in parts if text)
    )
