"""Whether words speak of another grown-up of the family: such a moment is not shared with the other parent by itself.

Meant to say yes too often rather than too seldom: a yes only means that the parent is asked to switch sharing on.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from guidance.matching.language import COMMON, is_english
from guidance.matching.load import shipped_words
from guidance.matching.phrases import sentences

_GROWN_UPS = re.compile(
    r"""\b(
    mum|mummy|mom|mommy|mama|mother|dad|daddy|papa|father|step-?(mum|mom|mother|dad|father|parent)s?
    |husband|wife|partner|ex|boyfriend|girlfriend|fianc[eé]e?|spouse|co-?parent|other\ parent|hubby|[od]h|dw
    |gran|granny|grandd?ad|grand-?(ma|pa|dad|mum|mother|father|parent)s?|nan|nana|nanna|opa|oma|in-?laws?|[mfbs]il
    |nanny|sitter|babysitter|child-?minder|carer|au\ pair|foster\ (mum|mom|dad|parent|carer)s?
    |aunt|aunty|auntie|uncle|sister|brother|cousin|friend|neighbou?r|teacher|lodger|(social|key|support)\ worker
    )s?(['’]s)?\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# More than this share of words we do not know: perhaps another language.
_UNKNOWN_SHARE = 0.34


def names_somebody(texts: Iterable[str], child: str = "") -> bool:
    """A kin word, a name that is not the child's, or words that cannot be read."""
    told = [text for text in texts if text.strip()]
    return any(_GROWN_UPS.search(text) or _is_foreign(text) or _has_a_name(text, child) for text in told)


def _is_foreign(text: str) -> bool:
    words = _WORD.findall(text)
    return sum(map(_is_strange, words)) > _UNKNOWN_SHARE * len(words) or not is_english(sentences(text))


def _has_a_name(text: str, child: str) -> bool:
    """A capital on a word we do not know; the child's own name aside."""
    own = {word.casefold() for word in _WORD.findall(child)}
    words = _WORD.findall(unicodedata.normalize("NFC", text))
    return any(word[0].isupper() and _is_strange(word) and _stem(word) not in own for word in words)


def _is_strange(word: str) -> bool:
    return not {re.sub("['’]", "", word).casefold(), _stem(word)} & _known()


def _stem(word: str) -> str:
    return re.split("['’]", word)[0].casefold()


@cache
def _known() -> frozenset[str]:
    return frozenset({*COMMON, *shipped_words()})
