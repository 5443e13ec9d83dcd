"""A family and its children: found, named, and what is known of a child's start."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from .audit import note
from .models import Caregiver, Child, Family, Moment, User
from .moments import look


@transaction.atomic
def add_child(*, by: User, name: str, pronouns: str = "") -> Child:
    """The first child makes the family; this user is its parent."""
    place = by.places.filter(role=Caregiver.Role.PARENT).order_by("pk").first()
    if place is None:
        place = Caregiver.objects.create(user=by, family=Family.objects.create())
    child = Child.objects.create(family=place.family, name=name, pronouns=pronouns)
    note(by, "add_child", child, concerns=by)
    return child


def change_child(child: Child, *, by: User, **details: Any) -> Child:
    """Name, pronouns, birth month, history; once the last two were answered they are not asked again."""
    changed = sorted(name for name, value in details.items() if getattr(child, name) != value)
    with transaction.atomic():
        for name in changed:
            setattr(child, name, details[name])
        if child.asked_at is None and {"born_on", "hard_place"} & details.keys():
            child.asked_at = timezone.now()
            child.save(update_fields=[*changed, "asked_at"])
        elif changed:
            child.save(update_fields=changed)
        if changed:
            note(by, "change_child", child, concerns=by, fields=changed)
    return child


def answer_history(moment: Moment, *, by: User, **details: Any) -> None:
    """The answer, or the skip, given on a moment's page: kept with the child, and this moment is matched again."""
    before = (moment.child.born_on, moment.child.hard_place)
    kept = {name: value for name, value in details.items() if value}  # an empty answer never wipes an earlier one
    change_child(moment.child, by=by, **({"born_on": before[0], "hard_place": before[1]} | kept))
    if (moment.child.born_on, moment.child.hard_place) != before:
        look(moment)
