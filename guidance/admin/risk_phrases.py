"""Risk phrases at the desk: proposed here or on the bench, approved by somebody else, retired."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from guidance import bench, curation, safety
from guidance.models import RiskPhrase

from .base import NeverDeleted

BUTTONS = {
    RiskPhrase.State.PROPOSED: [("approve", _("Approve")), ("retire", _("Put it away"))],
    RiskPhrase.State.APPROVED: [("retire", _("Retire"))],
}


class RiskPhraseForm(forms.ModelForm):  # type: ignore[type-arg]
    kind = forms.ChoiceField(label=_("Sort of danger"))

    class Meta:
        model = RiskPhrase
        fields = ("kind", "level", "phrase")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            self.fields["kind"].choices = [(kind.slug, kind.label) for kind in safety.all_kinds()]  # type: ignore[attr-defined]

    def clean_phrase(self) -> str:
        try:
            return safety.checked_phrase(self.cleaned_data["phrase"])
        except ValueError as error:
            raise forms.ValidationError(_("It cannot be used: %(why)s.") % {"why": error}) from error


@admin.register(RiskPhrase)
class RiskPhraseAdmin(NeverDeleted):
    """A phrase is never changed: another is proposed, and this one retired."""

    form = RiskPhraseForm
    change_form_template = "admin/guidance/riskphrase/change_form.html"
    list_display = ("phrase", "kind", "level", "state", "proposed_by", "proposed_at", "approved_by")
    list_filter = ("state", "level", "kind")
    list_select_related = ("proposed_by", "approved_by")
    search_fields = ("phrase", "kind")
    ordering = ("state", "-pk")
    actions = ("approve", "retire")

    def get_fields(self, request: HttpRequest, obj: RiskPhrase | None = None) -> tuple[str, ...]:
        told = ("found_in", "state", "proposed_by", "proposed_at", "approved_by", "approved_at")
        return ("kind", "level", "phrase", *(told if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: RiskPhrase | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: RiskPhrase, form: Any, change: bool) -> None:
        if not change:
            obj.proposed_by = request.user  # type: ignore[assignment]
            super().save_model(request, obj, form, change)

    @admin.display(description=_("where it stands"))
    def found_in(self, obj: RiskPhrase) -> SafeString:
        """In the texts that the risk model was trained on: what whoever approves it wants to know."""
        trial = bench.try_phrase(safety.added([(obj.level, obj.kind, obj.phrase)]))
        said = _("Of %(texts)s texts in %(urgent)s urgent ones, %(concern)s of concern and %(harmless)s harmless ones.")
        lines = [said % vars(trial), *trial.examples]
        return format_html_join("", "<p>{}</p>", ((line,) for line in lines))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        mine = bool(found) and settings.FOUR_EYES and found.proposed_by_id == request.user.pk
        buttons = BUTTONS.get(found.state, []) if found else []
        context = {
            "buttons": [(name, label) for name, label in buttons if not (name == "approve" and mine)],
            "mine": mine and found.state == RiskPhrase.State.PROPOSED,
        }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))  # type: ignore[no-any-return]

    def response_change(self, request: HttpRequest, obj: RiskPhrase) -> HttpResponse:
        chosen = RiskPhrase.objects.filter(pk=obj.pk)
        for name in ("approve", "retire"):
            if f"_{name}" in request.POST:
                getattr(self, name)(request, chosen)
        return HttpResponseRedirect(reverse("admin:guidance_riskphrase_change", args=[obj.pk]))

    @admin.action(description=_("Approve"))
    def approve(self, request: HttpRequest, queryset: QuerySet[RiskPhrase]) -> None:
        self._all(request, queryset, curation.approve_phrase, _("“{}” counts from now on."))

    @admin.action(description=_("Retire"))
    def retire(self, request: HttpRequest, queryset: QuerySet[RiskPhrase]) -> None:
        self._all(request, queryset, curation.retire_phrase, _("“{}” no longer counts."))

    def _all(self, request: HttpRequest, chosen: QuerySet[RiskPhrase], verb: Any, done: Any) -> None:
        for phrase in chosen:
            try:
                verb(phrase, by=request.user)
                messages.success(request, format_html(done, phrase.phrase))
            except curation.Refused as refused:
                messages.error(request, format_html("{} (“{}”)", str(refused), phrase.phrase))
