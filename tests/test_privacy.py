"""What is kept encrypted, what is never kept, and what no page, log or cache may give away."""

import base64
import json
import logging
import re
import secrets
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import FieldError
from django.db import InterfaceError, OperationalError, connection, models
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from config.logs import WithoutPersonalData
from journal import access, families, moments
from journal.encryption import PREFIX, EncryptedTextField, WrongKey, decrypt, encrypt
from journal.models import Audit, Child, Moment, OwnChip, User
from tests.conftest import log

SECRET = "Xylophone at dawn"


def encrypted_fields() -> list[tuple[type[models.Model], models.Field]]:
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, EncryptedTextField)
    ]


def stored(model: type[models.Model], field: models.Field) -> list[str]:
    """The column as it is in the database."""
    with connection.cursor() as cursor:
        quote = connection.ops.quote_name
        cursor.execute(f"SELECT {quote(field.column)} FROM {quote(model._meta.db_table)}")  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def written(parent: User, child: Child) -> Moment:
    """A moment with every free text filled."""
    families.change_child(child, by=parent, name=SECRET, pronouns=SECRET, hard_place="yes")
    moment = log(parent, child, "pushed_away", words=SECRET, new_chip=SECRET)
    return moments.revise(moment, by=parent, felt=SECRET, they_felt=SECRET, next_time=SECRET)


# Encryption


def test_every_free_text_and_name_is_an_encrypted_column() -> None:
    names = {f"{model._meta.label_lower}.{field.name}" for model, field in encrypted_fields()}
    assert names >= {
        "journal.child.name", "journal.child.pronouns", "journal.ownchip.label", "journal.moment.words",
        "journal.moment.felt", "journal.moment.they_felt", "journal.moment.next_time",
    }  # fmt: skip
    clear = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_app_config("journal").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.TextField) and not isinstance(field, EncryptedTextField)
    }
    assert clear == set(), "a free text in clear"


def test_the_columns_hold_ciphertext_only(written: Moment) -> None:
    seen = 0
    for model, field in encrypted_fields():
        for value in stored(model, field):
            if value:
                assert value.startswith(PREFIX) and SECRET not in value, field
                assert decrypt(value) == SECRET or model.__name__ == "Canary", field
                seen += 1
    assert seen >= 7


def test_the_same_words_twice_are_two_ciphertexts() -> None:
    assert encrypt(SECRET) != encrypt(SECRET)


def test_the_wrong_key_raises_and_never_hands_out_the_ciphertext(written: Moment) -> None:
    other = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    keys = settings.FIELD_KEYS
    try:
        settings.FIELD_KEYS = [other]
        for read in (
            lambda: Moment.objects.get(pk=written.pk),
            lambda: list(Moment.objects.values_list("words", flat=True)),
            lambda: list(Child.objects.values("name")),
            lambda: list(OwnChip.objects.all()),
        ):
            with pytest.raises(WrongKey) as raised:
                read()
            assert PREFIX not in str(raised.value)
        settings.FIELD_KEYS = [other, *keys]
        assert Moment.objects.get(pk=written.pk).words == SECRET, "an older key reads what it wrote"
    finally:
        settings.FIELD_KEYS = keys


@pytest.mark.parametrize("text", ["in clear", "f1:", "f1:not a token", "f2:" + "a" * 120])
def test_what_was_not_written_by_us_is_not_taken_for_text(text: str) -> None:
    with pytest.raises(WrongKey):
        decrypt(text)


def test_a_changed_ciphertext_is_refused() -> None:
    kept = encrypt(SECRET)
    middle = len(kept) // 2
    with pytest.raises(WrongKey):
        decrypt(kept[:middle] + ("A" if kept[middle] != "A" else "B") + kept[middle + 1 :])


@pytest.mark.parametrize(
    "lookup", ["", "__exact", "__iexact", "__contains", "__icontains", "__startswith", "__in", "__gt"]
)
def test_looking_up_encrypted_text_in_the_database_is_refused(db: None, lookup: str) -> None:
    for model, field in encrypted_fields():
        value = [SECRET] if lookup == "__in" else SECRET
        with pytest.raises(FieldError):
            list(model._default_manager.filter(**{f"{field.name}{lookup}": value}))


def test_a_moment_can_be_erased_when_the_key_is_lost(written: Moment, parent: User) -> None:
    moments.delete(written, by=parent)
    keys = settings.FIELD_KEYS
    try:
        settings.FIELD_KEYS = [base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()]
        from django.utils import timezone

        assert moments.erase_deleted(timezone.now()) == 1
    finally:
        settings.FIELD_KEYS = keys
    assert not Moment.objects.filter(pk=written.pk).exists()


def test_the_secret_of_a_second_factor_is_encrypted_with_our_keys(parent: User) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(parent, secret)
    RecoveryCodes.activate(parent)
    for row in Authenticator.objects.all():
        kept = [value for name, value in row.data.items() if name in ("secret", "seed")]
        assert kept, row.data
        for value in kept:
            assert value.startswith(PREFIX) and secret not in json.dumps(row.data)
    totp = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert decrypt(totp.data["secret"]) == secret


# Audit


def test_audit_rows_hold_names_of_fields_and_never_a_value(written: Moment, parent: User, parents: Client) -> None:
    address = reverse("moment_more", args=[written.code])
    parents.post(address, {"words": SECRET + " again", "intensity": "great", "tried_stayed_near": "helped"})
    parents.post(reverse("moment_history", args=[written.code]), {"hard_place": "not_sure"})
    parents.post(reverse("account"), {"country": "NZ", "time_zone": "Pacific/Auckland"})
    parents.post(reverse("moment_delete", args=[written.code]))
    parents.post(reverse("moment_restore", args=[written.code]))
    rows: list[Any] = list(Audit.objects.values())
    verbs = {row["verb"] for row in rows}
    assert verbs >= {"record", "revise", "change_child", "change_account", "delete", "restore"}
    known = {field.name for model in apps.get_app_config("journal").get_models() for field in model._meta.get_fields()}
    for row in rows:
        assert set(row["fields"]) <= known, row
        text = json.dumps(row, default=str)
        for value in (SECRET, "great", "helped", "not_sure", "NZ", "Auckland", PREFIX):
            assert value not in text, row
        assert row["who_id"] == row["concerns_id"] == parent.pk


def test_an_act_that_fails_leaves_no_audit_row(parent: User, child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Audit.objects.count()

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("journal.moments._tap", fail)
    with pytest.raises(RuntimeError):
        log(parent, child, "pushed_away")
    assert (Audit.objects.count(), Moment.objects.count()) == (before, 0)


# Logs


def formatted(record: logging.LogRecord) -> str:
    record.exc_text = None  # another handler of the test run may have put its own there
    return WithoutPersonalData("%(levelname)s %(name)s %(message)s").format(record)


def test_a_logged_error_says_what_and_where_and_never_whose_words() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info())
    text = formatted(record)
    assert "ValueError" in text and "test_privacy.py" in text and SECRET not in text


def test_addresses_codes_and_queries_are_taken_out_of_logs() -> None:
    code = uuid.uuid4()
    record = logging.LogRecord(
        "x", logging.WARNING, __file__, 1, "Not Found: %s for %s",
        (f"/moments/{code}/?search=Xylophone", "parent@example.org"), None,
    )  # fmt: skip
    text = formatted(record)
    assert str(code) not in text and "Xylophone" not in text and "parent@example.org" not in text
    assert "/moments/<code>/" in text


def test_every_handler_of_the_logs_writes_without_personal_data() -> None:
    logging: dict[str, Any] = settings.LOGGING
    handlers, formatters = logging["handlers"], logging["formatters"]
    for handler in handlers.values():
        assert formatters[handler["formatter"]]["()"] == "config.logs.WithoutPersonalData"
        assert "mail" not in handler["class"].lower()


def test_a_failing_matcher_and_a_failing_page_log_no_words(
    parents: Client, form: dict, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError(f"cannot work with {SECRET}")

    monkeypatch.setattr("journal.moments.match", fail)
    parents.raise_request_exception = False
    with caplog.at_level(logging.DEBUG):
        parents.post(reverse("moment_new"), form | {"words": SECRET})
        monkeypatch.setattr("journal.access.readable", fail)
        assert parents.get(reverse("timeline"), {"search": SECRET}).status_code == 500
    ours = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert any(record.name == "journal.moments" for record in ours)
    for record in ours:
        assert SECRET not in formatted(record) and "Xylophone" not in formatted(record)


# Headers


def held(response: HttpResponse, what: str) -> None:
    policy = response.headers.get("Content-Security-Policy", "")
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy, f"{what}: {policy or 'no policy'}"
    assert "unsafe" not in policy.replace("'unsafe-hashes'", ""), what
    assert {"private", "no-store"} <= set(re.split(r",\s*", response.headers.get("Cache-Control", ""))), what
    assert response.headers.get("X-Content-Type-Options") == "nosniff", what
    assert response.headers.get("Referrer-Policy") == "same-origin", what


@pytest.mark.parametrize(
    "name", ["home", "help_lines", "lose_it", "privacy", "library", "account_login", "account_signup"]
)
def test_open_pages_carry_the_policy_and_are_kept_by_no_cache(db: None, client: Client, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 200
    held(response, name)


def test_a_parents_pages_carry_the_policy_and_are_kept_by_no_cache(parents: Client, moment: Moment) -> None:
    for path in (
        reverse("home"), reverse("timeline"), reverse("moment", args=[moment.code]), reverse("account"),
        reverse("moment_new"), reverse("mfa_index"), reverse("usersessions_list"),
    ):  # fmt: skip
        response = parents.get(path)
        assert response.status_code == 200, path
        held(response, path)


def test_the_desk_carries_the_policy_and_is_kept_by_no_cache(superuser: User, sign_in: Callable) -> None:
    browser = sign_in(superuser)
    for path in (
        reverse("admin:index"),
        reverse("admin:guidance_passage_changelist"),
        reverse("admin:app_list", args=["guidance"]),
    ):
        response = browser.get(path)
        assert response.status_code == 200
        held(response, path)


def test_refused_form_tokens_carry_the_policy(parent: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(parent)
    response = browser.post(reverse("child_new"), {"name": "A"})
    assert response.status_code == 403 and "once more" in response.content.decode()
    held(response, "403 csrf")


def test_not_found_not_allowed_and_bad_requests_carry_the_policy(
    parents: Client, recorder: User, child: Child, sign_in: Callable
) -> None:
    assert not settings.DEBUG
    for status, response in (
        (404, parents.get("/there-is-nothing/")),
        (404, parents.get(reverse("moment", args=[uuid.uuid4()]))),
        (403, sign_in(recorder).get(reverse("child_edit", args=[child.code]))),
        (400, parents.get("/", headers={"host": "elsewhere.example"})),
        (
            400,
            parents.post(
                reverse("child_new"), {"name": "a" * 1_100_000}, content_type="application/x-www-form-urlencoded"
            ),
        ),
    ):
        assert response.status_code == status
        held(response, str(status))


def test_an_address_with_nul_is_the_plain_404_with_the_policy(parents: Client) -> None:
    for path in ("/moments/%00/", "/library/a%00b/", "/moments/?search=%00", "/%00"):
        response = parents.get(path)
        assert response.status_code == 404, path
        held(response, path)


def test_a_page_that_breaks_carries_the_policy_and_shows_no_trace(
    parents: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("journal.access.readable", fail)
    parents.raise_request_exception = False
    response = parents.get(reverse("timeline"))
    assert response.status_code == 500
    text = response.content.decode()
    assert "Something broke" in text and SECRET not in text and "Traceback" not in text
    held(response, "500")


# A lost session, a lost database


def test_htmx_is_led_to_the_log_in_when_the_session_is_lost(db: None, client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/moments/new/?x=1"}
    for response in (
        client.get(reverse("timeline"), headers=headers),
        client.post(reverse("moment_new"), {"words": "typed"}, headers=headers),
    ):
        assert response.status_code == 204
        assert response.headers["HX-Redirect"] == reverse("account_login") + "?next=/moments/new/"


def test_without_htmx_a_lost_session_is_an_ordinary_redirect(db: None, client: Client) -> None:
    response = client.get(reverse("timeline"))
    assert response.status_code == 302
    assert response.headers["Location"] == f"{reverse('account_login')}?next={reverse('timeline')}"


def unavailable(response: HttpResponse) -> None:
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    text = response.content.decode()
    assert "be back in a little while" in text and "What you typed is still on the page" in text


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("closed"), OSError(28, "No space left on device")], ids=repr
)
def test_storage_that_fails_in_a_page_is_a_503_that_says_what_to_do(
    error: Exception, parents: Client, form: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    parents.raise_request_exception = False
    monkeypatch.setattr(access, "children", fail)
    for response in (parents.get(reverse("timeline")), parents.post(reverse("moment_new"), form)):
        unavailable(response)
        held(response, "503")


@pytest.mark.parametrize("where", ["load", "save"])
def test_storage_that_fails_in_the_session_is_a_503_too(
    where: str, parents: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("gone")

    parents.raise_request_exception = False
    monkeypatch.setattr(SessionStore, where, fail)
    # Reading the session fails on any page; writing it fails where a message is kept.
    response = (
        parents.get(reverse("timeline"))
        if where == "load"
        else parents.post(reverse("account"), {"country": "NZ", "time_zone": "UTC"})
    )
    unavailable(response)
    held(response, "503")


def test_another_error_is_not_taken_for_storage(parents: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(2, "No such file")

    parents.raise_request_exception = False
    monkeypatch.setattr(access, "readable", fail)
    assert parents.get(reverse("timeline")).status_code == 500


def test_what_was_typed_into_one_moment_is_never_offered_in_another(parents, parent, child):
    first, second = log(parent, child, "ran_off"), log(parent, child, "hid")
    keys = []
    for moment in (first, second):
        page = parents.get(reverse("moment_edit", args=[moment.code])).content.decode()
        keys.append(re.findall(r'data-draft="([^"]+)"', page))
    assert keys[0] and keys[1] and not {*keys[0]} & {*keys[1]}
