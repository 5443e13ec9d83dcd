"""Whether words speak of another grown-up of the family: such a moment is not shared with the other parent by itself.

Meant to say yes too often rather than too seldom: a yes only means that the parent is asked to switch sharing on.
"""

import re
from collections.abc import Iterable

from guidance.matching.language import is_english
from guidance.matching.phrases import sentences

_GROWN_UPS = re.compile(
    r"""\b(
    mum|mummy|mom|mommy|mama|ma|mother|dad|daddy|papa|pa|father|step-?(mum|mom|mother|dad|father|parent)s?
    |husband|wife|partner|ex|boyfriend|girlfriend|fianc[eé]e?|spouse|co-?parent|other\ parent|hubby|oh
    |gran|granny|grand-?(ma|pa|dad|mum|mother|father|parent)s?|nan|nana|nanna|opa|oma|in-?laws?
    |nanny|sitter|babysitter|childminder|carer|au\ pair|foster\ (mum|mom|dad|parent|carer)s?
    |aunt|aunty|auntie|uncle|neighbou?r|teacher|lodger
    )(['’]?s)?\b""",
    re.IGNORECASE | re.VERBOSE,
)


def names_somebody(texts: Iterable[str]) -> bool:
    """Words that cannot be read count as yes."""
    told = [text for text in texts if text.strip()]
    return any(_GROWN_UPS.search(text) or not is_english(sentences(text)) for text in told)
