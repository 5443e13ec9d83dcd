"""Children: what they are called, when they were born, how they started."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from journal.models import Bond, Child, HardPlace

from .fields import LONGEST_NAME, RefusesFiles, ShortField

MONTHS = [
    (1, _("January")), (2, _("February")), (3, _("March")), (4, _("April")), (5, _("May")), (6, _("June")),
    (7, _("July")), (8, _("August")), (9, _("September")), (10, _("October")), (11, _("November")), (12, _("December")),
]  # fmt: skip
OLDEST_YEARS = 20


class HistoryForm(RefusesFiles):
    """Birth month and history: asked once, at the first guidance that needs them; every part can be skipped."""

    birth_month = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("Month")), *MONTHS],
        label=_("Birth month"),
        error_messages={"invalid_choice": _("Please choose a month.")},
    )
    birth_year = forms.IntegerField(
        required=False,
        label=_("Birth year"),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": _("Please give a year, such as 2020.")},
    )
    hard_place = forms.ChoiceField(
        required=False,
        choices=HardPlace.choices,
        widget=forms.RadioSelect,
        label=_("A hard start"),
        help_text=_(
            "Some children had a hard start: adoption, foster care, loss, hospital, fear at home. It changes what "
            "helps. Skip it if you like."
        ),
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )

    def __init__(self, *args: Any, latest: dt.date | None = None, **kwargs: Any) -> None:
        """`latest` is the day of the first moment: nobody is born after it."""
        super().__init__(*args, **kwargs)
        self.latest = latest

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        month, year = cleaned.get("birth_month"), cleaned.get("birth_year")
        cleaned["born_on"] = None
        if "birth_year" in self.errors or "birth_month" in self.errors:
            return cleaned
        if bool(month) != bool(year):
            self.add_error(
                "birth_year" if month else "birth_month", _("Please give both the month and the year, or neither.")
            )
        elif month and year:
            today = timezone.localdate()
            if year < today.year - OLDEST_YEARS or year > today.year:
                self.add_error(
                    "birth_year",
                    _("Please give a year between %(first)s and %(last)s.")
                    % {"first": today.year - OLDEST_YEARS, "last": today.year},
                )
            elif dt.date(year, month, 1) > today:
                self.add_error("birth_month", _("Please give a month that has already been."))
            elif self.latest and dt.date(year, month, 1) > self.latest:
                self.add_error("birth_month", _("You have logged a moment from before that month. Please check."))
            else:
                cleaned["born_on"] = dt.date(year, month, 1)
        return cleaned

    def details(self) -> dict[str, Any]:
        return {"born_on": self.cleaned_data["born_on"], "hard_place": self.cleaned_data.get("hard_place", "")}


class NameForm(RefusesFiles):
    name = ShortField(
        longest=LONGEST_NAME,
        required=True,
        label=_("What shall we call your child?"),
        help_text=_("An initial will do."),
        error_messages={"required": _("Please give a name or an initial.")},
    )
    pronouns = ShortField(longest=LONGEST_NAME, label=_("Pronouns, if you want"), help_text=_("Such as she/her."))


class ChildForm(HistoryForm, NameForm):
    """All that is kept about a child, on one page."""

    field_order = ["name", "pronouns", "birth_month", "birth_year", "hard_place"]

    def __init__(self, *args: Any, child: Child, bond: Bond, **kwargs: Any) -> None:
        initial = {
            "name": child.name,
            "pronouns": child.pronouns,
            "birth_month": child.born_on.month if child.born_on else "",
            "birth_year": child.born_on.year if child.born_on else None,
            "hard_place": bond.hard_place,
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.child = child

    def details(self) -> dict[str, Any]:
        return super().details() | {name: self.cleaned_data[name] for name in ("name", "pronouns")}
