"""Sharing as a lease: what one parent lets one therapist read of one child, from when, until when."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .audit import note
from .jobs import after_commit, announce_end
from .models import Audit, Bond, Caregiver, Comment, Invitation, Moment, Receipt, Share, User

RECORDED = {
    "invite_therapist": _("invited a therapist"),
    "invite_parent": _("invited the other parent"),
    "invite_recorder": _("invited somebody to log"),
    "cancel_invitation": _("took an invitation back"),
    "accept_invitation": _("accepted an invitation"),
    "share": _("began to read"),
    "change_share": _("changed what is shared"),
    "revoke_share": _("stopped a share"),
    "export": _("took the brief away as a file"),
    "keep_back": _("kept a moment back"),
    "give_back": _("gave a kept-back moment free"),
    "switch_parents": _("changed who else reads a moment"),
    "share_with_parent": _("switched on sharing with the other parent"),
    "stop_with_parent": _("switched off sharing with the other parent"),
    "comment": _("commented on a moment"),
    "remove_comment": _("took a comment back"),
    "recommend": _("recommended something"),
    "end_recommendation": _("ended a recommendation"),
    "set_stance": _("set how near to be"),
    "remove_caregiver": _("removed somebody"),
    "leave_family": _("left a family"),
}
LEASE = dt.timedelta(days=90)
ANNOUNCED = dt.timedelta(days=7)


def as_if_given(moment: Moment, *, includes_words: bool) -> Share:
    """Not saved: enough of a share to see this one moment under it."""
    return Share(owner=moment.owner, child=moment.child, from_date=moment.day, includes_words=includes_words)


def start(invitation: Invitation, therapist: User) -> Share:
    """The share that an invitation names. One to the same therapist for the same child takes its terms over."""
    terms = {
        "from_date": invitation.from_date,
        "until": invitation.until,
        "includes_words": invitation.includes_words,
        "announced_at": None,
    }
    share, created = Share.objects.update_or_create(
        owner=invitation.invited_by, therapist=therapist, child=invitation.child, revoked_at=None, defaults=terms
    )
    note(therapist, "share" if created else "change_share", share, concerns=share.owner, fields=sorted(terms))
    return share


def change(share: Share, *, by: User, **terms: object) -> None:
    """What is read, from when, until when."""
    changed = sorted(name for name, value in terms.items() if getattr(share, name) != value)
    if not changed:
        return
    for name in changed:
        setattr(share, name, terms[name])
    if "until" in changed:
        share.announced_at = None
    with transaction.atomic():
        share.save(update_fields=[*changed, "announced_at"])
        note(by, "change_share", share, concerns=share.owner, fields=changed)


def renew(share: Share, *, by: User) -> None:
    """Ninety days from today."""
    change(share, by=by, until=timezone.now() + LEASE)


def revoke(share: Share, *, by: User) -> None:
    """It stops at once. What was read stays read; pins and the stance end with it. Nobody is told."""
    with transaction.atomic():
        share.revoked_at = timezone.now()
        share.save(update_fields=["revoked_at"])
        note(by, "revoke_share", share, concerns=share.owner)


def keep_back(moment: Moment, *, by: User, kept: bool) -> None:
    """No therapist sees it, nor counts it."""
    if moment.kept_back != kept:
        with transaction.atomic():
            moment.kept_back = kept
            moment.save(update_fields=["kept_back"])
            note(by, "keep_back" if kept else "give_back", moment, concerns=moment.owner)


def switch_parents(moment: Moment, *, by: User, answer: str) -> None:
    """Whether the other parent reads this one moment: yes, no, or "" for what is set for the child."""
    if moment.with_parents != answer:
        with transaction.atomic():
            moment.with_parents, moment.with_parents_at = answer, timezone.now()
            moment.save(update_fields=["with_parents", "with_parents_at"])
            note(by, "switch_parents", moment, concerns=moment.owner, fields=["with_parents"])


@dataclass(frozen=True)
class Readers:
    """Who else reads one moment, as its owner's page says it."""

    with_therapists: bool  # somebody holds a share that covers it, or would if it were not kept back
    with_parents: bool  # another parent is there
    other_parent_reads: bool
    held_back: bool  # the default does not cover it
    comments: list[Comment]
    receipts: list[Receipt]


def readers_of(moment: Moment) -> Readers:
    live = Share.objects.filter(
        owner=moment.owner_id, child=moment.child_id, revoked_at=None, until__gt=timezone.now()
    ).filter(from_date__lte=moment.day)
    parents = list(Caregiver.objects.filter(family=moment.child.family_id, role=Caregiver.Role.PARENT).order_by("pk"))
    still_here = any(parent.user_id == moment.owner_id for parent in parents)
    others = [parent for parent in parents if still_here and parent.user_id != moment.owner_id]
    return Readers(
        with_therapists=live.exists(),
        with_parents=bool(others),
        other_parent_reads=_other_parent_reads(moment, others),
        held_back=_held_back(moment),
        comments=list(moment.comments.select_related("therapist").order_by("created_at", "pk")),
        receipts=receipts_of(moment),
    )


def unread_comments(user: User) -> list[Comment]:
    """What therapists have written about this user's moments and they have not had before them yet."""
    rows = Comment.objects.filter(moment__owner=user, moment__deleted_at=None, read_at=None)
    return list(rows.select_related("moment").defer("text").order_by("created_at", "pk"))


def have_read(comments: list[Comment]) -> None:
    unread = [one.pk for one in comments if one.read_at is None]
    if unread:
        Comment.objects.filter(pk__in=unread).update(read_at=timezone.now())


def _other_parent_reads(moment: Moment, others: list[Caregiver]) -> bool:
    """As the page says it; the rule itself stands in `access`, and a test holds the two together."""
    if not others:
        return False
    since = moment.with_parents_at
    if not moment.with_parents:
        default = Bond.objects.filter(
            user=moment.owner_id, child=moment.child_id, for_parents_since__lte=moment.created_at
        )
        since = None if _held_back(moment) else default.values_list("for_parents_since", flat=True).first()
    if since is None or moment.with_parents == Moment.WithParents.NO:
        return False
    return any(other.created_at <= since for other in others)


def _held_back(moment: Moment) -> bool:
    """Whether the default never covers it: a risk note, or words about another grown-up."""
    return moment.risk_level != Moment.RiskLevel.NONE or moment.soft_check or moment.names_somebody


def announce_ends(now: dt.datetime) -> int:
    """Tell the owners of shares that end within a week, once; how many."""
    ending = Share.objects.filter(revoked_at=None, announced_at=None, until__gt=now, until__lte=now + ANNOUNCED)
    told = 0
    for share in ending.order_by("pk"):
        with transaction.atomic():
            if Share.objects.filter(pk=share.pk, announced_at=None).update(announced_at=now):
                after_commit(announce_end, share)
                told += 1
    return told


def receipts(user: User, most: int = 200) -> list[Receipt]:
    """Who read what of this user's moments, newest first."""
    return list(
        Receipt.objects.filter(owner=user).select_related("reader", "child", "moment").order_by("-at", "-pk")[:most]
    )


def receipts_of(moment: Moment) -> list[Receipt]:
    """Who opened this moment, or had it on a page, newest first."""
    listed = Q(first_day__lte=moment.day, last_day__gte=moment.day) & ~Q(kind=Receipt.Kind.MOMENT)
    rows = Receipt.objects.filter(Q(moment=moment) | listed, owner=moment.owner_id, child=moment.child_id)
    code = str(moment.code)
    found = rows.select_related("reader").order_by("-at", "-pk")
    return [row for row in found if row.moment_id == moment.pk or code in row.codes]


def record_of(user: User, most: int = 200) -> list[Audit]:
    """What was done about this user's sharing, by them and by others, newest first."""
    rows = Audit.objects.filter(concerns=user, verb__in=RECORDED).select_related("who")
    found = list(rows.order_by("-at", "-pk")[:most])
    for row in found:
        row.said = RECORDED[row.verb]  # type: ignore[attr-defined]
    return found
