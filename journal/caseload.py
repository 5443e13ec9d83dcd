"""The therapist's home: a line a child, the one who needs them most first, with the reason said."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, FilteredRelation, Max, Min, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import access
from .models import Child, Mark, Moment, Share, User
from .timeline import KNOWN

QUIET = dt.timedelta(days=14)
LATELY = dt.timedelta(days=28)
TOO_FEW_DAYS = 5
ON_A_PAGE = 50
SHOWN = (
    "code", "child__name", "owner__email", "therapist__email", "from_date", "includes_words", "until", "created_at",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One share of a child, with why it stands where it stands: no words, no chips."""

    share: Share
    unread: int
    reasons: list[str]
    need: int  # the place of the first reason; 0 is the greatest need


@dataclass
class Case:
    """One child: usually one share, two where both parents of a family share with the same therapist."""

    child: Child
    next_session: dt.date | None = None
    lines: list[Line] = field(default_factory=list)

    @property
    def need(self) -> int:
        return min(line.need for line in self.lines)

    @property
    def unread(self) -> int:
        return sum(line.unread for line in self.lines)


def of(user: User) -> list[Case]:
    """Four queries, however many families. Raises Http404 and access.SecondFactorNeeded."""
    access.require_practice(user)
    counted = {row["share"]: row for row in _counts(user)}
    today = timezone.localdate()
    something_new = _with_something_new(user, today - LATELY)
    cases: dict[int, Case] = {}
    for share in access.shares_held(user).only(*SHOWN):
        case = cases.setdefault(share.child_id, Case(share.child))
        coming = [day for day in (case.next_session, share.next_session) if day]  # type: ignore[attr-defined]
        case.next_session = min(coming, default=None)
        case.lines.append(_line(share, counted.get(share.pk), share.pk in something_new, today))
    last = dt.date.max
    return sorted(cases.values(), key=lambda case: (case.need, case.next_session or last, -case.unread, case.child.pk))


def read_by(user: User) -> Exists:
    """A condition on moments: this reader has read them."""
    return Exists(Mark.objects.filter(reader=user, moment=OuterRef("pk"), read_at__isnull=False))


def _counts(user: User) -> Any:
    unread = Q(mark__read_at=None)
    at_risk = Q(with_words=True, mark__acted_at=None) & ~Q(risk_level=Moment.RiskLevel.NONE)
    return (
        access.moments_shared_with(user)
        .order_by()
        .alias(mark=FilteredRelation("marks", condition=Q(marks__reader=user)))
        .values("share")
        .annotate(
            last_day=Max("day"),
            earlier_days=Count("day", distinct=True, filter=Q(day__lt=timezone.localdate() - LATELY)),
            unread=Count("pk", filter=unread),
            to_talk_about=Count("pk", filter=unread & Q(for_therapy=True)),
            risks=Count("pk", filter=at_risk),
        )
    )


def _with_something_new(user: User, since: dt.date) -> set[int]:
    """The shares of which one chip was never tapped or confirmed before that day, and was since."""
    shared = access.moments_shared_with(user).filter(signals__state__in=KNOWN).order_by()
    firsts = shared.values("share", "signals__signal").annotate(first=Min("day")).filter(first__gte=since)
    return set(firsts.values_list("share", flat=True).distinct())


def _line(share: Share, counts: dict[str, Any] | None, something_new: bool, today: dt.date) -> Line:
    known = counts or {"last_day": None, "earlier_days": 0, "unread": 0, "to_talk_about": 0, "risks": 0}
    last_day, talk, risks, unread = (known[name] for name in ("last_day", "to_talk_about", "risks", "unread"))
    quiet_since = last_day or timezone.localtime(share.created_at).date()
    changed = something_new and known["earlier_days"] >= TOO_FEW_DAYS
    all_reasons = [
        risks and ngettext("a risk note to look at", "%(n)s risk notes to look at", risks) % {"n": risks},
        talk and ngettext("one moment to talk about", "%(n)s moments to talk about", talk) % {"n": talk},
        changed and _("something new in the last four weeks"),
        today - quiet_since > QUIET and _("nothing logged for %(n)s days") % {"n": (today - quiet_since).days},
        unread,  # said beside the name
    ]
    need = next((place for place, reason in enumerate(all_reasons) if reason), len(all_reasons))
    return Line(share, unread, [reason for reason in all_reasons[:-1] if reason], need)
