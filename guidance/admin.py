"""The curators' desk: guidance, searchable, with its history. Every writer here raises the library version."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models, transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

from .matching.values import Gate
from .models import HelpLine, LibraryVersion, Passage, Response, Signal, Source, Weight, Wording


class GuidanceAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """Saves and deletes raise the library version in their own transaction, so that the next match sees them."""

    show_full_result_count = False
    # The package's own list has an inline style, which our policy refuses.
    object_history_list_template = "admin/history_list.html"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.URLField):
            kwargs.setdefault("assume_scheme", "https")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @transaction.atomic
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        LibraryVersion.raise_by_one()

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        super().delete_model(request, obj)
        LibraryVersion.raise_by_one()

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        LibraryVersion.raise_by_one()


class ShippedFixed(GuidanceAdmin):
    """Identities that suggestions and files point at: changed here, neither made nor deleted here."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Source)
class SourceAdmin(ShippedFixed):
    list_display = ("title", "author", "kind", "url")
    list_filter = ("kind",)
    search_fields = ("title", "author", "slug")


@admin.register(Signal)
class SignalAdmin(ShippedFixed):
    list_display = ("label", "slug", "group", "seen", "is_judged", "is_good")
    list_filter = ("group", "is_good")
    search_fields = ("label", "slug", "seen", "phrases")
    ordering = ("order",)


class WordingInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Wording
    fields = ("title", "text", "language", "state", "origin", "written_by", "written_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WeightInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Weight
    fields = ("signal", "condition", "fitted", "override")
    readonly_fields = ("fitted",)
    extra = 0
    can_delete = False


@admin.register(Passage)
class PassageAdmin(ShippedFixed):
    list_display = ("slug", "title", "source", "audience", "stance", "frame")
    list_filter = ("source", "audience", "stance", "frame")
    list_select_related = ("source", "current")
    search_fields = ("slug", "current__title", "current__text")
    readonly_fields = ("title", "text")
    inlines = (WordingInline, WeightInline)


class ResponseForm(forms.ModelForm):  # type: ignore[type-arg]
    gates = forms.MultipleChoiceField(
        choices=[(gate.value, gate.value.replace("_", " ")) for gate in Gate],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Also offered while one of these is so."),
    )
    not_when = forms.MultipleChoiceField(
        choices=[(gate.value, gate.value.replace("_", " ")) for gate in Gate],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Withheld while one of these is so."),
    )

    class Meta:
        model = Response
        fields = (
            "slug", "phase", "kind", "stance", "hard_place", "from_months", "to_months", "passages", "signals", "risks",
            "gates",
            "not_when", "source",
        )  # fmt: skip


@admin.register(Response)
class ResponseAdmin(ShippedFixed):
    form = ResponseForm
    list_display = ("slug", "phase", "kind", "stance", "text", "source")
    list_filter = ("phase", "kind", "stance", "hard_place", "signals", "source")
    list_select_related = ("current", "source")
    search_fields = ("slug", "current__text")
    filter_horizontal = ("passages", "signals")
    readonly_fields = ("text",)
    inlines = (WordingInline,)


@admin.register(Wording)
class WordingAdmin(GuidanceAdmin):
    """Texts are read here and drafts are written; an approved text is never changed and none is deleted."""

    list_display = ("__str__", "passage", "response", "state", "origin", "written_by", "written_at")
    list_filter = ("state", "origin", "language")
    list_select_related = ("passage", "response", "written_by", "passage__current")
    search_fields = ("title", "text", "passage__slug", "response__slug")
    fields = ("passage", "response", "language", "title", "text", "state", "origin", "written_by", "written_at")
    autocomplete_fields = ("passage", "response")

    def get_readonly_fields(self, request: HttpRequest, obj: Wording | None = None) -> tuple[str, ...]:
        kept = ("state", "origin", "written_by", "written_at")
        if obj is None:
            return kept
        return (*kept, "passage", "response", "language") if obj.state == Wording.State.DRAFT else tuple(self.fields)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Wording, form: Any, change: bool) -> None:
        if not change:
            obj.written_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)


@admin.register(Weight)
class WeightAdmin(GuidanceAdmin):
    list_display = ("passage", "signal", "condition", "fitted", "override")
    list_filter = ("signal", "condition")
    list_select_related = ("passage__current", "signal")
    search_fields = ("passage__slug", "signal__slug", "signal__label")
    readonly_fields = ("fitted",)
    autocomplete_fields = ("passage", "signal")

    def get_readonly_fields(self, request: HttpRequest, obj: Weight | None = None) -> tuple[str, ...]:
        return ("fitted", "passage", "signal", "condition") if obj else ("fitted",)


@admin.register(HelpLine)
class HelpLineAdmin(GuidanceAdmin):
    list_display = ("name", "country", "kind", "phone", "looked_up_on", "checked_by", "checked_on")
    list_filter = ("country", "kind")
    search_fields = ("name", "country", "phone", "note", "source")
    readonly_fields = ("checked_by",)

    def save_model(self, request: HttpRequest, obj: HelpLine, form: Any, change: bool) -> None:
        if "checked_on" in form.changed_data:
            obj.checked_by = request.user if obj.checked_on else None  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
