"""Where the journal puts what it has counted of families: numbers, replaced as a whole."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.db import transaction

from .models import Reception, TallyRun, UnmetNeed

# The age band of a child whose birth month is not known; an empty one is the total.
AGE_UNKNOWN = "age_unknown"


@dataclass(frozen=True, slots=True)
class Unmet:
    """In how many families a signal, by its key, was unmet; with neither age band nor history, in the whole of them."""

    why: str
    signal_id: int
    age_band: str
    history: str
    families: int


@dataclass(frozen=True, slots=True)
class Received:
    """In how many families a passage or a response, by its key, was shown and how it was taken; None is too few."""

    passage_id: int | None
    response_id: int | None
    shown: int | None
    helped: int | None
    not_us: int | None


@transaction.atomic
def keep(unmet: Iterable[Unmet], received: Iterable[Received], at: dt.datetime) -> None:
    """Put these in the place of all that was kept. Raises IntegrityError for a number under five.

    No guidance changes, so the library version stays."""
    TallyRun.objects.update_or_create(pk=1, defaults={"counted_at": at})  # first: a second run at a time waits here
    UnmetNeed.objects.all().delete()
    UnmetNeed.objects.bulk_create(UnmetNeed(**asdict(one)) for one in unmet)
    Reception.objects.all().delete()
    Reception.objects.bulk_create(Reception(**asdict(one)) for one in received)
