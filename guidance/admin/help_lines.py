"""Help lines at the desk: who they are for, and when a person last checked them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.models import HelpLine, LibraryVersion

from .base import OneAtATime


class Checked(admin.SimpleListFilter):
    title = _("checked by a person")
    parameter_name = "checked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("due", _("to be checked: never, or longer than six months ago")), ("fresh", _("within six months"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[HelpLine]) -> QuerySet[HelpLine]:
        fresh = Q(checked_on__gte=HelpLine.oldest_check())
        return {"due": queryset.exclude(fresh), "fresh": queryset.filter(fresh)}.get(self.value() or "", queryset)


@admin.register(HelpLine)
class HelpLineAdmin(OneAtATime):
    list_display = ("name", "country", "kind", "phone", "looked_up_on", "checked_by", "checked_on")
    list_filter = (Checked, "country", "kind")
    list_select_related = ("checked_by",)
    ordering = ("country", "order", "pk")
    search_fields = ("name", "country", "phone", "note", "source")
    readonly_fields = ("checked_by",)
    actions = ("checked_today",)

    @admin.action(description=_("I have checked these today: they answer, and what stands here is right"))
    def checked_today(self, request: HttpRequest, queryset: QuerySet[HelpLine]) -> None:
        for line in queryset:
            line.checked_on, line.checked_by = timezone.localdate(), request.user  # type: ignore[assignment]
            line.save()
        LibraryVersion.raise_by_one()
        messages.success(request, _("Thank you: noted with your name and the day."))

    def save_model(self, request: HttpRequest, obj: HelpLine, form: Any, change: bool) -> None:
        """Whoever changes how a line is reached has to check it anew: the earlier check was of another number."""
        changed = set(form.changed_data)
        if changed & {"phone", "sms", "url"} and "checked_on" not in changed:
            if obj.checked_on:
                messages.warning(request, _("This line counts as unchecked now: somebody should call it."))
            obj.checked_on = obj.checked_by = None
        elif "checked_on" in changed:
            obj.checked_by = request.user if obj.checked_on else None  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
