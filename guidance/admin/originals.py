"""Originals at the desk: whoever holds the text of a founding document pastes it here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import originals
from ..models import Original, Source


class LoadForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Original
        fields = ("source", "text")
        help_texts = {
            "source": gettext_lazy("Loaded before? Loading again puts the new text in its place."),
            "text": gettext_lazy(
                "Paste the whole text, from the first line to the last. Spaces, line breaks and the kind of quotes do "
                "not matter; every word does. Only signed-in people see it, folded under the retelling."
            ),
        }

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "source" in given and "text" in given:
            try:
                originals.paragraphs(given["source"], given["text"])
            except originals.Refused as refused:
                self.add_error("text", str(refused))
        return given

    def validate_unique(self) -> None:
        """A source that has its original may be loaded anew."""


@admin.register(Original)
class OriginalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Loaded, loaded anew and deleted; never edited. The matcher does not read originals: the version stays."""

    form = LoadForm
    list_display = ("source", "loaded_by", "loaded_at")
    list_select_related = ("source", "loaded_by")
    ordering = ("source",)
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Original | None = None) -> tuple[str, ...]:
        return ("source", "text", "loaded_by", "loaded_at") if obj else ("source", "text")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "source":
            kwargs["queryset"] = Source.objects.filter(slug__in=originals.known()).order_by("pk")
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(
            field.widget, RelatedFieldWidgetWrapper
        ):  # a source made here would have no fingerprints
            field.widget = field.widget.widget
        return field

    def has_change_permission(self, request: HttpRequest, obj: Original | None = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        title = {"title": _("Load an original")}
        return super().add_view(request, form_url, {**one_button, **title, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Original, form: Any, change: bool) -> None:
        is_new = originals.load(obj.source.slug, obj.text, by=request.user)  # type: ignore[arg-type]
        obj.pk = Original.objects.values_list("pk", flat=True).get(source=obj.source)
        said = _("“%(source)s” is loaded.") if is_new else _("“%(source)s” was loaded before; nothing changed.")
        messages.success(request, said % {"source": obj.source})

    def response_add(self, request: HttpRequest, obj: Original, post_url_continue: str | None = None) -> HttpResponse:
        return self.response_post_save_add(request, obj)
