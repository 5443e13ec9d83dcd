"""A family: its children, what each caregiver knows and decides of a child, and who is in it."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from .audit import note
from .models import Bond, Caregiver, Child, Family, Moment, User
from .moments import look

OF_CHILD = ("name", "pronouns", "born_on")


class OnlyParent(Exception):
    """Nobody else in the family could look after its children's rows."""


@transaction.atomic
def add_child(*, by: User, name: str, pronouns: str = "") -> Child:
    """The first child makes the family; this user is its parent."""
    place = by.places.filter(role=Caregiver.Role.PARENT).order_by("pk").first()
    if place is None:
        place = Caregiver.objects.create(user=by, family=Family.objects.create())
    child = Child.objects.create(family=place.family, name=name, pronouns=pronouns)
    note(by, "add_child", child, concerns=by)
    return child


def bond(user: User, child: Child) -> Bond:
    """What this caregiver knows and decides of a child; unsaved where they have said nothing yet."""
    return Bond.objects.filter(user=user, child=child).first() or Bond(user=user, child=child)


def change_child(child: Child, *, by: User, **details: Any) -> Child:
    """Name, pronouns, birth month; and the history, which stays this caregiver's own.

    Once birth month and history were answered they are not asked again."""
    own = bond(by, child)
    changed = sorted(
        name for name, value in details.items() if getattr(child if name in OF_CHILD else own, name) != value
    )
    with transaction.atomic():
        for name in changed:
            setattr(child if name in OF_CHILD else own, name, details[name])
        if {"born_on", "hard_place"} & details.keys():
            own.asked_at = own.asked_at or timezone.now()
            own.save()
        if of_child := [name for name in changed if name in OF_CHILD]:
            child.save(update_fields=of_child)
        if changed:
            note(by, "change_child", child, concerns=by, fields=changed)
    return child


def answer_history(moment: Moment, *, by: User, **details: Any) -> None:
    """The answer, or the skip, given on a moment's page: kept with the child, and this moment is matched again."""
    before = {"born_on": moment.child.born_on, "hard_place": bond(by, moment.child).hard_place}
    kept = before | {name: value for name, value in details.items() if value}  # an empty answer wipes nothing
    change_child(moment.child, by=by, **kept)
    if kept != before:
        look(moment)


def share_by_default(child: Child, *, by: User, on: bool) -> None:
    """Whether this parent's moments of a child, from now on, may be read by the other parent. Nobody is told."""
    own = bond(by, child)
    if bool(own.for_parents_since) == on:
        return
    with transaction.atomic():
        own.for_parents_since = timezone.now() if on else None
        own.save()
        note(by, "share_with_parent" if on else "stop_with_parent", child, concerns=by)


def leave(place: Caregiver) -> None:
    """Out of the family, with every moment still decided by who decided it. Those this parent asked in go too.

    Raises OnlyParent where no other parent is left."""
    by, family = place.user, place.family
    with transaction.atomic():
        parents = list(Caregiver.objects.select_for_update().filter(family=family, role=Caregiver.Role.PARENT))
        if place.role == Caregiver.Role.PARENT and len(parents) < 2:
            raise OnlyParent
        _end(place)
        note(by, "leave_family", family, concerns=by)


def remove(place: Caregiver, *, by: User) -> None:
    """Somebody this parent asked in. Their own moments stay theirs; they are not told."""
    with transaction.atomic():
        _end(place)
        note(by, "remove_caregiver", place.family, concerns=by)


def _end(place: Caregiver) -> None:
    """With a place go the recorders and invitations that rested on it, and what was open to the other parent."""
    user, family = place.user, place.family
    Caregiver.objects.filter(family=family, invited_by=user, role=Caregiver.Role.RECORDER).delete()
    user.invitations.filter(family=family, answered_at=None).update(answered_at=timezone.now())
    user.bonds.filter(child__family=family).update(for_parents_since=None)
    user.moments_owned.filter(child__family=family).update(with_parents="", with_parents_at=None)
    place.delete()
    if Caregiver.objects.filter(family=family, role=Caregiver.Role.PARENT).count() == 1:
        Bond.objects.filter(child__family=family).update(for_parents_since=None)
        Moment.objects.filter(child__family=family).update(with_parents="", with_parents_at=None)
