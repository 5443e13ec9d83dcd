"""Record, revise, delete a moment; keep the guidance that was shown."""

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from guidance import safety
from guidance.matching import Guidance, History, Library, Risk, RiskLevel, Situation, match
from guidance.matching.load import current_library
from guidance.models import Signal

from . import recommending
from .audit import note
from .grownups import names_somebody
from .models import (
    Attempt,
    Bond,
    Caregiver,
    Child,
    HardPlace,
    Moment,
    MomentSignal,
    OwnChip,
    Suggestion,
    SuggestionItem,
    User,
)

logger = logging.getLogger(__name__)

FREE_TEXTS = ("words", "felt", "they_felt", "next_time")
# A change of one of these matches again.
MATCHED_ON = {"words", "intensity", "signals", "child", "when", "parent_state"}
PRESENT = (MomentSignal.State.TAPPED, MomentSignal.State.READ, MomentSignal.State.CONFIRMED)


def record(
    *,
    author: User,
    child: Child,
    client_key: uuid.UUID,
    signals: Iterable[Signal],
    own_chips: Iterable[OwnChip] = (),
    new_chip: str = "",
    **details: Any,
) -> Moment:
    """Save a moment, then judge risk, match, and keep the suggestion. A repeated form leads to the first moment."""
    try:
        with transaction.atomic():
            owner = _owner(author, child)
            moment = Moment.objects.create(author=author, owner=owner, child=child, client_key=client_key, **details)
            _tap(moment, signals)
            moment.own_chips.set([*own_chips, *_new_chip(author, new_chip)])
            note(author, "record", moment, concerns=owner)
    except IntegrityError:
        return Moment.objects.get(author=author, client_key=client_key)
    look(moment)
    return moment


def revise(
    moment: Moment,
    *,
    by: User,
    signals: Iterable[Signal] | None = None,
    own_chips: Iterable[OwnChip] | None = None,
    new_chip: str = "",
    attempts: Mapping[str, str] | None = None,
    **details: Any,
) -> Moment:
    """Change what is given and nothing else; match again where what was matched on has changed."""
    changed = {name for name, value in details.items() if getattr(moment, name) != value}
    with transaction.atomic():
        for name in changed:
            setattr(moment, name, details[name])
        if changed:
            moment.save(update_fields=[*changed, "updated_at"])
        if "words" in changed:
            moment.suggestions.update(marks=[])  # they count characters of the words as they were
        if signals is not None and _tap(moment, signals):
            changed.add("signals")
        if own_chips is not None:
            moment.own_chips.set([*own_chips, *_new_chip(by, new_chip)])
            changed.add("own_chips")
        if attempts is not None and _try(moment, attempts):
            changed.add("attempts")
        if changed:
            note(by, "revise", moment, concerns=moment.owner, fields=sorted(changed))
    if changed & MATCHED_ON:
        look(moment)
    elif changed:
        judge(moment, _library())
    return moment


def confirm(moment: Moment, *, by: User, kept: Iterable[str]) -> Moment:
    """The parent has looked at what was read: what stays ticked is confirmed, the rest refused and remembered."""
    kept = set(kept)
    read = list(moment.signals.filter(state=MomentSignal.State.READ).select_related("signal").defer("signal__phrases"))
    with transaction.atomic():
        for row in read:
            right = row.signal.slug in kept
            row.state = MomentSignal.State.CONFIRMED if right else MomentSignal.State.REFUSED
        MomentSignal.objects.bulk_update(read, ["state"])
        if read:
            note(by, "confirm", moment, concerns=moment.owner, fields=["signals"])
    if any(row.state == MomentSignal.State.REFUSED for row in read):
        look(moment)
    return moment


def answer_safety(moment: Moment, *, by: User, **answer: str) -> Moment:
    """Answer "Is everyone safe right now?" (`safe_answer`) or "Have they talked of dying?" (`dying_answer`)."""
    with transaction.atomic():
        for name, value in answer.items():
            setattr(moment, name, value)
        moment.save(update_fields=[*answer, "updated_at"])
        note(by, "answer_safety", moment, concerns=moment.owner, fields=sorted(answer))
    look(moment)
    return moment


def delete(moment: Moment, *, by: User) -> None:
    """Out of sight at once; it can be brought back for half an hour, then it is erased."""
    with transaction.atomic():
        moment.deleted_at, moment.deleted_by = timezone.now(), by
        moment.save(update_fields=["deleted_at", "deleted_by"])
        note(by, "delete", moment, concerns=moment.owner)


def restore(moment: Moment, *, by: User) -> None:
    with transaction.atomic():
        moment.deleted_at = moment.deleted_by = None
        moment.save(update_fields=["deleted_at", "deleted_by"])
        note(by, "restore", moment, concerns=moment.owner)


def erase_deleted(before: dt.datetime) -> int:
    """Erase moments deleted before a time, by key and without decrypting; how many."""
    keys = list(Moment.objects.filter(deleted_at__lt=before).values_list("pk", flat=True))
    Moment.objects.filter(pk__in=keys).only("pk").delete()
    return len(keys)


def give_feedback(item: SuggestionItem, *, by: User, feedback: str) -> None:
    """ "Helped", "not us", or "" to take it back."""
    with transaction.atomic():
        item.feedback = feedback
        item.save(update_fields=["feedback"])
        note(by, "feedback", item.suggestion.moment, concerns=item.suggestion.moment.owner, fields=["feedback"])


def look(moment: Moment) -> None:
    """Judge risk, match, keep the suggestion. A failing matcher leaves the moment and its risk as they are."""
    library = _library()
    risk = judge(moment, library)
    try:
        if library is None:
            return
        told = situation(moment, risk)
        guidance = match(told, library)
        items = recommending.tailor(guidance, told, library, recommending.for_moment(moment))
        with transaction.atomic():
            _keep_read(moment, guidance)
            _keep(moment, guidance, risk, items)
    except Exception:
        logger.exception("matching failed")


def judge(moment: Moment, library: Library | None) -> Risk:
    """Judge every free text and the chips, and keep the result with the moment."""
    chips = _slugs(moment, PRESENT)
    texts = [*(getattr(moment, name) for name in FREE_TEXTS), *(chip.label for chip in moment.own_chips.all())]
    risk = safety.judge(
        texts,
        signals=chips,
        age_months=age_months(moment),
        talked_of_dying=moment.dying_answer == Moment.DyingAnswer.YES,
        unsure_if_safe=moment.safe_answer == Moment.SafeAnswer.NOT_SURE,
        added=library.risk_phrases if library else {},
    )
    before = (moment.risk_level, moment.risk_kinds)
    moment.risk_level = risk.level.value
    moment.risk_kinds = list(risk.kinds)
    moment.soft_check = risk.soft_check
    moment.names_somebody = names_somebody(texts, moment.child.name)
    moment.save(update_fields=["risk_level", "risk_kinds", "soft_check", "names_somebody"])
    if risk.level is not RiskLevel.NONE and before != (moment.risk_level, moment.risk_kinds):
        moment.marks.update(acted_at=None)  # what a therapist acted on was another danger
    return risk


def situation(moment: Moment, risk: Risk) -> Situation:
    """The moment as the matcher is told it: nothing that names a person."""
    tapped = _slugs(moment, (MomentSignal.State.TAPPED, MomentSignal.State.CONFIRMED))
    if moment.parent_state in (Moment.ParentState.AT_THE_EDGE, Moment.ParentState.LOST_IT):
        tapped |= {"parent_near_limit"}  # told under "How I was": the parent's own pause comes first
    return Situation(
        tapped=tapped,
        words=moment.words,
        age_months=age_months(moment),
        history=history(moment.author, moment.child),
        great_intensity=moment.intensity == Moment.Intensity.GREAT,
        still_going=moment.when == Moment.When.STILL_GOING,
        refused=_slugs(moment, (MomentSignal.State.REFUSED,)),
        risk=risk,
    )


def age_months(moment: Moment) -> int | None:
    """The child's age in whole months on the day of the moment, where the birth month is known."""
    return months_old(moment.child.born_on, moment.happened_at)


def months_old(born: dt.date | None, then: dt.datetime) -> int | None:
    """The same from the birth month and a time."""
    if born is None:
        return None
    return max(0, (then.year - born.year) * 12 + then.month - born.month)


def history(author: User, child: Child) -> History:
    """As this caregiver has answered it: what one knows is not told through another's guidance."""
    return as_history(Bond.objects.filter(user=author, child=child).values_list("hard_place", flat=True).first())


def as_history(hard_place: str | None) -> History:
    """What an answer tells the matcher; one not given, not sure or not said tells nothing."""
    known = {HardPlace.YES.value: History.YES, HardPlace.NO.value: History.NO}
    return known.get(hard_place or "", History.UNKNOWN)


def _library() -> Library | None:
    """None where it cannot be had: risk is judged all the same, by what is shipped."""
    try:
        return current_library()
    except Exception:
        logger.exception("the library cannot be loaded")
        return None


def _owner(author: User, child: Child) -> User:
    """Who decides about a moment: the author, or the parent for whom a recorder logs."""
    asked = Caregiver.objects.filter(user=author, family=child.family_id, role=Caregiver.Role.RECORDER)
    place = asked.select_related("invited_by").first()
    return (place and place.invited_by) or author


def _slugs(moment: Moment, states: Iterable[str]) -> frozenset[str]:
    rows = moment.signals.filter(state__in=list(states))
    return frozenset(rows.values_list("signal__slug", flat=True))


def _tap(moment: Moment, signals: Iterable[Signal]) -> bool:
    """Make exactly these the tapped signals; one read before counts as tapped once tapped. Whether that changed any."""
    wanted = {signal.pk for signal in signals}
    rows = dict(moment.signals.values_list("signal_id", "state"))
    known = (MomentSignal.State.TAPPED, MomentSignal.State.CONFIRMED)
    raised = [key for key, state in rows.items() if key in wanted and state != MomentSignal.State.TAPPED]
    gone = [key for key, state in rows.items() if key not in wanted and state in known]
    if raised:
        moment.signals.filter(signal__in=raised).update(state=MomentSignal.State.TAPPED)
    if gone:
        moment.signals.filter(signal__in=gone).delete()
    fresh = [
        MomentSignal(moment=moment, signal_id=key, state=MomentSignal.State.TAPPED)
        for key in sorted(wanted - rows.keys())
    ]
    MomentSignal.objects.bulk_create(fresh)
    return bool(raised or gone or fresh)


def _new_chip(owner: User, label: str) -> list[OwnChip]:
    if not label:
        return []
    existing = next(
        (chip for chip in OwnChip.objects.filter(owner=owner) if chip.label.casefold() == label.casefold()), None
    )
    return [existing or OwnChip.objects.create(owner=owner, label=label)]


def _try(moment: Moment, attempts: Mapping[str, str]) -> bool:
    before = dict(moment.attempts.values_list("what", "outcome"))
    after = {what: outcome for what, outcome in attempts.items() if outcome}
    if before == after:
        return False
    moment.attempts.all().delete()
    Attempt.objects.bulk_create(Attempt(moment=moment, what=what, outcome=outcome) for what, outcome in after.items())
    return True


def _keep_read(moment: Moment, guidance: Guidance) -> None:
    """Rows for what the words say now; what they no longer say goes, what was answered stays."""
    read = {signal.slug for signal in guidance.reading.signals}
    rows = {row.signal.slug: row for row in moment.signals.select_related("signal").defer("signal__phrases")}
    unsaid = [row.pk for slug, row in rows.items() if row.state == MomentSignal.State.READ and slug not in read]
    if unsaid:
        moment.signals.filter(pk__in=unsaid).delete()
    missing = Signal.objects.only("pk").filter(slug__in=read - rows.keys())
    MomentSignal.objects.bulk_create(
        MomentSignal(moment=moment, signal=signal, state=MomentSignal.State.READ) for signal in missing
    )


def _keep(moment: Moment, guidance: Guidance, risk: Risk, items: list[recommending.Item]) -> None:
    """One numbered suggestion, unless the last one says exactly the same."""
    values = {
        "stance": guidance.stance.value,
        "risk_level": risk.level.value,
        "risk_kinds": list(risk.kinds) if risk.level is not RiskLevel.NONE else [],
        "gates": [gate.value for gate in guidance.gates],
        "history": guidance.history.value,
        "history_conflict": guidance.history_conflict,
        "used_words": bool(moment.words.strip()),
        "words_unread": guidance.reading.unread,
    }
    marks = sorted(
        [start, end]
        for signal in guidance.reading.signals
        if signal.slug in guidance.signals
        for start, end in signal.spans
    )
    last = moment.suggestions.order_by("-number").first()
    if last is not None and all(getattr(last, name) == value for name, value in values.items()):
        rows = last.items.order_by("position")
        kept = [recommending.Item(row.wording_id, tuple(row.reasons), row.recommendation_id) for row in rows]
        if kept == items:
            Suggestion.objects.filter(pk=last.pk).update(marks=marks)
            return
    number = (moment.suggestions.aggregate(most=Max("number"))["most"] or 0) + 1
    suggestion = Suggestion.objects.create(
        moment=moment, number=number, library_version=guidance.library_version, marks=marks, **values
    )
    SuggestionItem.objects.bulk_create(
        SuggestionItem(
            suggestion=suggestion,
            position=position,
            wording_id=item.wording,
            recommendation_id=item.recommendation,
            reasons=list(item.reasons),
        )
        for position, item in enumerate(items)
    )
