"""Unmet need at the desk: read, never written; the journal counts it."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import BenchCase, TallyRun, UnmetNeed
from ..tallies import AGE_UNKNOWN

TOTAL = {"": gettext_lazy("all together")}
AGES = TOTAL | {
    "age_infant": gettext_lazy("under 1 year"),
    "age_toddler": gettext_lazy("1 and 2 years"),
    "age_preschool": gettext_lazy("3 to 5 years"),
    "age_school": gettext_lazy("6 to 9 years"),
    "age_older": gettext_lazy("10 years and older"),
    AGE_UNKNOWN: gettext_lazy("age not known"),
}
HISTORIES = TOTAL | dict(BenchCase.HardPlace.choices)


class InWords(admin.SimpleListFilter):
    """A filter by a column of codes, in words; the empty code is the total."""

    parameter_name: str
    words: dict[str, Any]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(code or "all", words) for code, words in self.words.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        chosen = self.value()
        if chosen is None:
            return queryset
        return queryset.filter(**{self.parameter_name: "" if chosen == "all" else chosen})


class ByAge(InWords):
    title, parameter_name, words = gettext_lazy("age"), "age_band", AGES


class ByHistory(InWords):
    title, parameter_name, words = gettext_lazy("history"), "history", HISTORIES


@admin.register(UnmetNeed)
class UnmetNeedAdmin(admin.ModelAdmin):
    list_display = ("why", "signal", "age", "history_told", "at_least")
    list_display_links = None
    list_filter = ("why", "signal__group", ByAge, ByHistory)
    list_select_related = ("signal",)
    ordering = ("-families", "why", "signal__order", "age_band", "history")
    fields = readonly_fields = list_display
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=gettext_lazy("age"), ordering="age_band")
    def age(self, row: UnmetNeed) -> str:
        return str(AGES.get(row.age_band, row.age_band))

    @admin.display(description=gettext_lazy("history"), ordering="history")
    def history_told(self, row: UnmetNeed) -> str:
        return str(HISTORIES.get(row.history, row.history))

    @admin.display(description=gettext_lazy("families, at least"), ordering="families")
    def at_least(self, row: UnmetNeed) -> int:
        return row.families

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        run = TallyRun.objects.order_by("-counted_at").first()
        title = _("Unmet need, never counted yet")
        if run:
            when = formats.date_format(timezone.localtime(run.counted_at), "DATETIME_FORMAT")
            title = _("Unmet need, last counted %(when)s") % {"when": when}
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
