"""Who may see what: the only place where a code from outside becomes a row.

404 where somebody may not know a thing exists ("not yours" and "not there" answer alike), 403 where they may see it
but not do this. Superusers get no pass.
"""

import datetime as dt
import uuid

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from guidance.browse import published_passages
from guidance.models import Passage, Signal

from .models import Caregiver, Child, Moment, OwnChip, SuggestionItem, User

UNDO_FOR = dt.timedelta(minutes=30)


def children(user: User) -> QuerySet[Child]:
    """The children of the families this user cares for, in whatever role."""
    return Child.objects.filter(family__caregivers__user=user).order_by("created_at", "pk").distinct()


def child_to_change(user: User, code: uuid.UUID) -> Child:
    """A child whose name, age and history this user may change: parents of the family."""
    child = children(user).filter(code=code).first()
    if child is None:
        raise Http404
    if not child.family.caregivers.filter(user=user, role=Caregiver.Role.PARENT).exists():
        raise PermissionDenied
    return child


def child_of_last_moment(user: User) -> uuid.UUID | None:
    """The child a new moment is most likely about."""
    return (
        Moment.objects.filter(author=user, deleted_at=None, child__in=children(user))
        .order_by("-happened_at", "-pk")
        .values_list("child__code", flat=True)
        .first()
    )


def first_day_of(user: User, child: Child) -> dt.date | None:
    """The day of the earliest moment this user may see of a child."""
    earliest = moments(user).filter(child=child).order_by("happened_at").values_list("happened_at", flat=True).first()
    return timezone.localtime(earliest).date() if earliest else None


def moments(user: User) -> QuerySet[Moment]:
    """Moments this user decides about, and those they typed themselves."""
    return Moment.objects.filter(Q(owner=user) | Q(author=user), deleted_at=None)


def moment(user: User, code: uuid.UUID) -> Moment:
    found = moments(user).select_related("child").filter(code=code).first()
    if found is None:
        raise Http404
    return found


def moment_to_change(user: User, code: uuid.UUID) -> Moment:
    """A moment this user may change: only who typed it."""
    found = moment(user, code)
    if found.author_id != user.pk:
        raise PermissionDenied
    return found


def moment_to_restore(user: User, code: uuid.UUID) -> Moment:
    """A moment this user deleted not long ago."""
    since = timezone.now() - UNDO_FOR
    found = Moment.objects.filter(author=user, code=code, deleted_at__gte=since).first()
    if found is None:
        raise Http404
    return found


def suggestion_item(user: User, code: uuid.UUID) -> SuggestionItem:
    """Something that was suggested with a moment this user typed."""
    found = (
        SuggestionItem.objects.filter(code=code, suggestion__moment__author=user, suggestion__moment__deleted_at=None)
        .select_related("suggestion__moment")
        .first()
    )
    if found is None:
        raise Http404
    return found


def own_chips(user: User) -> QuerySet[OwnChip]:
    return OwnChip.objects.filter(owner=user).order_by("created_at", "pk")


def own_chip(user: User, code: uuid.UUID) -> OwnChip:
    found = own_chips(user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def signals() -> QuerySet[Signal]:
    return Signal.objects.defer("phrases").order_by("order", "slug")


def signal(slug: str) -> Signal:
    found = signals().filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def passage(slug: str) -> Passage:
    found = published_passages().filter(slug=slug).first()
    if found is None:
        raise Http404
    return found
