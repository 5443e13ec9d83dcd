"""The curators' desk in Django's admin. Every writer here raises the library version."""

from . import help_lines, library, wordings

__all__ = ["help_lines", "library", "wordings"]
