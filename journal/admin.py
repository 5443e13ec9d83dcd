"""Accounts at the desk: e-mail, curator or not, active. Nothing of a family is ever shown here."""

from django.contrib import admin
from django.http import HttpRequest

from .models import User


@admin.register(User)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("email", "is_staff", "is_active")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email",)
    fields = ("email", "is_staff", "is_active")
    readonly_fields = ("email",)
    ordering = ("email",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False
