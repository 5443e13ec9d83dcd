"""Who may see what: the only place where a code from outside becomes a row.

404 where somebody may not know a thing exists ("not yours" and "not there" answer alike), 403 where they may see it
but not do this. Superusers get no pass.
"""

import datetime as dt
import uuid
from typing import Any, TypeVar

from allauth.mfa.models import Authenticator
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, Max, Min, Model, OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils import timezone

from guidance.browse import published_passages, published_responses
from guidance.models import Passage, Response, Signal

from .models import (
    Appointment,
    Bond,
    Caregiver,
    Child,
    Comment,
    Family,
    Invitation,
    Moment,
    OwnChip,
    Recommendation,
    Share,
    SuggestionItem,
    User,
)

UNDO_FOR = dt.timedelta(minutes=30)
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Worked out from words, or words themselves: a reader without the words gets these blank.
OF_WORDS = {
    "words": "", "felt": "", "they_felt": "", "next_time": "", "risk_level": Moment.RiskLevel.NONE.value,
    "risk_kinds": [], "soft_check": False, "safe_answer": "", "dying_answer": "", "names_somebody": False,
}  # fmt: skip
Row = TypeVar("Row", bound=Model)


class SecondFactorNeeded(Exception):
    """A therapist may read this, once a second factor stands in front of their account."""


# Children and the families they live in


def children(user: User) -> QuerySet[Child]:
    """The children of the families this user cares for, in whatever role."""
    return Child.objects.filter(family__in=_families(user)).order_by("created_at", "pk")


def children_to_change(user: User) -> QuerySet[Child]:
    return children(user).filter(family__in=_families(user, Caregiver.Role.PARENT))


def child_to_change(user: User, code: uuid.UUID) -> Child:
    """A child whose name and age this user may change: parents of the family."""
    child = _or_404(children(user).filter(code=code))
    if not is_parent(user, child):
        raise PermissionDenied
    return child


def children_shared_from(user: User) -> QuerySet[Child]:
    """Children whose moments this user decides about: as a parent, or as one who has left and kept what is theirs."""
    kept = Moment.objects.filter(owner=user, child=OuterRef("pk"))
    return Child.objects.filter(Q(family__in=_families(user, Caregiver.Role.PARENT)) | Exists(kept)).order_by(
        "created_at", "pk"
    )


def children_for(moment: Moment) -> QuerySet[Child]:
    """Children its author may say a moment is about: the one it is about, and others they care for. Who logs for a
    parent stays within that family, or another would come to decide about it."""
    if moment.author_id == moment.owner_id:
        others = children_to_change(moment.author)
    else:
        others = children(moment.author).filter(family=moment.child.family_id)
    return Child.objects.filter(Q(pk=moment.child_id) | Q(pk__in=others.values("pk"))).order_by("created_at", "pk")


def is_parent(user: User, child: Child) -> bool:
    return Caregiver.objects.filter(user=user, family=child.family_id, role=Caregiver.Role.PARENT).exists()


def family_to_change(user: User, code: uuid.UUID) -> Family:
    """A family that this user may ask somebody into: its parents."""
    found = place(user, code)
    if found.role != Caregiver.Role.PARENT:
        raise PermissionDenied
    return found.family


def place(user: User, code: uuid.UUID) -> Caregiver:
    """This user's own place in the family with that code."""
    return _or_404(places(user).filter(family__code=code))


def places(user: User) -> QuerySet[Caregiver]:
    return user.places.filter(pk__in=_places(user)).select_related("family", "invited_by").order_by("pk")


def other_parents(user: User) -> QuerySet[Caregiver]:
    """The other parents in this parent's families."""
    return (
        Caregiver.objects.filter(family__in=_families(user, Caregiver.Role.PARENT), role=Caregiver.Role.PARENT)
        .exclude(user=user)
        .select_related("user", "family")
        .order_by("pk")
    )


def people_invited(user: User) -> QuerySet[Caregiver]:
    """Who this user asked in: those they may remove. A recorder is known to nobody else."""
    families = _families(user, Caregiver.Role.PARENT)
    return (
        Caregiver.objects.filter(invited_by=user, family__in=families).select_related("user", "family").order_by("pk")
    )


def person_invited(user: User, code: uuid.UUID) -> Caregiver:
    return _or_404(people_invited(user).filter(user__code=code))


def child_of_last_moment(user: User) -> uuid.UUID | None:
    """The child a new moment is most likely about."""
    return (
        Moment.objects.filter(author=user, deleted_at=None, child__in=children(user))
        .order_by("-happened_at", "-pk")
        .values_list("child__code", flat=True)
        .first()
    )


def first_day_of(user: User, child: Child) -> dt.date | None:
    """The day of the earliest moment of a child that this user decides about or typed."""
    return moments(user).filter(child=child).order_by("happened_at").values_list("day", flat=True).first()


def _places(user: User) -> QuerySet[Caregiver]:
    asked_in = Q(role=Caregiver.Role.PARENT) | Q(invited_by__isnull=False)
    return Caregiver.objects.filter(asked_in, user=user)


def _families(user: User, role: str = "") -> QuerySet[Caregiver, int]:
    found = _places(user).filter(role=role) if role else _places(user)
    return found.values_list("family", flat=True)


# Moments of one's own, and those another parent lets one read


def moments(user: User) -> QuerySet[Moment]:
    """Moments this user decides about, and those they log for a parent who still asks them to."""
    return Moment.objects.filter(_own(user), deleted_at=None)


def _own(user: User) -> Q:
    asked = Caregiver.objects.filter(user=user, family=OuterRef("child__family"), invited_by=OuterRef("owner"))
    return Q(owner=user) | Q(Exists(asked), author=user)


def readable(user: User) -> QuerySet[Moment]:
    """Those, and what other parents of the same family share with this one."""
    given = moments_of_other_parents(user).values("pk")
    return Moment.objects.filter(_own(user) | Q(pk__in=given), deleted_at=None)


def moments_of_other_parents(user: User) -> QuerySet[Moment]:
    """By the moment's own switch, or by its owner's default for the child; the default never covers a risk note or
    words about another grown-up, and it ends when either parent leaves. Who is asked in later reads nothing that was
    switched on before they came."""
    here = Caregiver.objects.filter(user=user, family=OuterRef("child__family"), role=Caregiver.Role.PARENT)
    reader_since = Subquery(here.values("created_at")[:1])
    default = Bond.objects.filter(
        user=OuterRef("owner"),
        child=OuterRef("child"),
        for_parents_since__lte=OuterRef("created_at"),
        for_parents_since__gte=OuterRef("reader_since"),
    )
    still_here = Caregiver.objects.filter(
        user=OuterRef("owner"), family=OuterRef("child__family"), role=Caregiver.Role.PARENT
    )
    harmless = Q(with_parents="", risk_level=Moment.RiskLevel.NONE, soft_check=False, names_somebody=False)
    switched_on = Q(with_parents=Moment.WithParents.YES, with_parents_at__gte=F("reader_since"))
    return Moment.objects.alias(reader_since=reader_since).filter(
        switched_on | Q(harmless, Exists(default)),
        Exists(still_here),
        owner__in=other_parents(user).values("user"),
        child__family__in=_families(user, Caregiver.Role.PARENT),
        deleted_at=None,
    )


def moment(user: User, code: uuid.UUID) -> Moment:
    found = moments(user).select_related("child").filter(code=code).first()
    return found or _or_404(moments_of_other_parents(user).select_related("child").filter(code=code))


def is_own(user: User, moment: Moment) -> bool:
    """Whether this user reads a moment as its owner or author, not because another parent lets them. Who typed one as
    a recorder and reads it as a parent now does not."""
    return user.pk == moment.owner_id or moments(user).filter(pk=moment.pk).exists()


def moment_to_change(user: User, code: uuid.UUID) -> Moment:
    """A moment this user may change: only who typed it."""
    found = moment(user, code)
    if found.author_id != user.pk or not is_own(user, found):
        raise PermissionDenied
    return found


def moment_to_decide(user: User, code: uuid.UUID) -> Moment:
    """A moment whose readers this user chooses: only its owner."""
    found = moment(user, code)
    if found.owner_id != user.pk:
        raise PermissionDenied
    return found


def moment_to_delete(user: User, code: uuid.UUID) -> Moment:
    """Who decides about a moment may delete it, and so may who typed it."""
    found = moment(user, code)
    if not is_own(user, found):
        raise PermissionDenied
    return found


def moment_to_restore(user: User, code: uuid.UUID) -> Moment:
    """A moment that this user deleted not long ago: what its owner wanted gone, nobody else brings back."""
    since = timezone.now() - UNDO_FOR
    return _or_404(Moment.objects.filter(_own(user), code=code, deleted_at__gte=since, deleted_by=user))


def suggestion_item(user: User, code: uuid.UUID) -> SuggestionItem:
    """Something that was suggested with a moment this user typed."""
    typed = moments(user).filter(author=user)
    return _or_404(
        SuggestionItem.objects.filter(code=code, suggestion__moment__in=typed).select_related("suggestion__moment")
    )


def own_chips(user: User) -> QuerySet[OwnChip]:
    return OwnChip.objects.filter(owner=user).order_by("created_at", "pk")


def own_chip(user: User, code: uuid.UUID) -> OwnChip:
    return _or_404(own_chips(user).filter(code=code))


# Invitations


def invitations(user: User) -> QuerySet[Invitation]:
    """What this user has sent and nobody has answered yet."""
    return user.invitations.filter(answered_at=None).select_related("child").order_by("-created_at", "-pk")


def invitation_to_cancel(user: User, code: uuid.UUID) -> Invitation:
    return _or_404(invitations(user).filter(code=code))


def invitation(token: str) -> Invitation:
    """By the signed link that was mailed. An answered, expired or made-up one is not there."""
    try:
        code = Invitation.code_of(token)
    except signing.BadSignature as error:
        raise Http404 from error
    return _or_404(
        Invitation.objects.filter(code=code, answered_at=None, expires_at__gt=timezone.now()).select_related(
            "invited_by", "family", "child"
        )
    )


# Shares, as who gives them sees them


def shares_given(user: User) -> QuerySet[Share]:
    return _with_sessions(
        Share.objects.filter(owner=user, revoked_at=None)
        .select_related("child", "therapist", "owner")
        .order_by("child_id", "pk")
    )


def share_given(user: User, code: uuid.UUID) -> Share:
    return _or_404(shares_given(user).filter(code=code))


# Shares, as the therapist reads under them


def require_practice(user: User) -> None:
    """For the pages of a practice that belong to no one share."""
    if not user.is_therapist:
        raise Http404
    require_second_factor(user)


def require_second_factor(user: User) -> None:
    if not Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists():
        raise SecondFactorNeeded


def shares_held(user: User) -> QuerySet[Share]:
    """The live leases of a therapist, whoever gave them, each with `last_session` and `next_session`."""
    return _with_sessions(
        Share.objects.filter(therapist=user, revoked_at=None, until__gt=timezone.now())
        .select_related("child", "owner", "therapist")
        .order_by("pk")
    )


def _with_sessions(shares: QuerySet[Share]) -> QuerySet[Share]:
    today = timezone.localdate()
    dates = Appointment.objects.filter(share=OuterRef("pk")).order_by().values("share")
    return shares.annotate(
        last_session=Subquery(dates.filter(on__lt=today).annotate(day=Max("on")).values("day")),
        next_session=Subquery(dates.filter(on__gte=today).annotate(day=Min("on")).values("day")),
    )


def share_held(user: User, code: uuid.UUID) -> Share:
    factor = Authenticator.objects.filter(user=OuterRef("therapist"), type__in=SECOND_FACTORS)
    share = _or_404(shares_held(user).annotate(second_factor=Exists(factor)).filter(code=code))
    if not share.second_factor:  # type: ignore[attr-defined]
        raise SecondFactorNeeded
    return share


def moments_under(share: Share) -> QuerySet[Moment]:
    """What a share that is live, or about to be, lets its reader see."""
    found = Moment.objects.filter(covered_by(share))
    return found if share.includes_words else found.defer(*OF_WORDS)


def covered_by(share: Share, moment: str = "") -> Q:
    """A condition on moments, or on rows that lead to one by the path `moment`: this share covers it."""
    return _covered(share.owner_id, share.child_id, share.from_date, moment)


def covered_along(share: str, moment: str = "") -> Q:
    """The same for rows that lead to both: the share at the path `share` covers the moment at the path `moment`."""
    return _covered(F(share + "owner"), F(share + "child"), F(share + "from_date"), moment)


def moment_under(share: Share, code: uuid.UUID) -> Moment:
    found = _or_404(moments_under(share).select_related("child").filter(code=code))
    return found if share.includes_words else without_words(found)


def without_words(moment: Moment) -> Moment:
    """The row as a reader without the words may have it in hand; it is never saved."""
    for name, blank in OF_WORDS.items():
        setattr(moment, name, blank)
    return moment


def moments_shared_with(user: User) -> QuerySet[Any]:
    """Every moment this therapist may read now, each with `share` and `with_words`. For counting."""
    held = "child__shares__"
    return Moment.objects.filter(
        covered_along(held),
        **{held + "therapist": user, held + "revoked_at": None, held + "until__gt": timezone.now()},
    ).annotate(share=F(held + "pk"), with_words=F(held + "includes_words"))


def _covered(owner: int | F, child: int | F, from_date: dt.date | F, moment: str = "") -> Q:
    """The one rule of which moments a share covers."""
    rule = {"owner": owner, "child": child, "day__gte": from_date, "kept_back": False, "deleted_at": None}
    return Q(**{moment + name: value for name, value in rule.items()})


def comment_to_remove(user: User, share: Share, code: uuid.UUID) -> Comment:
    return _or_404(Comment.objects.filter(code=code, therapist=user, moment__in=moments_under(share)))


def recommendations(share: Share) -> QuerySet[Recommendation]:
    return (
        share.recommendations.filter(ended_at=None)
        .select_related("passage__current", "response__current")
        .prefetch_related("signals")
        .order_by("-created_at", "-pk")
    )


def recommendation(share: Share, code: uuid.UUID) -> Recommendation:
    return _or_404(recommendations(share).filter(code=code))


# What is known to everybody


def signals() -> QuerySet[Signal]:
    return Signal.objects.defer("phrases").order_by("order", "slug")


def signal(slug: str) -> Signal:
    return _or_404(signals().filter(slug=slug))


def passage(slug: str) -> Passage:
    return _or_404(published_passages().filter(slug=slug))


def passages_to_recommend() -> QuerySet[Passage]:
    """What may stand before a parent: not what is written for therapists."""
    return published_passages().exclude(audience=Passage.Audience.THERAPIST)


def responses_to_recommend() -> QuerySet[Response]:
    return published_responses()


def _or_404(found: QuerySet[Row]) -> Row:
    row = found.first()
    if row is None:
        raise Http404
    return row
