"""Fields that every form of ours is made of, with plain words where something cannot be taken."""

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

LONGEST_TEXT = 20_000
LONGEST_NAME = 40
LONGEST_CHIP = 60
NUL = ProhibitNullCharactersValidator(message=_("There is a character here that cannot be kept. Please remove it."))


class WordsField(forms.CharField):
    """Free text: any script, any emoji, up to LONGEST_TEXT characters."""

    def __init__(self, *, rows: int = 4, longest: int = LONGEST_TEXT, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows}))
        super().__init__(**kwargs)
        self.longest = longest
        # Our own words in place of Django's.
        self.validators = [NUL]

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.longest:
            raise forms.ValidationError(
                _("That is very long. Please keep it under %(most)s characters; now it has %(has)s.")
                % {"most": f"{self.longest:,}", "has": f"{len(value):,}"}
            )


class ShortField(WordsField):
    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        super().__init__(longest=longest, widget=forms.TextInput(attrs={"maxlength": longest}), **kwargs)


class RefusesFiles(forms.Form):
    """A file where text belongs gets a message, not silence."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.files:
            raise forms.ValidationError(_("Files cannot be kept here. Please type it instead."))
        return cleaned


class CodeChoiceField(forms.ModelChoiceField):
    """A row chosen by its code; what is no code at all is as wrong as somebody else's."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error


class CodesChoiceField(forms.ModelMultipleChoiceField):
    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error
