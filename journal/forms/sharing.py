"""Asking people in, sharing, and what a therapist says."""

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.models import Response, StanceChoice
from journal import access
from journal.models import Invitation, Recommendation, Share, User
from journal.sharing import LEASE

from .fields import CodeChoiceField, CodesChoiceField, RefusesFiles, WordsField

LONGEST_COMMENT = 4_000
LONGEST_WORDING = 600
LONGEST_LEASE = dt.timedelta(days=366)
BAD_DAY = _("Please give a day, such as 2026-03-14.")
FROM_THE_LIST = _("Please choose from the list.")


class DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.DateInput(attrs={"type": "date"}),
            error_messages={"invalid": BAD_DAY, "required": BAD_DAY},
            **kwargs,
        )


class AddressField(forms.EmailField):
    default_validators = [EmailValidator(message=_("Please give an e-mail address, such as name@example.org."))]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=254,
            error_messages={
                "required": _("Please give the e-mail address the invitation goes to."),
                "max_length": _("That is too long for an e-mail address."),
            },
            **kwargs,
        )


class InviteForm(RefusesFiles):
    """Another parent, or somebody who logs."""

    kind = forms.ChoiceField(
        choices=[
            (Invitation.Kind.PARENT.value, _("The other parent: logs moments of their own")),
            (Invitation.Kind.RECORDER.value, _("Somebody who logs for me: a grandparent, a sitter")),
        ],
        widget=forms.RadioSelect,
        label=_("Who is it"),
        error_messages={"required": _("Please say who it is."), "invalid_choice": FROM_THE_LIST},
    )
    email = AddressField(label=_("Their e-mail address"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        return _not_oneself(self.cleaned_data["email"], self.user)


class TermsForm(RefusesFiles):
    """What a share covers."""

    from_date = DayField(label=_("From which day"), help_text=_("Moments from before that day stay with you alone."))
    includes_words = forms.ChoiceField(
        choices=[("no", _("What I tapped")), ("yes", _("What I tapped, and my own words"))],
        widget=forms.RadioSelect,
        label=_("What they read"),
        help_text=_("Without your words they also see no risk note and nothing else that was worked out from words."),
        error_messages={"required": _("Please say what they may read."), "invalid_choice": FROM_THE_LIST},
    )
    until = DayField(
        label=_("Until when"), help_text=_("It ends by itself after that day. You can stop or renew it at any time.")
    )

    def clean_from_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["from_date"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("Please give a day that has already been, or today."))
        if day.year < 1990:
            raise forms.ValidationError(BAD_DAY)
        return day

    def clean_until(self) -> dt.date:
        day: dt.date = self.cleaned_data["until"]
        if day < timezone.localdate():
            raise forms.ValidationError(_("Please give today or a day to come."))
        if day > timezone.localdate() + LONGEST_LEASE:
            raise forms.ValidationError(_("Please choose a day within a year. You can renew it then."))
        return day

    def terms(self) -> dict[str, Any]:
        """As `sharing` takes them: the last day counts to its end, where the parent is."""
        end = dt.datetime.combine(self.cleaned_data["until"], dt.time.max)
        return {
            "from_date": self.cleaned_data["from_date"],
            "includes_words": self.cleaned_data["includes_words"] == "yes",
            "until": timezone.make_aware(end),
        }


class ShareForm(TermsForm):
    """A new share: to whom, of which child, on which terms."""

    email = AddressField(label=_("The therapist's e-mail address"))
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
    field_order = ["email", "child", "from_date", "includes_words", "until"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["child"].queryset = access.children_shared_from(user)  # type: ignore[attr-defined]
        self.fields["child"].label_from_instance = lambda child: child.name  # type: ignore[attr-defined]
        self.initial.setdefault("child", access.child_of_last_moment(user))
        self.initial.setdefault("from_date", timezone.localdate())
        self.initial.setdefault("until", timezone.localdate() + LEASE)

    def clean_email(self) -> str:
        return _not_oneself(self.cleaned_data["email"], self.user)

    def preview(self) -> Share:
        """The share as it would be, not saved: what it shows is what they would see."""
        return Share(owner=self.user, child=self.cleaned_data["child"], **self.terms())


class ShareChangeForm(TermsForm):
    def __init__(self, data: Any, files: Any, *, share: Share) -> None:
        last_day = timezone.localtime(share.until).date()
        initial = {
            "from_date": share.from_date,
            "includes_words": "yes" if share.includes_words else "no",
            "until": max(last_day, timezone.localdate()),
        }
        super().__init__(data, files, initial=initial)


class CommentForm(RefusesFiles):
    text = WordsField(
        required=True,
        longest=LONGEST_COMMENT,
        rows=3,
        label=_("A comment to the parent"),
        help_text=_("They read it with this moment. The e-mail they get says only that there is something to read."),
        error_messages={"required": _("Please write something first.")},
    )


class NoteForm(RefusesFiles):
    text = WordsField(
        required=True,
        longest=LONGEST_COMMENT,
        rows=3,
        label=_("A note of your own"),
        help_text=_("Part of your practice's record. The family does not see it here. Notes are added, not changed."),
        error_messages={"required": _("Please write something first.")},
    )


class SessionForm(RefusesFiles):
    on = DayField(label=_("Session"), help_text=_("The next one, or one that has been."))

    def clean_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["on"]
        if abs((day - timezone.localdate()).days) > 366:
            raise forms.ValidationError(_("Please give a day within a year of today."))
        return day


class StanceForm(RefusesFiles):
    stance = forms.ChoiceField(
        required=False,
        choices=[("", _("Leave it to the child's history")), *StanceChoice.choices],
        widget=forms.RadioSelect,
        label=_("How near to be with this child"),
        help_text=_(
            "Only with this set may what you pin go against the rule for the child's history. The parent's page says "
            "that you set it."
        ),
        error_messages={"invalid_choice": FROM_THE_LIST},
    )  # fmt: skip


class RecommendForm(RefusesFiles):
    """Pin, hide, reword, or write."""

    kind = forms.ChoiceField(
        choices=[
            (Recommendation.Kind.PIN.value, _("Show it first")),
            (Recommendation.Kind.HIDE.value, _("Do not show it")),
            (Recommendation.Kind.REWORD.value, _("Say it like this")),
            (Recommendation.Kind.WRITE.value, _("Something of my own")),
        ],
        widget=forms.RadioSelect,
        label=_("What to do"),
        error_messages={"required": _("Please say what to do."), "invalid_choice": FROM_THE_LIST},
    )
    what = forms.ChoiceField(
        required=False,
        label=_("With which text"),
        help_text=_("Not needed for something of your own."),
        error_messages={"invalid_choice": FROM_THE_LIST},
    )
    text = WordsField(
        longest=LONGEST_WORDING,
        rows=3,
        label=_("Your words"),
        help_text=_(
            "For “say it like this” and for something of your own. Short and plain: they read it in the moment."
        ),
    )
    phase = forms.ChoiceField(
        required=False,
        choices=[("", _("Choose")), *Response.Phase.choices],
        label=_("When in the moment"),
        help_text=_("For something of your own."),
        error_messages={"invalid_choice": FROM_THE_LIST},
    )
    signals = CodesChoiceField(
        queryset=None,
        to_field_name="slug",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("At moments with one of these"),
        help_text=_("Leave it empty for a text of the library, and it comes wherever the library finds it fits."),
        error_messages={"invalid_choice": _("Please choose from the chips shown.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.passages = {one.slug: one for one in access.passages_to_recommend()}
        self.responses = {one.slug: one for one in access.responses_to_recommend()}
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            (_("Passages"), [(f"passage:{slug}", one.title) for slug, one in self.passages.items()]),
            (_("To say or do"), [(f"response:{slug}", one.text) for slug, one in self.responses.items()]),
        ]
        self.fields["signals"].queryset = access.signals()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = cleaned.get("kind")
        own = kind == Recommendation.Kind.WRITE
        if kind and not own and not cleaned.get("what") and "what" not in self.errors:
            self.add_error("what", _("Please choose a text."))
        worded = kind in (Recommendation.Kind.REWORD, Recommendation.Kind.WRITE)
        if worded and not cleaned.get("text") and "text" not in self.errors:
            self.add_error("text", _("Please write how it should be said."))
        if own and not cleaned.get("phase") and "phase" not in self.errors:
            self.add_error("phase", _("Please say when in the moment it helps."))
        if own and not cleaned.get("signals") and "signals" not in self.errors:
            self.add_error("signals", _("Please choose at least one, so that it comes at the right moments."))
        return cleaned

    def details(self) -> dict[str, Any]:
        """As `recommending.recommend` takes it; what the kind has no use for is left out."""
        kind, what = self.cleaned_data["kind"], self.cleaned_data["what"]
        own = kind == Recommendation.Kind.WRITE
        sort, _colon, slug = ("" if own else what).partition(":")
        return {
            "kind": kind,
            "passage": self.passages[slug] if sort == "passage" else None,
            "response": self.responses[slug] if sort == "response" else None,
            "text": self.cleaned_data["text"] if own or kind == Recommendation.Kind.REWORD else "",
            "phase": self.cleaned_data["phase"] if own else "",
            "signals": self.cleaned_data["signals"] if kind != Recommendation.Kind.HIDE else [],
        }


def _not_oneself(email: str, user: User) -> str:
    if email.casefold() == user.email.casefold():
        raise forms.ValidationError(_("That is your own address."))
    return email
