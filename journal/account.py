"""A user's own settings."""

from django.db import transaction

from .audit import note
from .models import OwnChip, User


@transaction.atomic
def move(user: User, *, country: str, time_zone: str) -> None:
    """Another country or time zone: help lines and days follow."""
    user.country, user.time_zone = country, time_zone
    user.save(update_fields=["country", "time_zone"])
    note(user, "change_account", user, concerns=user, fields=["country", "time_zone"])


@transaction.atomic
def remove_chip(chip: OwnChip, *, by: User) -> None:
    """The chip goes, from the moments it stands on too."""
    note(by, "remove_chip", chip, concerns=by)
    chip.delete()


@transaction.atomic
def want_digest(user: User, *, on: bool) -> None:
    """The weekly mail of counts, for therapists who want it."""
    user.wants_digest = on
    user.save(update_fields=["wants_digest"])
    note(user, "change_account", user, concerns=user, fields=["wants_digest"])
