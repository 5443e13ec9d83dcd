"""The curator's verbs: write, submit, approve, send back, retire; weights and risk phrases.

A wording goes draft -> in review -> approved -> retired. What parents get is what `current` points at: a shipped text
until somebody approves another, then the approved one; it serves until the next is approved. Every verb locks the row
it changes, so that of two curators the second is told what the first did, and nothing they typed is lost.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import BenchCase, LibraryVersion, Passage, Response, RiskPhrase, Signal, Weight, Wording

READ_AGAIN_AFTER = dt.timedelta(days=365)
Of = Passage | Response
Row = TypeVar("Row", bound=Model)
# The user model: guidance may name it in a foreign key, and imports nothing of who people are.
Curator = Any
# Why a row of a wording's history came to be: somebody typed, as against moved it on.
TYPED = "typed"


class Refused(Exception):
    """What was asked cannot be done; the message says why, in words for the curator."""


class Overtaken(Exception):
    """Somebody else was quicker; `kept` is a draft with what was typed."""

    def __init__(self, kept: Wording) -> None:
        super().__init__()
        self.kept = kept


def write(of: Of, *, by: Curator, title: str, text: str, language: str = "en") -> Wording:
    """A new draft beside whatever there is."""
    key = {"passage": of} if isinstance(of, Passage) else {"response": of}
    return _save(Wording(**key, title=title, text=text, language=language, written_by=by), by, TYPED)


def rewrite(wording: Wording, *, by: Curator, title: str, text: str, seen: int) -> Wording:
    """The draft with another text. `seen` is the revision its writer had before them. Raises Overtaken where the draft
    has been saved, submitted or approved since; what was typed is then a draft of its own."""
    with transaction.atomic():
        row = _locked(wording)
        overtaken = row.state != Wording.State.DRAFT or row.revision != seen
        if not overtaken:
            row.title, row.text, row.written_by, row.revision = title, text, by, row.revision + 1
            return _save(row, by, TYPED)
        kept = write(row.of, by=by, title=title, text=text, language=row.language)
    raise Overtaken(kept)


def submit(wording: Wording, *, by: Curator) -> None:
    with transaction.atomic():
        row = _locked(wording, Wording.State.DRAFT)
        if not row.text.strip():
            raise Refused(_("There is no text yet."))
        row.state, row.submitted_by, row.submitted_at = Wording.State.IN_REVIEW, by, timezone.now()
        _save(row, by)


def send_back(wording: Wording, *, by: Curator, why: str = "") -> None:
    """Back to its writer, with what should change. A shipped text has none: it is answered with a new draft."""
    with transaction.atomic():
        row = _locked(wording, Wording.State.IN_REVIEW)
        if row.origin == Wording.Origin.SHIPPED:
            raise Refused(_("A shipped text has no writer here: write a new text beside it instead."))
        row.state, row.remark = Wording.State.DRAFT, why
        _save(row, by)


def approve(wording: Wording, *, by: Curator, review_by: dt.date | None = None, seen: int | None = None) -> None:
    """From now on parents get it, and the text before it is retired. To be read again after a year unless said.

    `seen` is the revision that was read: a text that has changed since is not the one that was approved."""
    with transaction.atomic():
        row = _locked(wording, Wording.State.IN_REVIEW)
        if seen not in (None, row.revision):
            raise Refused(_("This text has changed since you opened it. Please read it again."))
        if settings.FOUR_EYES and by.pk in writers(row):
            raise Refused(_("You wrote this text: somebody else approves it."))
        now = timezone.now()
        row.state, row.approved_by, row.approved_at = Wording.State.APPROVED, by, now
        row.review_by = review_by or timezone.localdate() + READ_AGAIN_AFTER
        _save(row, by)
        of = _locked_of(row)
        if of.current_id and of.current_id != row.pk:
            _retire(_locked(of.current), by)  # type: ignore[arg-type]
        of.current = row
        of.save(update_fields=["current"])
        LibraryVersion.raise_by_one()


def retire(wording: Wording, *, by: Curator) -> None:
    """It reaches no parent any more; those who were shown it still read it as it was."""
    with transaction.atomic():
        row = _locked(wording)
        if row.state == Wording.State.RETIRED:
            raise Refused(_("It is retired already."))
        _retire(row, by)
        of = _locked_of(row)
        if of.current_id == row.pk:
            of.current = None
            of.save(update_fields=["current"])
            LibraryVersion.raise_by_one()


def bring_back(wording: Wording, *, by: Curator) -> None:
    """A retired text waits for review again; it reaches parents once it is approved anew."""
    with transaction.atomic():
        row = _locked(wording, Wording.State.RETIRED)
        row.state, row.submitted_by, row.submitted_at = Wording.State.IN_REVIEW, by, timezone.now()
        row.approved_by = row.approved_at = row.retired_by = row.retired_at = row.review_by = None
        _save(row, by)


def read_again(wording: Wording, *, by: Curator) -> None:
    """Somebody has read an approved text again and stands by it for another year."""
    with transaction.atomic():
        row = _locked(wording, Wording.State.APPROVED)
        row.review_by = timezone.localdate() + READ_AGAIN_AFTER
        _save(row, by)


def writers(wording: Wording) -> set[int]:
    """Everybody who ever typed at this wording."""
    typed = wording.history.filter(history_change_reason=TYPED).values_list("history_user", flat=True)
    return {key for key in (wording.written_by_id, *typed) if key}


def typed_by(user: Curator) -> Exists:
    """A condition on wordings: this curator typed at them, and so does not approve them."""
    past = Wording.history.model.objects.filter(id=OuterRef("pk"), history_user=user.pk, history_change_reason=TYPED)
    return Exists(past)


def weigh(passage: Passage, feature: str, *, by: Curator, override: float | None) -> Weight:
    """Set a curator's weight for a signal or a condition, also one that the fit knows nothing of; None takes it away.

    Raises ValidationError on a number that is no weight."""
    with transaction.atomic():
        signal = Signal.objects.filter(slug=feature).first()
        key = {"signal": signal} if signal else {"signal": None, "condition": feature}
        row = Weight.objects.select_for_update().filter(passage=passage, **key).first()
        row = row or Weight(passage=passage, **key)
        row.override = override
        row.full_clean()
        _save(row, by)
        LibraryVersion.raise_by_one()
    return row


def keep_case(*, by: Curator, case_name: str, expected: Iterable[Passage], **situation: Any) -> BenchCase:
    """A situation of the bench with the passages that should come."""
    names = ("words", "age_months", "great_intensity", "still_going")
    with transaction.atomic():
        case = BenchCase(
            name=case_name,
            hard_place=situation["hard_place"] or BenchCase.HardPlace.UNKNOWN,
            added_by=by,
            **{name: situation[name] for name in names},
        )
        _save(case, by)
        case.signals.set(situation["signals"])
        case.passages.set(expected)
    return case


def propose_phrase(*, by: Curator, level: str, kind: str, phrase: str) -> RiskPhrase:
    with transaction.atomic():
        if RiskPhrase.objects.filter(level=level, kind=kind, phrase=phrase).exists():
            raise Refused(_("This phrase is there already."))
        return _save(RiskPhrase(level=level, kind=kind, phrase=phrase, proposed_by=by), by)


def approve_phrase(phrase: RiskPhrase, *, by: Curator) -> None:
    with transaction.atomic():
        row = RiskPhrase.objects.select_for_update().get(pk=phrase.pk)
        if row.state != RiskPhrase.State.PROPOSED:
            raise Refused(_("It is %(state)s by now.") % {"state": row.get_state_display()})
        if settings.FOUR_EYES and row.proposed_by_id == by.pk:
            raise Refused(_("You proposed this phrase: somebody else approves it."))
        row.state, row.approved_by, row.approved_at = RiskPhrase.State.APPROVED, by, timezone.now()
        _save(row, by)
        LibraryVersion.raise_by_one()


def retire_phrase(phrase: RiskPhrase, *, by: Curator) -> None:
    with transaction.atomic():
        row = RiskPhrase.objects.select_for_update().get(pk=phrase.pk)
        if row.state == RiskPhrase.State.RETIRED:
            raise Refused(_("It is retired already."))
        row.state = RiskPhrase.State.RETIRED
        _save(row, by)
        LibraryVersion.raise_by_one()


def _locked(wording: Wording, *states: str) -> Wording:
    """The row as it is now, held until the end of the transaction; Refused where it is in none of the states."""
    row = Wording.objects.select_for_update().get(pk=wording.pk)
    if states and row.state not in states:
        raise Refused(_("It is %(state)s by now.") % {"state": row.get_state_display()})
    return row


def _locked_of(row: Wording) -> Of:
    """What a text belongs to, held too: of two texts approved at once the second sees what the first did."""
    of = row.of
    return type(of)._default_manager.select_for_update().get(pk=of.pk)


def _retire(row: Wording, by: Curator) -> None:
    row.state, row.retired_by, row.retired_at = Wording.State.RETIRED, by, timezone.now()
    _save(row, by)


def _save(row: Row, by: Curator, why: str = "") -> Row:
    """The history names who did it, whatever request or command it came with."""
    row._history_user, row._change_reason = by, why or None  # type: ignore[attr-defined]
    row.save()
    return row
