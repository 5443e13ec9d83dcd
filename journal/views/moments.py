"""Log a moment, read what fits, tell more, change, delete."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from guidance.browse import awaits_review, lines_for, signals
from journal import access, families, moments, sharing
from journal.forms import HistoryForm, MomentChangeForm, MomentForm, MoreForm
from journal.models import Moment, SuggestionItem
from journal.shown import Sight, show
from journal.timeline import offered, usual_signals

from .requests import Request, invalid


@require_http_methods(["GET", "HEAD", "POST"])
def moment_new(request: Request) -> HttpResponse:
    if not access.children(request.user).exists():
        return redirect("child_new")
    form = MomentForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        details = form.details()
        moment = moments.record(author=request.user, client_key=form.cleaned_data["client_key"], **details)
        return redirect("moment_deleted" if moment.deleted_at else "moment", moment.code)
    return invalid(request, "moments/new.html", log_context(request, form), form)


def log_context(request: Request, form: MomentForm) -> dict[str, object]:
    """What the log form stands among: the six likeliest chips and the rest by group."""
    chips = offered(signals(), access.children(request.user))
    return {
        "form": form,
        "chips": chips,
        "usual": usual_signals(request.user, chips),
        "groups": chips_by_group(chips),
        "chosen": set(request.POST.getlist("signals")) if form.is_bound else set(form.initial.get("signals", ())),
    }


def chips_by_group(chips: list) -> list[tuple[str, list]]:  # type: ignore[type-arg]
    groups: dict[str, list] = {}  # type: ignore[type-arg]
    for chip in chips:
        groups.setdefault(chip.get_group_display(), []).append(chip)
    last = [name for name in groups if groups[name][0].group == "parent"]
    return [(name, groups[name]) for name in [*(name for name in groups if name not in last), *last]]


@require_safe
def moment(request: Request, code: uuid.UUID) -> HttpResponse:
    context = page(request, access.moment(request.user, code))
    if context["readers"]:
        sharing.have_read(context["readers"].comments)
    return render(request, "moments/moment.html", context)


@require_POST
def moment_more(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_change(request.user, code)
    form = MoreForm(request.POST, request.FILES, instance=moment)
    if form.is_valid():
        moments.revise(moment, by=request.user, **form.details())
        return answer(request, moment, _("Saved."))
    return invalid(request, part(request), page(request, moment, more=form), form)


@require_http_methods(["GET", "HEAD", "POST"])
def moment_edit(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_change(request.user, code)
    form = MomentChangeForm(request.POST or None, request.FILES or None, user=request.user, moment=moment)
    if request.method == "POST" and form.is_valid():
        moments.revise(moment, by=request.user, **form.details())
        messages.success(request, _("Saved."))
        return redirect("moment", moment.code)
    return invalid(request, "moments/edit.html", log_context(request, form) | {"moment": moment}, form)


@require_POST
def moment_signals(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_change(request.user, code)
    moments.confirm(moment, by=request.user, kept=request.POST.getlist("kept"))
    return answer(request, moment)


@require_POST
def moment_again(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_change(request.user, code)
    moments.look(moment)
    return answer(request, moment)


@require_POST
def moment_safety(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_change(request.user, code)
    asked = {"safe_answer": Moment.SafeAnswer, "dying_answer": Moment.DyingAnswer}
    given = {name: request.POST[name] for name, enum in asked.items() if request.POST.get(name) in enum.values}
    if given:
        moments.answer_safety(moment, by=request.user, **given)
    return answer(request, moment)


@require_POST
def moment_history(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_change(request.user, code)
    access.child_to_change(request.user, moment.child.code)
    first_day = access.first_day_of(request.user, moment.child)
    form = HistoryForm({} if "skip" in request.POST else request.POST, request.FILES, latest=first_day)
    if form.is_valid():
        families.answer_history(moment, by=request.user, **form.details())
        return answer(request, moment)
    return invalid(request, part(request), page(request, moment, history=form), form)


@require_POST
def moment_delete(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_delete(request.user, code)
    moments.delete(moment, by=request.user)
    return redirect("moment_deleted", moment.code)


@require_safe
def moment_deleted(request: Request, code: uuid.UUID) -> HttpResponse:
    return render(request, "moments/deleted.html", {"moment": access.moment_to_restore(request.user, code)})


@require_POST
def moment_restore(request: Request, code: uuid.UUID) -> HttpResponse:
    moment = access.moment_to_restore(request.user, code)
    moments.restore(moment, by=request.user)
    messages.success(request, _("It is back."))
    return redirect("moment", moment.code)


@require_POST
def suggestion_feedback(request: Request, code: uuid.UUID) -> HttpResponse:
    item = access.suggestion_item(request.user, code)
    feedback = request.POST.get("feedback", "")
    if feedback in ("", *SuggestionItem.Feedback.values):
        moments.give_feedback(item, by=request.user, feedback=feedback)
    if request.htmx:
        return render(request, "moments/_feedback.html", {"item": item})
    return redirect(reverse("moment", args=[item.suggestion.moment.code]) + "#guidance")


def page(
    request: Request, moment: Moment, *, more: MoreForm | None = None, history: HistoryForm | None = None
) -> dict[str, Any]:
    own = access.is_own(request.user, moment)
    shown = show(moment, Sight.OWN if own else Sight.FAMILY)
    at_risk = own and (shown.urgent or shown.concern)
    return {
        "shown": shown,
        "ask_history": shown.ask_history and access.is_parent(request.user, moment.child),
        "moment": moment,
        "is_author": moment.author_id == request.user.pk,
        "readers": sharing.readers_of(moment) if moment.owner_id == request.user.pk else None,
        "more": more or MoreForm(instance=moment),
        "history": history or HistoryForm(),
        "awaits_review": awaits_review(),
        "lines": lines_for(request.user.country, shown.risk_kinds) if at_risk else [],
    }


def part(request: Request) -> str:
    return "moments/_moment.html" if request.htmx else "moments/moment.html"


def answer(request: Request, moment: Moment, said: str = "") -> HttpResponse:
    """The moment again: the part for htmx, the page after a redirect for everybody else."""
    if request.htmx:
        return render(request, "moments/_moment.html", page(request, moment) | {"said": said})
    if said:
        messages.success(request, said)
    return redirect("moment", moment.code)
