"""Asking somebody in: another parent, a recorder, a therapist. By e-mail, with a link that works once."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from . import sharing
from .audit import note
from .jobs import after_commit, send_invitation
from .models import Caregiver, Child, Family, Invitation, User

LASTS = dt.timedelta(days=7)
KEPT = dt.timedelta(days=30)


class NotForYou(Exception):
    """The invitation went to another address than the one this user signs in with."""


class AlreadyHere(Exception):
    """This user is a parent of the family, or the one who invites."""


def invite_caregiver(*, by: User, family: Family, email: str, kind: str) -> Invitation:
    return _send(by, email, kind, family=family)


def invite_therapist(
    *, by: User, email: str, child: Child, from_date: dt.date, until: dt.datetime, includes_words: bool
) -> Invitation:
    """The terms stand in the invitation; accepting makes the share."""
    terms = {"child": child, "from_date": from_date, "until": until, "includes_words": includes_words}
    return _send(by, email, Invitation.Kind.THERAPIST, **terms)


def cancel(invitation: Invitation, *, by: User) -> None:
    with transaction.atomic():
        _answer(invitation)
        note(by, "cancel_invitation", invitation, concerns=by)


def accept(invitation: Invitation, *, by: User) -> None:
    """Raises NotForYou, AlreadyHere. The row is taken first, so two tabs accept once."""
    if invitation.email.casefold() != by.email.casefold():
        raise NotForYou
    with transaction.atomic():
        if not _answer(invitation):
            return
        if invitation.kind == Invitation.Kind.THERAPIST:
            _start_share(invitation, by)
        elif invitation.family:
            _join(invitation, invitation.family, by)
        note(by, "accept_invitation", invitation, concerns=invitation.invited_by)


def forget_old(before: dt.datetime) -> int:
    """Erase invitations, and the addresses in them, that ended before a time; how many."""
    return Invitation.objects.filter(expires_at__lt=before).delete()[0]


def _send(by: User, email: str, kind: str, **terms: Any) -> Invitation:
    """A second invitation to the same address for the same thing takes the place of the first."""
    with transaction.atomic():
        open_ones = by.invitations.filter(kind=kind, email__iexact=email, answered_at=None)
        open_ones.filter(child=terms.get("child"), family=terms.get("family")).update(answered_at=timezone.now())
        invitation = Invitation.objects.create(
            kind=kind, email=email.lower(), invited_by=by, expires_at=timezone.now() + LASTS, **terms
        )
        note(by, f"invite_{kind}", invitation, concerns=by)
        after_commit(send_invitation, invitation)
    return invitation


def _answer(invitation: Invitation) -> bool:
    """Whether it was still open."""
    still_open = Invitation.objects.filter(pk=invitation.pk, answered_at=None)
    return bool(still_open.update(answered_at=timezone.now()))


def _start_share(invitation: Invitation, therapist: User) -> None:
    if therapist == invitation.invited_by:
        raise AlreadyHere
    if not therapist.is_therapist:
        therapist.is_therapist = True
        therapist.save(update_fields=["is_therapist"])
    sharing.start(invitation, therapist)


def _join(invitation: Invitation, family: Family, user: User) -> None:
    """A recorder logs for one parent at a time in a family; who is asked in as a parent stops being a recorder."""
    place = Caregiver.objects.filter(user=user, family=family).first()
    if place is not None and place.role == Caregiver.Role.PARENT:
        raise AlreadyHere
    role = Caregiver.Role.PARENT if invitation.kind == Invitation.Kind.PARENT else Caregiver.Role.RECORDER
    if place is not None:
        place.delete()
    Caregiver.objects.create(user=user, family=family, role=role, invited_by=invitation.invited_by)
