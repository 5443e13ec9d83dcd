"""What is known, and what the desk keeps beside it."""

from .desk import BenchCase, Original, Reception, RiskPhrase, TallyRun, UnmetNeed
from .library import (
    MOST_WEIGHT,
    HelpLine,
    LibraryVersion,
    Passage,
    Response,
    Signal,
    Source,
    StanceChoice,
    Weight,
    Wording,
    finite,
    plain_text,
    published,
)

__all__ = [
    "MOST_WEIGHT",
    "HelpLine",
    "LibraryVersion",
    "Original",
    "Passage",
    "Reception",
    "Response",
    "RiskPhrase",
    "Signal",
    "Source",
    "StanceChoice",
    "TallyRun",
    "BenchCase",
    "UnmetNeed",
    "Weight",
    "Wording",
    "finite",
    "plain_text",
    "published",
]
