"""Who did what, when: one row in the transaction of the act, with names of fields and never values."""

import uuid
from typing import Protocol

from .models import Audit, User


class Coded(Protocol):
    code: uuid.UUID


def note(who: User, verb: str, what: Coded, *, concerns: User, fields: list[str] | None = None) -> None:
    """Call it inside the transaction of the act."""
    Audit.objects.create(who=who, verb=verb, code=what.code, concerns=concerns, fields=fields or [])
