"""What a therapist does with what is shared: reads, marks, comments, keeps notes. Every reading leaves a receipt."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from . import access, timeline
from .audit import note
from .caseload import read_by
from .jobs import after_commit, tell_of_comment
from .models import Appointment, Comment, Mark, Moment, Note, Receipt, Share, User
from .shown import sight_of


def page(share: Share, filters: dict[str, Any], before: str = "") -> timeline.Page:
    """A page of the shared timeline. Each moment's `mark` is this therapist's, where there is one."""
    moments = access.moments_under(share)
    sight = sight_of(share)
    if filters.get("unread"):
        moments = moments.filter(~Q(read_by(share.therapist)))
    if filters.get("risk") and sight.risk:
        moments = moments.exclude(risk_level=Moment.RiskLevel.NONE)
    found = timeline.page(moments, filters, before, sight)
    shown = moments_on(found)
    marks = {one.moment_id: one for one in Mark.objects.filter(reader=share.therapist_id, moment__in=shown)}
    for moment in shown:
        moment.mark = marks.get(moment.pk)  # type: ignore[attr-defined]
    return found


def moments_on(page: timeline.Page) -> list[Moment]:
    return [card.moment for day in page.days for card in day.cards]


def opened(share: Share, moment: Moment) -> Mark:
    """One receipt a reader, moment and day, and the read mark. Committed before the page is sent."""
    reader = share.therapist
    with transaction.atomic():
        receipt = _receipt(share, Receipt.Kind.MOMENT, moment=moment, first_day=moment.day, last_day=moment.day)
        Receipt.objects.bulk_create([receipt], ignore_conflicts=True)
        mark, _ = Mark.objects.get_or_create(reader=reader, moment=moment)
        if mark.read_at is None:
            mark.read_at = timezone.now()
            mark.save(update_fields=["read_at"])
    return mark


def listed(
    share: Share,
    kind: str,
    moments: Iterable[Moment],
    *,
    counted: int = 0,
    period: tuple[dt.date, dt.date] | None = None,
) -> None:
    """One receipt for a page, search, brief or export, with the codes of what it showed, and its period: the days
    shown, or for numbers over many the days they cover."""
    shown = list(moments)
    days = [moment.day for moment in shown] + list(period or ())
    codes = [str(moment.code) for moment in shown]
    first, last = min(days, default=None), max(days, default=None)
    row = _receipt(share, kind, codes=codes, counted=counted, first_day=first, last_day=last)
    Receipt.objects.bulk_create([row])


def exported(share: Share, moments: Iterable[Moment], *, counted: int, period: tuple[dt.date, dt.date]) -> None:
    """Taken away as a file: the receipt and the audit row stand before the first byte goes out."""
    with transaction.atomic():
        listed(share, Receipt.Kind.EXPORT, moments, counted=counted, period=period)
        note(share.therapist, "export", share, concerns=share.owner)


def next_unread(share: Share, moment: Moment) -> Moment | None:
    """Where to read on: the newest this reader has not read, older than this one or else of all."""
    unread = access.moments_under(share).filter(~Q(read_by(share.therapist))).exclude(pk=moment.pk)
    older = Case(When(happened_at__lt=moment.happened_at, then=Value(0)), default=Value(1))
    return unread.only("code").order_by(older, "-happened_at", "-pk").first()


def comments_on(share: Share, moment: Moment) -> list[Comment]:
    """This therapist's own; what others said is between them and the parent."""
    return list(moment.comments.filter(therapist=share.therapist_id).order_by("created_at", "pk"))


def notes_on(share: Share, moment: Moment) -> list[Note]:
    return list(moment.notes.filter(therapist=share.therapist_id).order_by("created_at", "pk"))


def mark(share: Share, moment: Moment, **changes: object) -> None:
    """`read_at` (None: unread again), `to_raise`, `acted_at`."""
    Mark.objects.update_or_create(reader=share.therapist, moment=moment, defaults=changes)


def act_on(share: Share, moment: Moment) -> None:
    """A risk note was read and acted on: dated once, and kept until what may be dangerous is another thing."""
    if moment.risk_level == Moment.RiskLevel.NONE:
        return
    with transaction.atomic():
        if Mark.objects.filter(reader=share.therapist, moment=moment, acted_at__isnull=False).exists():
            return
        mark(share, moment, acted_at=timezone.now())
        note(share.therapist, "act_on_risk", moment, concerns=share.therapist)


def comment(share: Share, moment: Moment, text: str) -> Comment:
    """To the moment's owner, who is mailed that there is one and nothing else."""
    with transaction.atomic():
        made = Comment.objects.create(moment=moment, therapist=share.therapist, text=text)
        note(share.therapist, "comment", moment, concerns=share.owner)
        after_commit(tell_of_comment, made)
    return made


def take_back(share: Share, made: Comment) -> None:
    with transaction.atomic():
        note(share.therapist, "remove_comment", made.moment, concerns=share.owner)
        made.delete()


def keep_note(share: Share, moment: Moment, text: str) -> None:
    """The practice's own record: no row of the family's record tells of it."""
    with transaction.atomic():
        Note.objects.create(therapist=share.therapist, share=share, moment=moment, text=text)
        note(share.therapist, "note", moment, concerns=share.therapist)


def meet(share: Share, on: dt.date) -> None:
    """A session: one that has been is added, one to come takes the place of the next."""
    with transaction.atomic():
        if on > timezone.localdate():
            share.appointments.filter(on__gt=timezone.localdate()).delete()
        Appointment.objects.get_or_create(share=share, on=on)


def notes_of(user: User) -> list[Note]:
    """All the practice's notes by this therapist, newest first, those of ended shares too."""
    opens = Case(When(access.covered_along("share__", "moment__"), then=Value(True)), default=Value(False))
    notes = user.notes.select_related("share__child", "moment").annotate(opens=opens)
    return list(notes.order_by("-created_at", "-pk"))


def _receipt(share: Share, kind: str, **details: object) -> Receipt:
    return Receipt(
        owner=share.owner,
        reader=share.therapist,
        child_id=share.child_id,
        kind=kind,
        day=timezone.localdate(),
        **details,
    )
