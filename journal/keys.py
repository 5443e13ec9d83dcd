"""The keys that names and words are encrypted with: are they the right ones, and moving everything to a new one."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import OperationalError, connection, transaction
from django.db.models import ExpressionWrapper, F, Model, TextField, Value

from . import encryption
from .models import Canary

CANARY = "still here"
BATCH = 500


class KeyTrouble(Exception):
    """Why we must not go on, in words for whoever runs this."""


class Unreachable(KeyTrouble):
    """The database cannot be asked: this says nothing about the keys."""


def check() -> None:
    """Read the canary, or leave one where there is none yet. Raises KeyTrouble; returns if all is well."""
    _keys_are_keys()
    _database_is_there()
    try:
        with transaction.atomic():
            if any(text != CANARY for text in Canary.objects.order_by("pk").values_list("text", flat=True)):
                raise _wrong()
            if not Canary.objects.exists():
                _any_text_reads()
                Canary.objects.create(text=CANARY)
    except encryption.WrongKey as error:
        raise _wrong() from error
    except OperationalError as error:
        raise Unreachable("The database stopped answering, or its disk is full. Nothing was changed.") from error


def rotate() -> dict[str, int]:
    """Put every encrypted text under the first key, batch by batch; how many of each kind.

    Each batch is one transaction. Stopped half-way, nothing is lost: both keys are still in FIELD_KEYS, run it again.
    """
    _keys_are_keys()
    _database_is_there()
    done = {Authenticator._meta.label: sum(_rotate_secrets(keys) for keys in _batches(Authenticator))}
    # The canary comes last: under the new key it says that all the rest is.
    for model, fields in sorted(encrypted_models(), key=lambda pair: pair[0] is Canary):
        done[model._meta.label] = sum(_rotate_batch(model, fields, keys) for keys in _batches(model))
    return done


def encrypted_models() -> Iterator[tuple[type[Model], list[str]]]:
    """Every model of ours with encrypted columns, and which they are."""
    for model in apps.get_app_config("journal").get_models(include_auto_created=True):
        fields = [
            field.attname for field in model._meta.concrete_fields if isinstance(field, encryption.EncryptedTextField)
        ]
        if fields:
            yield model, fields


def _rotate_batch(model: type[Model], fields: list[str], keys: list[int]) -> int:
    """The columns as they are stored, out and in: nothing is decrypted on the way but inside `encryption.rotate`."""
    changed = 0
    with transaction.atomic():
        rows = model._default_manager.filter(pk__in=keys).order_by("pk").select_for_update()
        stored = {f"stored_{field}": ExpressionWrapper(F(field), output_field=TextField()) for field in fields}
        for row in list(rows.values("pk", **stored)):
            texts = {field: row[f"stored_{field}"] for field in fields if row[f"stored_{field}"]}
            if texts:
                turned = {field: Value(_turn(text, model, row["pk"]), TextField()) for field, text in texts.items()}
                model._default_manager.filter(pk=row["pk"]).update(**turned)
                changed += 1
    return changed


def _rotate_secrets(keys: list[int]) -> int:
    """allauth keeps second-factor secrets among other data: whatever our adapter encrypted is turned."""
    changed = 0
    with transaction.atomic():
        rows = Authenticator.objects.filter(pk__in=keys).order_by("pk").select_for_update()
        for pk, data in list(rows.values_list("pk", "data")):
            turned = _turn_inside(data, pk)
            if turned != data:
                Authenticator.objects.filter(pk=pk).update(data=turned)
                changed += 1
    return changed


def _turn_inside(data: Any, pk: int) -> Any:
    if isinstance(data, dict):
        return {name: _turn_inside(value, pk) for name, value in data.items()}
    if isinstance(data, list):
        return [_turn_inside(value, pk) for value in data]
    if isinstance(data, str) and data.startswith(encryption.PREFIX):
        return _turn(data, Authenticator, pk)
    return data


def _turn(stored: str, model: type[Model], pk: int) -> str:
    try:
        return encryption.rotate(stored)
    except encryption.WrongKey as error:
        raise KeyTrouble(
            f"{model._meta.label} {pk} cannot be read with any key in FIELD_KEYS, so it stays as it is and we stop. "
            "Add the key it was written with and run rotate_keys again; do not take an old key away before."
        ) from error


def _batches(model: type[Model]) -> Iterator[list[int]]:
    after = 0
    while keys := list(model._default_manager.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield keys
        after = keys[-1]


def _any_text_reads() -> None:
    """No canary, but perhaps texts from before it was lost: one of each kind must read, or the key is wrong."""
    for model, fields in encrypted_models():
        for field in fields:
            stored = ExpressionWrapper(F(field), output_field=TextField())
            texts = model._default_manager.annotate(stored=stored).exclude(stored="").order_by("pk")
            text = texts.values_list("stored", flat=True).first()
            if text:
                encryption.decrypt(text)


def _keys_are_keys() -> None:
    try:
        encryption.encrypt(CANARY)
    except (ValueError, TypeError) as error:
        raise KeyTrouble(
            "FIELD_KEYS holds something that is not a key. Each key is 44 letters and digits ending in =, "
            "several are parted by commas without spaces."
        ) from error


def _database_is_there() -> None:
    try:
        tables = connection.introspection.table_names()
    except OperationalError as error:
        raise Unreachable(
            "The database cannot be reached. Is it running, and is DATABASE_URL right? "
            "This says nothing about the keys."
        ) from error
    if Canary._meta.db_table not in tables:
        raise Unreachable("The database has no tables yet: run `manage.py migrate` first.")


def _wrong() -> KeyTrouble:
    return KeyTrouble(
        "FIELD_KEYS is not the key this database was written with: nobody could read what parents wrote, and new words "
        "would be under another key. Put the right key back (the old .env or its backup has it). Nothing was changed."
    )
