"""Accounts at the desk: an administrator makes and removes curators. Nothing of a family is ever shown here."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from . import curators
from .models import User


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_is_staff(self) -> bool:
        curator: bool = self.cleaned_data["is_staff"]
        if self.instance.is_superuser and not curator:
            raise forms.ValidationError(_("This is an administrator, who would not get back in here."))
        return curator


@admin.register(User)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AccountForm
    list_display = ("email", "is_staff", "is_active")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email",)
    fields = ("email", "is_staff", "is_active")
    readonly_fields = ("email", "is_active")
    ordering = ("email",)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if "is_staff" in form.changed_data:
            curators.appoint(obj, by=request.user, curator=obj.is_staff)  # type: ignore[arg-type]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False
