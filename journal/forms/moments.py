"""The log of a moment, and "tell more"."""

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from journal import access
from journal.models import Attempt, Moment, User

from .fields import LONGEST_CHIP, CodeChoiceField, CodesChoiceField, RefusesFiles, ShortField, WordsField


class MomentForm(RefusesFiles):
    """The log: one chip (or a few words) and Save are enough."""

    client_key = forms.Field(widget=forms.HiddenInput, required=False)
    child = CodeChoiceField(
        queryset=None,
        to_field_name="code",
        empty_label=None,
        widget=forms.RadioSelect,
        label=_("Which child"),
        error_messages={
            "required": _("Please say which child."),
            "invalid_choice": _("Please choose one of your children."),
        },
    )
    signals = CodesChoiceField(
        queryset=None,
        to_field_name="slug",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("What happened"),
        error_messages={"invalid_choice": _("Please choose from the chips shown.")},
    )
    own_chips = CodesChoiceField(
        queryset=None,
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Your own"),
        error_messages={
            "invalid_choice": _("Please choose from your own chips."),
            "invalid_pk_value": _("Please choose from your own chips."),
        },
    )
    new_chip = ShortField(
        longest=LONGEST_CHIP,
        label=_("A chip of your own"),
        help_text=_("It stays here for next time, for you alone to tap."),
    )
    when = forms.ChoiceField(
        choices=Moment.When.choices,
        initial=Moment.When.JUST_NOW,
        widget=forms.RadioSelect,
        label=_("When"),
        error_messages={"required": _("Please say when it was."), "invalid_choice": _("Please choose from the list.")},
    )
    minutes_ago = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=720,
        label=_("About how many minutes ago"),
        error_messages={
            "invalid": _("Please give a whole number of minutes."),
            "min_value": _("Please give a number from 1 to 720."),
            "max_value": _("Please give a number from 1 to 720."),
        },
    )
    date = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        label=_("Which day"),
        error_messages={"invalid": _("Please give a day, such as 2026-03-14.")},
    )
    time = forms.TimeField(
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        label=_("About what time, if you remember"),
        error_messages={"invalid": _("Please give a time, such as 19:30.")},
    )
    words = WordsField(
        label=_("Or in your own words"), help_text=_("Write it so you could bear them reading it one day."), rows=3
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["child"].queryset = access.children(user)  # type: ignore[attr-defined]
        self.fields["child"].label_from_instance = lambda child: child.name  # type: ignore[attr-defined]
        self.fields["signals"].queryset = access.signals()  # type: ignore[attr-defined]
        self.fields["own_chips"].queryset = access.own_chips(user)  # type: ignore[attr-defined]
        self.fields["own_chips"].label_from_instance = lambda chip: chip.label  # type: ignore[attr-defined]
        self.initial.setdefault("client_key", uuid.uuid4())
        self.initial.setdefault("child", access.child_of_last_moment(user))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        asked = ("signals", "own_chips", "new_chip", "words")
        if not any(cleaned.get(name) for name in asked) and not any(name in self.errors for name in asked):
            self.add_error("signals", _("Please tap one thing that happened, or write a few words."))
        if "when" in cleaned and not {"minutes_ago", "date", "time"} & self.errors.keys():
            self._place_in_time(cleaned)
        return cleaned

    def clean_client_key(self) -> uuid.UUID:
        """A form that lost its key is saved as a new one rather than refused."""
        try:
            return uuid.UUID(str(self.cleaned_data["client_key"]))
        except ValueError:
            return uuid.uuid4()

    def details(self) -> dict[str, Any]:
        """The cleaned form as `moments.record` takes it."""
        taken = {name: self.cleaned_data[name] for name in ("child", "signals", "own_chips", "new_chip", "when")}
        taken |= {"happened_at": self.cleaned_data["happened_at"], "zone": timezone.get_current_timezone_name()}
        if "words" in self.fields:
            taken["words"] = self.cleaned_data["words"]
        return taken

    def _place_in_time(self, cleaned: dict[str, Any]) -> None:
        now = timezone.localtime()
        day, clock = now.date(), cleaned.get("time")
        match cleaned["when"]:
            case Moment.When.MINUTES_AGO:
                at = now - dt.timedelta(minutes=cleaned.get("minutes_ago") or 20)
            case Moment.When.EARLIER_TODAY:
                midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
                at = _at(day, clock) if clock else max(midnight, now - dt.timedelta(hours=3))
            case Moment.When.LAST_NIGHT:
                at = _at(day - dt.timedelta(days=1), dt.time(21))
            case Moment.When.DATE:
                if not cleaned.get("date"):
                    self.add_error("date", _("Please say which day it was."))
                    return
                midday = (
                    min(_at(cleaned["date"], dt.time(12)), now)
                    if cleaned["date"] == day
                    else _at(cleaned["date"], dt.time(12))
                )
                at = _at(cleaned["date"], clock) if clock else midday
            case _:
                at = now
        field = "date" if cleaned["when"] == Moment.When.DATE else "time"
        if at > now + dt.timedelta(minutes=1):
            self.add_error(field, _("Please give a time that has already been."))
        child = cleaned.get("child")
        if child and child.born_on and at.date() < child.born_on:
            self.add_error(field, _("That is before your child's birth month. Please check the day."))
        if at.year < now.year - 25:
            self.add_error(field, _("That is very long ago. Please check the day."))
        cleaned["happened_at"] = at


class MomentChangeForm(MomentForm):
    """The same, for a moment that is there already: its words are changed where they are told."""

    words = None  # type: ignore[assignment]

    def __init__(self, *args: Any, moment: Moment, **kwargs: Any) -> None:
        local = timezone.localtime(moment.happened_at)
        tapped = [row.signal.slug for row in moment.signals.all() if row.state in ("tapped", "confirmed")]
        initial = {
            "client_key": moment.client_key,
            "child": moment.child.code,
            "signals": tapped,
            "own_chips": [chip.code for chip in moment.own_chips.all()],
            "when": Moment.When.DATE,
            "date": local.date(),
            "time": local.time().replace(second=0, microsecond=0),
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["child"].queryset = access.children_for(moment)  # type: ignore[attr-defined]
        self.has_words = bool(moment.words)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.has_words and self.has_error("signals", None) and not cleaned.get("signals"):
            self.errors.pop("signals", None)  # words alone are enough
            cleaned.setdefault("signals", [])
        return cleaned


def _at(day: dt.date, clock: dt.time) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, clock))


def _choices(enum: Any) -> list[tuple[str, Any]]:
    return list(enum.choices)


class MoreForm(RefusesFiles, forms.ModelForm):  # type: ignore[type-arg]
    """ "Tell more", each part optional; intensity first, because it matches again."""

    words = WordsField(
        label=_("In your own words"), help_text=_("Write it so you could bear them reading it one day."), rows=5
    )
    felt = WordsField(label=_("What I felt"), rows=2)
    they_felt = WordsField(label=_("What they may have been feeling"), rows=2)
    next_time = WordsField(label=_("What I would try next time"), rows=2)

    class Meta:
        model = Moment
        fields = (
            "intensity", "words", "length", "reconnected", "ended", "parent_state", "felt", "they_felt", "next_time",
            "for_therapy",
        )  # fmt: skip
        labels = {
            "intensity": _("How big was it"),
            "length": _("How long the storm was"),
            "reconnected": _("From its start to the first coming back together"),
            "ended": _("How it ended"),
            "parent_state": _("How I was"),
            "for_therapy": _("Talk about this in therapy"),
        }
        help_texts = {
            "reconnected": _(
                "A look, a hug, a word. Settling alone is something else, and faster is not always better."
            ),
        }
        widgets = dict.fromkeys(("intensity", "length", "reconnected", "ended", "parent_state"), forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, enum in (
            ("intensity", Moment.Intensity),
            ("length", Moment.Length),
            ("reconnected", Moment.Reconnected),
            ("ended", Moment.Ended),
            ("parent_state", Moment.ParentState),
        ):
            self.fields[name].choices = [*_choices(enum), ("", _("Not said"))]  # type: ignore[attr-defined]
            self.fields[name].error_messages["invalid_choice"] = _("Please choose from the list.")
        before = dict(self.instance.attempts.values_list("what", "outcome")) if self.instance.pk else {}
        for what, label in Attempt.What.choices:
            self.fields[f"tried_{what}"] = forms.ChoiceField(
                choices=[("", _("Not tried")), *Attempt.Outcome.choices],
                required=False,
                label=label,
                initial=before.get(what, ""),
                error_messages={"invalid_choice": _("Please choose from the list.")},
            )

    def attempt_fields(self) -> list[forms.BoundField]:
        return [self[f"tried_{what}"] for what in Attempt.What.values]

    def details(self) -> dict[str, Any]:
        """The cleaned form as `moments.revise` takes it."""
        taken = {name: self.cleaned_data[name] for name in self._meta.fields or ()}
        taken["attempts"] = {what: self.cleaned_data[f"tried_{what}"] for what in Attempt.What.values}
        return taken

    def _post_clean(self) -> None:
        """Leave the instance as it is: `moments.revise` compares and writes."""
