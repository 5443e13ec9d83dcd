"""Texts at the desk: written as drafts, reviewed by somebody else, approved, retired."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guidance import curation
from guidance.browse import SPEAKS
from guidance.models import Passage, Signal, Source, Wording
from guidance.textdiff import marked

from .base import NeverDeleted

State = Wording.State
# What each button does; the bulk actions are the same verbs.
VERBS = {
    "submit": curation.submit,
    "approve": curation.approve,
    "send_back": curation.send_back,
    "retire": curation.retire,
    "read_again": curation.read_again,
    "bring_back": curation.bring_back,
}
DONE = {
    "submit": _("sent to review"),
    "approve": _("approved: parents get it from now on"),
    "send_back": _("sent back to its writer"),
    "retire": _("retired: it reaches no parent any more; who was shown it still reads it as it was"),
    "read_again": _("read again: it stands for another year"),
    "bring_back": _("waits for review again"),
}
BUTTONS = {
    State.DRAFT: [("submit", _("Save and send to review")), ("retire", _("Put it away"))],
    State.IN_REVIEW: [("approve", _("Approve")), ("send_back", _("Send back")), ("retire", _("Retire"))],
    State.APPROVED: [("read_again", _("Read again, it stands")), ("retire", _("Retire"))],
    State.RETIRED: [("bring_back", _("Bring it back to review"))],
}

TYPED = {State.DRAFT: ("title", "text", "seen"), State.IN_REVIEW: ("review_by", "remark")}


class WordingForm(forms.ModelForm):  # type: ignore[type-arg]
    language = forms.ChoiceField(choices=settings.LANGUAGES, label=_("Language"))
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Wording
        fields = ("passage", "response", "language", "title", "text", "review_by", "remark")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("seen", self.instance.revision)

    def clean_review_by(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["review_by"]
        if day and day <= timezone.localdate():
            raise forms.ValidationError(_("Please give a day to come."))
        return day

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        passage = told.get("passage", self.instance.passage)
        response = told.get("response", self.instance.response)
        if bool(passage) == bool(response):
            raise forms.ValidationError(_("Please choose either a passage or a response."))
        if passage and not told.get("title", self.instance.title).strip():
            self.add_error("title", _("A passage needs a title."))
        return told


class Attention(admin.SimpleListFilter):
    title = _("what it needs")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("first", _("shipped, approved by nobody yet")),
            ("review", _("waiting for your review")),
            ("again", _("to be read again: overdue")),
            ("mine", _("your drafts")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Wording]) -> QuerySet[Wording]:
        match self.value():
            case "first":
                return queryset.filter(state=State.IN_REVIEW, origin=Wording.Origin.SHIPPED)
            case "review":
                others = queryset.filter(state=State.IN_REVIEW).exclude(origin=Wording.Origin.SHIPPED)
                return others.exclude(curation.typed_by(request.user))
            case "again":
                return queryset.filter(Wording.overdue())
            case "mine":
                return queryset.filter(state=State.DRAFT, written_by=request.user.pk)
        return queryset


class OfSource(admin.SimpleListFilter):
    title = _("source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Source.objects.order_by("kind", "title").values_list("slug", "title"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Wording]) -> QuerySet[Wording]:
        if not self.value():
            return queryset
        paths = ("passage__source", "response__source", "response__passages__source")
        named = Q(*((f"{path}__slug", self.value()) for path in paths), _connector=Q.OR)
        return queryset.filter(named).distinct()


class OfSignal(admin.SimpleListFilter):
    title = _("signal")
    parameter_name = "signal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Signal.objects.order_by("order").values_list("slug", "label"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Wording]) -> QuerySet[Wording]:
        if not self.value():
            return queryset
        speaks = Q(weights__override__gte=SPEAKS) | Q(weights__override=None, weights__fitted__gte=SPEAKS)
        passages = Passage.objects.filter(speaks, weights__signal__slug=self.value())
        return queryset.filter(
            Q(passage__in=passages.values("pk")) | Q(response__signals__slug=self.value())
        ).distinct()


@admin.register(Wording)
class WordingAdmin(NeverDeleted):
    """A draft can be typed at; anything later is read, moved on, or answered with a new draft."""

    form = WordingForm
    change_form_template = "admin/guidance/wording/change_form.html"
    list_display = ("__str__", "belongs_to", "state", "origin", "written_by", "approved_by", "review_by")
    list_filter = (Attention, "state", OfSource, OfSignal, "origin", "language")
    list_select_related = ("passage", "response", "written_by", "approved_by")
    search_fields = ("title", "text", "passage__slug", "response__slug")
    autocomplete_fields = ("passage", "response")
    actions = ("submit", "approve", "send_back", "retire", "bring_back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wording]:
        """What waits stands first, and first of it what parents get though nobody has approved it."""
        shipped = Q(state=State.IN_REVIEW, origin=Wording.Origin.SHIPPED)
        order = (State.IN_REVIEW, State.DRAFT, State.APPROVED, State.RETIRED)
        place = Case(
            When(shipped, then=Value(0)),
            *(When(state=state, then=Value(number)) for number, state in enumerate(order, start=1)),
            default=Value(9),
        )
        return super().get_queryset(request).alias(place=place).order_by("place", "pk")  # type: ignore[no-any-return]

    def get_fields(self, request: HttpRequest, obj: Wording | None = None) -> tuple[str, ...]:
        texts = ("passage", "response", "language", "title", "text")
        if obj is None:
            return (*texts, "seen")
        told = ("state", "origin", "written_by", "written_at", "submitted_by", "submitted_at", "approved_by")
        seen = ("seen",) if obj.state == State.DRAFT else ()
        return (*texts, *seen, "changes", *told, "approved_at", "review_by", "remark", "retired_by", "retired_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Wording | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        typed = TYPED.get(State(obj.state), ())
        return tuple(name for name in self.get_fields(request, obj) if name not in typed)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new text begins as the one that serves now."""
        initial = super().get_changeform_initial_data(request)
        named = {"current_passages": initial.get("passage"), "current_responses": initial.get("response")}
        for path, key in named.items():
            served = Wording.objects.filter(**{path: key}).first() if str(key).isdigit() else None
            if served:
                initial |= {"title": served.title, "text": served.text}
        return initial  # type: ignore[no-any-return]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        context = {"buttons": BUTTONS[State.DRAFT]}
        return super().add_view(request, form_url, context | (extra_context or {}))  # type: ignore[no-any-return]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found and request.method == "POST" and "text" in request.POST and found.state != State.DRAFT:
            return self._typed_too_late(request, found)
        buttons = BUTTONS[State(found.state)] if found else []
        mine = bool(found) and settings.FOUR_EYES and request.user.pk in curation.writers(found)
        shipped = bool(found) and found.origin == Wording.Origin.SHIPPED
        idle = {"approve": mine, "send_back": shipped}
        context = {
            "buttons": [(name, label) for name, label in buttons if not idle.get(name)],
            "mine": mine and found.state == State.IN_REVIEW,
            "sure": request.GET.get("sure") == "retire",
            "readable": bool(found) and found.state != State.DRAFT,
        }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))  # type: ignore[no-any-return]

    def _typed_too_late(self, request: HttpRequest, found: Wording) -> HttpResponse:
        """It was moved on while somebody typed: what they typed becomes a draft beside it."""
        told = request.POST.copy()
        told.update({"passage": str(found.passage_id or ""), "response": str(found.response_id or "")})
        told.setdefault("language", found.language)
        told["_late"] = str(found.get_state_display())
        request.POST = told  # type: ignore[assignment]
        return self.add_view(request)  # type: ignore[no-any-return]

    def save_model(self, request: HttpRequest, obj: Wording, form: Any, change: bool) -> None:
        if not change:
            kept = curation.write(obj.of, by=request.user, title=obj.title, text=obj.text, language=obj.language)
            if late := request.POST.get("_late"):
                said = _("While you wrote, this text became: %(state)s. Yours is kept as a draft of its own.")
                messages.warning(request, said % {"state": late})
        elif obj.state == State.DRAFT:
            seen = form.cleaned_data.get("seen") or 0
            try:
                kept = curation.rewrite(obj, by=request.user, title=obj.title, text=obj.text, seen=seen)
            except curation.Overtaken as overtaken:
                kept = overtaken.kept
                messages.warning(
                    request,
                    _("Somebody saved another text while you wrote. Yours is kept as a draft of its own: this one."),
                )
                told = request.POST.copy()
                told["_overtaken"] = "yes"
                request.POST = told  # type: ignore[assignment]
        else:
            return
        obj.pk = kept.pk
        obj.refresh_from_db()

    def response_add(self, request: HttpRequest, obj: Wording, post_url_continue: str | None = None) -> HttpResponse:
        return self._next(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Wording) -> HttpResponse:
        return self._next(request, obj) or super().response_change(request, obj)

    def _next(self, request: HttpRequest, obj: Wording) -> HttpResponse | None:
        """The button that was pressed, if it was one of ours; nothing more is done with a draft that was overtaken."""
        path = reverse("admin:guidance_wording_change", args=[obj.pk])
        name = next((name for name in VERBS if f"_{name}" in request.POST), None)
        if "_overtaken" in request.POST:
            return HttpResponseRedirect(path)
        if name is None:
            return None
        if name == "retire" and obj.of.current_id == obj.pk and "_sure" not in request.POST:
            return HttpResponseRedirect(f"{path}?sure=retire")
        try:
            VERBS[name](obj, by=request.user, **self._told(request, obj, name))
            messages.success(request, format_html("“{}”: {}", str(obj), DONE[name]))
        except curation.Refused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(path)

    def _told(self, request: HttpRequest, obj: Wording, name: str) -> dict[str, Any]:
        """What goes with a verb besides who does it."""
        seen = request.POST.get("seen_revision", "")
        if name == "approve":
            return {"review_by": obj.review_by, "seen": int(seen) if seen.isdigit() else obj.revision}
        return {"why": obj.remark} if name == "send_back" else {}

    @admin.action(description=_("Send to review"))
    def submit(self, request: HttpRequest, queryset: QuerySet[Wording]) -> None:
        self._all(request, queryset, "submit")

    @admin.action(description=_("Approve"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Wording]) -> None:
        self._all(request, queryset, "approve")

    @admin.action(description=_("Send back to the writer"))
    def send_back(self, request: HttpRequest, queryset: QuerySet[Wording]) -> None:
        self._all(request, queryset, "send_back")

    @admin.action(description=_("Retire"))
    def retire(self, request: HttpRequest, queryset: QuerySet[Wording]) -> None:
        self._all(request, queryset, "retire")

    @admin.action(description=_("Bring back to review"))
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Wording]) -> None:
        self._all(request, queryset, "bring_back")

    def _all(self, request: HttpRequest, chosen: QuerySet[Wording], name: str) -> None:
        """Each by itself: what cannot be done is said, and stops none of the others."""
        done = 0
        refused: dict[str, list[str]] = {}
        for wording in chosen:
            try:
                VERBS[name](wording, by=request.user)
                done += 1
            except curation.Refused as error:
                refused.setdefault(str(error), []).append(str(wording))
        if done:
            said = ngettext("One text: %(done)s.", "%(count)s texts: %(done)s.", done)
            messages.success(request, said % {"count": done, "done": DONE[name]})
        for why, which in refused.items():
            messages.error(request, format_html("{} ({})", why, ", ".join(which)))

    @admin.display(description=_("of"))
    def belongs_to(self, obj: Wording) -> str:
        return obj.of.slug

    @admin.display(description=_("beside what parents get now"))
    def changes(self, obj: Wording) -> SafeString | str:
        served = obj.of.current
        if served is None:
            return str(_("Parents get nothing of it now: every text of it is a draft, in review or retired."))
        if served.pk == obj.pk:
            return str(_("This is what parents get now."))
        before, after = marked(f"{served.title}\n{served.text}", f"{obj.title}\n{obj.text}")
        return format_html('<div class="beside"><div>{}</div><div>{}</div></div>', before, after)
