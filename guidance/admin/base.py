"""What every table of guidance at the desk has in common."""

from typing import Any

from django.db import models, transaction
from django.db.models import Model
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from simple_history.template_utils import HistoricalRecordContextHelper

from guidance.models import LibraryVersion
from guidance.textdiff import marked

# Values longer than this are texts, of which one wants to see the words that changed.
LONG = 40


class ReadableChanges(HistoricalRecordContextHelper):  # type: ignore[misc]
    """The package shortens long values; a text is shown whole, with what changed marked."""

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        """Nobody is nobody, not a "deleted user"."""
        found = super().prepare_delta_change_value(change, value)
        return "" if found is None or getattr(found, "pk", "") is None else found

    def stringify_delta_change_values(self, change: Any, old: Any, new: Any) -> tuple[str, str]:
        if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > LONG:
            return marked(old, new)
        return super().stringify_delta_change_values(change, old, new)  # type: ignore[no-any-return]


class GuidanceAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """Saves and deletes raise the library version in their own transaction, so that the next match sees them."""

    show_full_result_count = False
    # The package's own list has an inline style, which our policy refuses.
    object_history_list_template = "admin/history_list.html"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.URLField):
            kwargs.setdefault("assume_scheme", "https")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> ReadableChanges:
        return ReadableChanges(self.model, historical_record)

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


class OneAtATime(GuidanceAdmin):
    """Rows go one by one: with a single tick a whole list would be gone."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


class NeverDeleted(GuidanceAdmin):
    """Identities that suggestions and files point at: a text is retired, what it belongs to stays."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
