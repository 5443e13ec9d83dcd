"""The curators' desk in Django's admin. Every writer here raises the library version."""

from . import bench, help_lines, library, originals, risk_phrases, unmet, wordings

__all__ = ["bench", "help_lines", "library", "originals", "risk_phrases", "unmet", "wordings"]
