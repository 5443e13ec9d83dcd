"""Filters of a timeline."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from journal import access
from journal.models import Share, User

from .fields import CodeChoiceField, CodesChoiceField, ShortField


class FilterForm(forms.Form):
    """What every timeline can be narrowed by; a value that makes no sense is said, and the rest still holds."""

    signals = CodesChoiceField(
        queryset=None,
        to_field_name="slug",
        required=False,
        label=_("What happened"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )
    since = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        label=_("From"),
        error_messages={"invalid": _("Please give a day, such as 2026-03-14.")},
    )
    until = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        label=_("To"),
        error_messages={"invalid": _("Please give a day, such as 2026-03-14.")},
    )
    good = forms.BooleanField(required=False, label=_("Good moments and repairs only"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signals"].queryset = access.signals()  # type: ignore[attr-defined]

    def clean_since(self) -> dt.date | None:
        return _sensible(self.cleaned_data["since"])

    def clean_until(self) -> dt.date | None:
        return _sensible(self.cleaned_data["until"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("since") and cleaned.get("until") and cleaned["until"] < cleaned["since"]:
            self.add_error("until", _("This day is before the first one."))
        return cleaned


class TimelineForm(FilterForm):
    """A parent's own timeline."""

    child = CodeChoiceField(
        queryset=None,
        to_field_name="code",
        required=False,
        empty_label=_("All my children"),
        label=_("Child"),
        error_messages={"invalid_choice": _("Please choose one of your children.")},
    )
    search = ShortField(longest=200, label=_("Search in my own words"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["child"].queryset = access.children(user)  # type: ignore[attr-defined]
        self.fields["child"].label_from_instance = lambda child: child.name  # type: ignore[attr-defined]


class SharedTimelineForm(FilterForm):
    """What a therapist reads; searching and risk are there only where the words are shared."""

    unread = forms.BooleanField(required=False, label=_("Not read yet"))
    wanted = forms.BooleanField(required=False, label=_("To talk about"))
    risk = forms.BooleanField(required=False, label=_("With a risk note"))
    search = ShortField(longest=200, label=_("Search in the parent's words"))

    def __init__(self, *args: Any, share: Share, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not share.includes_words:
            del self.fields["risk"], self.fields["search"]


def _sensible(day: dt.date | None) -> dt.date | None:
    if day is not None and not 1990 <= day.year <= 2200:
        raise forms.ValidationError(_("Please give a day, such as 2026-03-14."))
    return day
