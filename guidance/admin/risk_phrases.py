"""Risk phrases at the desk: proposed here or on the bench, approved by somebody else, retired."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from guidance import curation, safety
from guidance.models import RiskPhrase

from .base import NeverDeleted


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
        phrase: str = self.cleaned_data["phrase"]
        try:
            safety.added([("soft", "any", phrase)])
        except ValueError as error:
            raise forms.ValidationError(_("It cannot be read: %(why)s") % {"why": error}) from error
        return phrase


@admin.register(RiskPhrase)
class RiskPhraseAdmin(NeverDeleted):
    """A phrase is never changed: another is proposed, and this one retired."""

    form = RiskPhraseForm
    list_display = ("phrase", "kind", "level", "state", "proposed_by", "proposed_at", "approved_by")
    list_filter = ("state", "level", "kind")
    list_select_related = ("proposed_by", "approved_by")
    search_fields = ("phrase", "kind")
    ordering = ("state", "-pk")
    actions = ("approve", "retire")

    def get_fields(self, request: HttpRequest, obj: RiskPhrase | None = None) -> tuple[str, ...]:
        told = ("state", "proposed_by", "proposed_at", "approved_by", "approved_at")
        return ("kind", "level", "phrase", *(told if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: RiskPhrase | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: RiskPhrase, form: Any, change: bool) -> None:
        if not change:
            obj.proposed_by = request.user  # type: ignore[assignment]
            super().save_model(request, obj, form, change)

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
