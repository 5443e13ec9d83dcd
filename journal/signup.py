"""What sign-up asks besides e-mail and password: country for help lines, and time zone."""

import zoneinfo
from typing import Any

from allauth.core import context
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .countries import country_choices, guess_country, guess_time_zone
from .models import User


def time_zones() -> list[tuple[str, str]]:
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class PlaceForm(forms.Form):
    """Where the parent is: asked at sign-up, changed on the account page."""

    country = forms.ChoiceField(
        label=_("Country"),
        choices=country_choices,
        required=False,
        help_text=_("So that the help lines are the right ones. You can change it later."),
        error_messages={"invalid_choice": _("Please choose a country from the list.")},
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zones,
        initial="UTC",
        widget=forms.Select(attrs={"data-time-zone": ""}),
        error_messages={"invalid_choice": _("Please choose a time zone from the list.")},
    )


class SignupDetails(PlaceForm):
    """allauth builds its sign-up forms, with a password or a passkey, on this one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country = guess_country(context.request)
        self.fields["country"].initial = country
        self.fields["time_zone"].initial = guess_time_zone(country)

    def signup(self, request: HttpRequest, user: User) -> None:
        user.country = self.cleaned_data["country"]
        user.time_zone = self.cleaned_data["time_zone"]
        user.save(update_fields=["country", "time_zone"])
