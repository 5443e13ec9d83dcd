"""Text that is encrypted at rest: names, own chips and everything a parent writes in words."""

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models

PREFIX = "f1:"  # the scheme; another one may follow beside it


class WrongKey(Exception):
    """A stored text cannot be read with the keys in FIELD_KEYS."""


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    return PREFIX + _fernet(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Raises WrongKey rather than ever handing out the ciphertext as text."""
    if not stored.startswith(PREFIX):
        raise WrongKey
    try:
        return _fernet(tuple(settings.FIELD_KEYS)).decrypt(stored[len(PREFIX) :].encode()).decode()
    except InvalidToken as error:
        raise WrongKey from error


def rotate(stored: str) -> str:
    """The same text under the first key."""
    try:
        return PREFIX + _fernet(tuple(settings.FIELD_KEYS)).rotate(stored[len(PREFIX) :].encode()).decode()
    except InvalidToken as error:
        raise WrongKey from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """A text column that holds ciphertext; an empty text stays empty. Look-ups by content are refused."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self.name} is encrypted and cannot be searched in the database")
