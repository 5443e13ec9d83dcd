"""Families, their moments, and who may see them."""

from .moments import Attempt, Moment, MomentSignal, Suggestion, SuggestionItem
from .people import Bond, Caregiver, Child, Family, HardPlace, Invitation, OwnChip, User, UserManager
from .sharing import Audit, Canary, Receipt, Share, Unchangeable
from .therapy import Appointment, Comment, Mark, Note, Recommendation

__all__ = [
    "Appointment",
    "Attempt",
    "Audit",
    "Bond",
    "Canary",
    "Caregiver",
    "Child",
    "Comment",
    "Family",
    "HardPlace",
    "Invitation",
    "Mark",
    "Moment",
    "MomentSignal",
    "Note",
    "OwnChip",
    "Receipt",
    "Recommendation",
    "Share",
    "Suggestion",
    "SuggestionItem",
    "Unchangeable",
    "User",
    "UserManager",
]
