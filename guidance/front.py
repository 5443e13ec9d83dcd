"""The desk's first page: what waits for somebody, the most pressing first."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from . import bench, curation
from .matching.load import current_library
from .models import BenchCase, HelpLine, Passage, Response, RiskPhrase, TallyRun, Wording

State = Wording.State


@dataclass(frozen=True)
class Waiting:
    """So many of something, and where they are."""

    count: int
    what: str
    path: str


def page(request: HttpRequest) -> dict[str, object]:
    wordings, mine = reverse("admin:guidance_wording_changelist"), Q(written_by=request.user.pk)
    in_review = Wording.objects.filter(state=State.IN_REVIEW)
    proposed = RiskPhrase.objects.filter(state=RiskPhrase.State.PROPOSED).exclude(proposed_by=request.user.pk)
    unchecked = HelpLine.objects.exclude(checked_on__gte=HelpLine.oldest_check())
    unserved = [model.objects.filter(current=None).count() for model in (Passage, Response)]
    waiting = [
        Waiting(
            unserved[0],
            _("Passages of which parents get nothing"),
            reverse("admin:guidance_passage_changelist") + "?current__isnull=True",
        ),
        Waiting(
            unserved[1],
            _("Responses of which parents get nothing"),
            reverse("admin:guidance_response_changelist") + "?current__isnull=True",
        ),
        Waiting(
            in_review.filter(origin=Wording.Origin.SHIPPED).count(),
            _("Shipped texts that nobody has approved yet"),
            f"{wordings}?needs=first",
        ),
        Waiting(
            in_review.exclude(origin=Wording.Origin.SHIPPED).exclude(curation.typed_by(request.user)).count(),
            _("Texts of others that wait for your review"),
            f"{wordings}?needs=review",
        ),
        Waiting(
            Wording.objects.filter(Wording.overdue()).count(),
            _("Texts to be read again, overdue"),
            f"{wordings}?needs=again",
        ),
        Waiting(
            proposed.count(),
            _("Risk phrases of others that wait for your approval"),
            reverse("admin:guidance_riskphrase_changelist") + "?state=proposed",
        ),
        Waiting(
            unchecked.count(),
            _("Help lines that nobody has checked within six months"),
            reverse("admin:guidance_helpline_changelist") + "?checked=due",
        ),
        Waiting(
            len(bench.failing(current_library())) if BenchCase.objects.exists() else 0,
            _("Test cases of which something does not come"),
            reverse("admin:guidance_benchcase_changelist"),
        ),
        Waiting(
            Wording.objects.filter(mine, state=State.DRAFT).count(), _("Drafts of yours"), f"{wordings}?needs=mine"
        ),
    ]
    return {"waiting": [one for one in waiting if one.count], "counted_at": TallyRun.objects.first()}
