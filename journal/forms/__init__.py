"""What people may send, with plain words beside the field where it cannot be taken."""

from .moments import MomentChangeForm, MomentForm, MoreForm
from .people import ChildForm, HistoryForm, NameForm
from .sharing import (
    CommentForm,
    InviteForm,
    NoteForm,
    RecommendForm,
    SessionForm,
    ShareChangeForm,
    ShareForm,
    StanceForm,
)
from .timeline import SharedTimelineForm, TimelineForm

__all__ = [
    "ChildForm",
    "CommentForm",
    "HistoryForm",
    "InviteForm",
    "MomentChangeForm",
    "MomentForm",
    "MoreForm",
    "NameForm",
    "NoteForm",
    "RecommendForm",
    "SessionForm",
    "ShareChangeForm",
    "ShareForm",
    "SharedTimelineForm",
    "StanceForm",
    "TimelineForm",
]
