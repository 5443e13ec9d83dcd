"""Bad input: a clear message beside the field or the plain 404, and nothing typed is ever lost."""

import datetime as dt
import html
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from journal import families, moments
from journal.forms.fields import LONGEST_TEXT
from journal.models import Bond, Child, Moment, OwnChip, Suggestion, User
from tests.conftest import log

TYPED = "Half a page that must not be lost & a <b>sign</b>"
NOBODYS = "5f0c3a8e-7a54-4c0f-9d1d-2b8f1f2f6a11"  # a code that no row has
TODAY = timezone.localdate


def text_of(response: HttpResponse) -> str:
    return html.unescape(response.content.decode())


def refused(response: HttpResponse, field: str, message: str = "", form: str = "form", typed: str = TYPED) -> str:
    """Answered with 422, the message beside its field, and what was typed in the page again."""
    assert response.status_code == 422, response.status_code
    errors = response.context[form].errors
    assert field in errors, errors
    text = text_of(response)
    for error in errors[field]:
        assert error in text, f"not said on the page: {error}"
    if message:
        assert message in errors[field], errors[field]
    assert typed in text, "what was typed is not in the page again"
    return text


def beside(text: str, field: str, message: str) -> None:
    """The message stands in the element that the field names as its description."""
    found = re.search(rf'id="id_{field}_error">(.*?)</div>', text, re.S)
    assert found and message in found[1], f"not beside {field}: {message}"


@pytest.fixture
def send(parents: Client, form: dict) -> Callable[..., HttpResponse]:
    """The log form with some fields changed; None leaves one out."""

    def post(**changed: object) -> HttpResponse:
        sent = {name: value for name, value in (form | {"words": TYPED} | changed).items() if value is not None}
        return parents.post(reverse("moment_new"), sent)

    return post


@pytest.fixture
def more(parents: Client, moment: Moment) -> Callable[..., HttpResponse]:
    def post(**sent: object) -> HttpResponse:
        return parents.post(reverse("moment_more", args=[moment.code]), {"words": TYPED} | sent)

    return post


def nothing_saved() -> None:
    assert not Moment.objects.exists()


# Empty and absurd values


def test_an_empty_form_asks_for_one_chip_or_a_few_words(send: Callable[..., HttpResponse]) -> None:
    response = send(signals=None, words="  ")
    refused(response, "signals", "Please tap one thing that happened, or write a few words.", typed="")
    nothing_saved()


def test_one_chip_and_save_are_enough(send: Callable[..., HttpResponse]) -> None:
    assert send(words=None).status_code == 302
    assert Moment.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("when", "tomorrow", "Please choose from the list."),
        ("when", "", "Please say when it was."),
        ("signals", "no_such_signal", "Please choose from the chips shown."),
        ("child", "", "Please say which child."),
        ("child", "not a code", "Please choose one of your children."),
        ("child", NOBODYS, "Please choose one of your children."),
        ("own_chips", "not a code", "Please choose from your own chips."),
        ("own_chips", NOBODYS, "Please choose from your own chips."),
        ("minutes_ago", "a while", "Please give a whole number of minutes."),
        ("minutes_ago", "-5", "Please give a number from 1 to 720."),
        ("minutes_ago", "99999999999999999999", "Please give a number from 1 to 720."),
        ("date", "31/31/2031", "Please give a day, such as 2026-03-14."),
        ("time", "half past", "Please give a time, such as 19:30."),
        ("new_chip", "x" * 61, "That is very long. Please keep it under 60 characters; now it has 61."),
    ],
)
def test_a_value_that_makes_no_sense_is_said_beside_its_field(
    send: Callable[..., HttpResponse], field: str, value: str, message: str
) -> None:
    text = refused(send(**{field: value}), field, message)
    if field not in ("signals",):
        beside(text, field, message)
    nothing_saved()


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    ("date", "message"),
    [
        ("+1", "Please give a time that has already been."),
        ("+400", "Please give a time that has already been."),
        ("9999-12-31", "Please give a time that has already been."),
        ("0001-01-01", "That is very long ago. Please check the day."),
        ("1950-06-01", "That is very long ago. Please check the day."),
    ],
)
def test_a_day_in_the_future_or_ages_ago_is_refused(
    send: Callable[..., HttpResponse], parent: User, zone: str, date: str, message: str
) -> None:
    User.objects.filter(pk=parent.pk).update(time_zone=zone)
    with timezone.override(zone):
        day = (TODAY() + dt.timedelta(days=int(date))).isoformat() if date.startswith("+") else date
    text = refused(send(when="date", date=day), "date", message)
    beside(text, "date", message)
    assert f'value="{day}"' in text, "the day that was typed is gone"
    nothing_saved()


def test_another_day_without_a_day_asks_for_it(send: Callable[..., HttpResponse]) -> None:
    beside(refused(send(when="date"), "date"), "date", "Please say which day it was.")


def test_a_moment_before_the_birth_month_is_refused(
    send: Callable[..., HttpResponse], child: Child, parent: User
) -> None:
    born = (TODAY() - dt.timedelta(days=400)).replace(day=1)
    families.change_child(child, by=parent, born_on=born)
    before = (born - dt.timedelta(days=3)).isoformat()
    message = "That is before your child's birth month. Please check the day."
    beside(refused(send(when="date", date=before), "date", message), "date", message)
    nothing_saved()
    assert send(when="date", date=born.isoformat(), time="12:00").status_code == 302


def test_a_birth_month_after_the_moment_is_refused(parents: Client, parent: User, child: Child) -> None:
    moment = log(parent, child, "pushed_away", days_ago=200)
    month = TODAY().replace(day=1) - dt.timedelta(days=20)
    sent = {"birth_month": month.month, "birth_year": month.year, "hard_place": "no"}
    response = parents.post(reverse("moment_history", args=[moment.code]), sent)
    assert response.status_code == 422, "a child born after the moment was taken"
    assert {"birth_month", "birth_year"} & set(response.context["history"].errors)
    child.refresh_from_db()
    assert (child.born_on, Bond.objects.exists()) == (None, False)


def test_a_moment_moved_before_the_birth_month_is_refused(
    parents: Client, moment: Moment, child: Child, parent: User, form: dict
) -> None:
    born = TODAY().replace(day=1) - dt.timedelta(days=100)
    families.change_child(child, by=parent, born_on=born.replace(day=1))
    day = (born - dt.timedelta(days=60)).isoformat()
    response = parents.post(reverse("moment_edit", args=[moment.code]), form | {"when": "date", "date": day})
    refused(response, "date", "That is before your child's birth month. Please check the day.", typed=day)


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"birth_month": "13", "birth_year": "2020"}, "birth_month", "Please choose a month."),
        ({"birth_month": "3"}, "birth_year", "Please give both the month and the year, or neither."),
        ({"birth_year": "2020"}, "birth_month", "Please give both the month and the year, or neither."),
        ({"birth_month": "3", "birth_year": "soon"}, "birth_year", "Please give a year, such as 2020."),
        ({"birth_month": "3", "birth_year": "1066"}, "birth_year", ""),
        ({"birth_month": "3", "birth_year": "999999999999"}, "birth_year", ""),
        ({"birth_month": "3", "birth_year": "-1"}, "birth_year", ""),
        ({"hard_place": "perhaps"}, "hard_place", "Please choose from the list."),
    ],
)
def test_an_absurd_birth_month_is_said_on_both_pages_that_ask(
    parents: Client, moment: Moment, child: Child, sent: dict, field: str, message: str
) -> None:
    for path, form, rest in (
        (reverse("moment_history", args=[moment.code]), "history", {}),
        (reverse("child_edit", args=[child.code]), "form", {"name": "Typed name"}),
    ):
        text = refused(parents.post(path, sent | rest), field, message, form=form, typed=rest.get("name", ""))
        beside(text, field, message)
    child.refresh_from_db()
    assert (child.born_on, Bond.objects.exists(), child.name) == (None, False, "Quillon")


def test_a_birth_month_still_to_come_is_refused(parents: Client, child: Child) -> None:
    soon = TODAY().replace(day=28) + dt.timedelta(days=10)
    response = parents.post(
        reverse("child_edit", args=[child.code]), {"name": "A", "birth_month": soon.month, "birth_year": soon.year}
    )
    assert response.status_code == 422
    assert {"birth_month", "birth_year"} & set(response.context["form"].errors)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Please give a name or an initial."),
        ("   ", "Please give a name or an initial."),
        ("n" * 41, "That is very long. Please keep it under 40 characters; now it has 41."),
    ],
)
def test_a_child_needs_a_short_name(parents: Client, child: Child, name: str, message: str) -> None:
    before = Child.objects.count()
    for path in (reverse("child_new"), reverse("child_edit", args=[child.code])):
        response = parents.post(path, {"name": name, "pronouns": "ze/zir"})
        beside(refused(response, "name", message, typed="ze/zir"), "name", message)
    assert Child.objects.count() == before


def test_a_country_or_time_zone_from_nowhere_is_refused(parents: Client, parent: User) -> None:
    response = parents.post(reverse("account"), {"country": "ZZ", "time_zone": "Mars/Olympus"})
    text = refused(response, "country", "Please choose a country from the list.", typed="")
    beside(text, "country", "Please choose a country from the list.")
    beside(text, "time_zone", "Please choose a time zone from the list.")
    parent.refresh_from_db()
    assert (parent.country, parent.time_zone) == ("GB", "UTC")


def test_absurd_answers_to_tell_more_are_refused_and_change_nothing(
    more: Callable[..., HttpResponse], moment: Moment
) -> None:
    for field in ("intensity", "length", "reconnected", "ended", "parent_state", "tried_stayed_near"):
        message = "Please choose from the list."
        beside(refused(more(**{field: "absurd"}), field, message, form="more"), field, message)
    words = moment.words
    moment.refresh_from_db()
    assert (moment.words, moment.intensity) == (words, "")
    assert not moment.attempts.exists()


def test_absurd_answers_about_safety_and_feedback_change_nothing(
    parents: Client, moment: Moment, suggested: Any
) -> None:
    parents.post(reverse("moment_safety", args=[moment.code]), {"safe_answer": "maybe", "dying_answer": "\0"})
    parents.post(reverse("suggestion_feedback", args=[suggested.code]), {"feedback": "wonderful"})
    parents.post(reverse("moment_signals", args=[moment.code]), {"kept": ["no_such", "\0"]})
    moment.refresh_from_db()
    suggested.refresh_from_db()
    assert (moment.safe_answer, moment.dying_answer, suggested.feedback) == ("", "", "")


# Long, foreign and strange texts


def test_an_entry_of_ten_thousand_words_is_said_to_be_long_and_is_in_the_page_again(
    send: Callable[..., HttpResponse], more: Callable[..., HttpResponse], moment: Moment
) -> None:
    entry = " ".join(f"word{number}" for number in range(10_000))
    message = f"That is very long. Please keep it under {LONGEST_TEXT:,} characters; now it has {len(entry):,}."
    beside(refused(send(words=entry), "words", message, typed=entry), "words", message)
    for field in ("words", "felt", "they_felt", "next_time"):
        text = refused(more(**{field: entry}), field, message, form="more", typed=entry)
        beside(text, field, message)
    assert Moment.objects.count() == 1


@pytest.mark.parametrize(
    "words",
    [
        "👩‍👧‍👦 she ran 🏃🏽‍♀️ and I 😶‍🌫️", "הוא דחף אותי ואמר לא", "لا تلمسني \u202eقال\u202c ثم عاد",
        "Żółw, naïve, ﬁne, e\u0301té", "他推开了我", "<script>alert(1)</script> & 'q'",
    ],
    ids=["emoji", "hebrew", "arabic with overrides", "accents", "chinese", "markup"],
)  # fmt: skip
def test_any_script_and_emoji_is_kept_as_it_was_typed(
    send: Callable[..., HttpResponse], parents: Client, words: str
) -> None:
    response = send(words=words)
    assert response.status_code == 302
    moment = Moment.objects.get()
    assert moment.words == words
    page = parents.get(response.headers["Location"])
    assert words in text_of(page)
    assert "<script>alert" not in page.content.decode()


def test_a_child_may_be_called_by_an_emoji(parents: Client) -> None:
    assert parents.post(reverse("child_new"), {"name": "🦊"}).status_code == 302
    assert "🦊" in [child.name for child in Child.objects.all()]


# NUL


@pytest.mark.parametrize("path", ["/moments/%00/", "/library/%00/", "/%00", "/moments/?search=a%00b", "/?x=%00"])
def test_nul_in_a_path_or_a_query_is_the_plain_404(parents: Client, path: str) -> None:
    response = parents.get(path)
    assert response.status_code == 404
    assert "This page isn't here" in text_of(response)


CANNOT_KEEP = "There is a character here that cannot be kept. Please remove it."


@pytest.mark.parametrize("field", ["words", "new_chip"])
def test_nul_in_a_text_is_said_beside_the_field(send: Callable[..., HttpResponse], field: str) -> None:
    response = send(**{field: "before\0after"}) if field != "words" else send(words=TYPED + "\0")
    beside(refused(response, field, CANNOT_KEEP), field, CANNOT_KEEP)
    nothing_saved()


@pytest.mark.parametrize("field", ["words", "felt", "they_felt", "next_time"])
def test_nul_in_tell_more_is_said_beside_the_field(more: Callable[..., HttpResponse], field: str) -> None:
    beside(refused(more(**{field: TYPED + "\0"}), field, CANNOT_KEEP, form="more"), field, CANNOT_KEEP)


@pytest.mark.parametrize("field", ["child", "signals", "own_chips", "when", "minutes_ago", "date", "time"])
def test_nul_in_a_choice_is_refused_without_breaking(send: Callable[..., HttpResponse], field: str) -> None:
    refused(send(**{field: "a\0b"}), field)
    nothing_saved()


@pytest.mark.parametrize("field", ["name", "pronouns"])
def test_nul_in_a_childs_name_is_said_beside_the_field(parents: Client, field: str) -> None:
    response = parents.post(reverse("child_new"), {"name": "Typed name", field: "Typed name\0"})
    beside(refused(response, field, CANNOT_KEEP, typed="Typed name"), field, CANNOT_KEEP)


@pytest.mark.parametrize("field", ["login", "password", "email", "password1", "country", "time_zone"])
def test_nul_at_log_in_and_sign_up_is_refused_without_breaking(db: None, client: Client, field: str) -> None:
    sent = {"login": "a@example.org", "password": "a long pass word", "email": "b@example.org", "time_zone": "UTC"}
    for name in ("account_login", "account_signup"):
        response = client.post(reverse(name), sent | {"password1": "a long pass word"} | {field: "a\0b"})
        assert response.status_code < 500
    assert not User.objects.filter(email__contains="a").exclude(email="b@example.org").exists()


# A file where text belongs


@pytest.mark.parametrize("field", ["words", "new_chip", "child", "signals"])
def test_a_file_where_text_belongs_gets_a_message(send: Callable[..., HttpResponse], field: str) -> None:
    typed = {} if field == "words" else {"typed": TYPED}
    response = send(**{field: SimpleUploadedFile("note.txt", b"what happened")})
    assert response.status_code == 422
    assert "Files cannot be kept here. Please type it instead." in text_of(response)
    assert typed.get("typed", "") in text_of(response)
    nothing_saved()


def test_a_file_in_tell_more_or_as_a_name_gets_a_message(
    more: Callable[..., HttpResponse], parents: Client, moment: Moment
) -> None:
    words = moment.words
    for response in (
        more(felt=SimpleUploadedFile("felt.txt", b"sad")),
        parents.post(reverse("child_new"), {"name": SimpleUploadedFile("name.txt", b"M"), "pronouns": "she"}),
    ):
        assert response.status_code == 422
        assert "Files cannot be kept here. Please type it instead." in text_of(response)
    moment.refresh_from_db()
    assert moment.words == words


# Doubled and stale forms


def test_a_form_sent_twice_leads_to_the_first_moment(send: Callable[..., HttpResponse]) -> None:
    first, second = send(), send(words="sent again")
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert Moment.objects.get().words == TYPED
    assert Suggestion.objects.count() == 1


def test_a_form_sent_again_after_its_moment_was_deleted_is_no_broken_page(
    send: Callable[..., HttpResponse], parents: Client
) -> None:
    first = send()
    moments.delete(Moment.objects.get(), by=Moment.objects.get().author)
    again = send()
    assert again.status_code in (302, 422)
    if again.status_code == 302:
        page = parents.get(again.headers["Location"], follow=True)
        assert page.status_code == 200, f"what was typed leads nowhere: {again.headers['Location']}"
    assert first.status_code == 302


@pytest.mark.parametrize("key", [None, "", "not a key", "\0"])
def test_a_form_that_lost_its_key_is_saved_or_says_so(send: Callable[..., HttpResponse], key: str | None) -> None:
    response = send(client_key=key)
    if response.status_code == 302:
        assert Moment.objects.get().words == TYPED
    else:
        refused(response, "client_key")
        nothing_saved()
        fresh = response.context["form"]["client_key"].value()
        assert uuid.UUID(str(fresh)), "sending it again could never work"


def test_a_form_with_a_chip_that_was_removed_meanwhile_says_so(
    send: Callable[..., HttpResponse], own_chip: OwnChip, parents: Client
) -> None:
    OwnChip.objects.create(owner=own_chip.owner, label="another one")
    parents.post(reverse("own_chip_remove", args=[own_chip.code]))
    refused(send(own_chips=str(own_chip.code)), "own_chips", "Please choose from your own chips.")


def test_a_form_for_a_moment_that_was_deleted_is_the_plain_404(parents: Client, deleted_moment: Moment) -> None:
    for name in ("edit", "more", "again", "signals", "safety", "history", "delete"):
        response = parents.post(reverse(f"moment_{name}", args=[deleted_moment.code]), {"words": TYPED})
        assert response.status_code == 404, name
        assert "what you typed may still be on the page you came from" in text_of(response)


def test_undo_ends_after_half_an_hour(parents: Client, deleted_moment: Moment) -> None:
    old = timezone.now() - dt.timedelta(minutes=31)
    Moment.objects.filter(pk=deleted_moment.pk).update(deleted_at=old)
    assert parents.get(reverse("moment_deleted", args=[deleted_moment.code])).status_code == 404
    assert parents.post(reverse("moment_restore", args=[deleted_moment.code])).status_code == 404


@pytest.mark.parametrize("code", ["1", "not-a-code", "00000000-0000-0000-0000-00000000000g"])
def test_a_mangled_code_in_an_address_is_the_plain_404(parents: Client, code: str) -> None:
    for path in (f"/moments/{code}/", f"/children/{code}/", f"/suggestions/{code}/feedback/"):
        response = parents.post(path)
        assert response.status_code == 404
        assert "This page isn't here" in text_of(response)


def test_a_refused_form_keeps_chips_words_and_times(send: Callable[..., HttpResponse]) -> None:
    response = send(signals=["ran_off", "said_hate"], when="date", date="2031-01-01", time="07:45", new_chip="my chip")
    text = refused(response, "date")
    for slug in ("ran_off", "said_hate"):
        assert re.search(rf'<input[^>]*value="{slug}"[^>]*checked', text), slug
    for typed in ('value="2031-01-01"', 'value="07:45', 'value="my chip"'):
        assert typed in text, typed


def test_htmx_gets_the_refused_part_with_what_was_typed(parents: Client, moment: Moment) -> None:
    response = parents.post(
        reverse("moment_more", args=[moment.code]),
        {"words": TYPED, "intensity": "absurd"},
        headers={"HX-Request": "true"},
    )
    assert "<html" not in refused(response, "intensity", form="more")


# Odd questions to the timeline


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
@pytest.mark.parametrize(
    "query",
    [
        {"since": "0001-01-01"}, {"until": "9999-12-31"}, {"since": "9999-12-31"}, {"until": "0001-01-01"},
        {"since": "yesterday"}, {"child": "nobody"}, {"child": NOBODYS}, {"signals": "no_such"},
        {"search": "x" * 5_000}, {"before": "nonsense"}, {"before": "9999-12-31T23:59:59-12:00~1"},
        {"before": "0001-01-01T00:00:00+14:00~1"}, {"before": "2026-01-01T00:00:00+00:00~" + "9" * 40},
        {"since": "2026-02-02", "until": "2026-01-01"},
    ],
    ids=lambda query: str(query)[:60],
)  # fmt: skip
def test_an_odd_question_to_the_timeline_never_breaks_it(
    parents: Client, parent: User, moment: Moment, zone: str, query: dict
) -> None:
    User.objects.filter(pk=parent.pk).update(time_zone=zone)
    parents.raise_request_exception = False
    response = parents.get(reverse("timeline"), query)
    assert response.status_code in (200, 422), f"{query}: {response.status_code}"
    for errors in response.context["form"].errors.values():
        for error in errors:
            assert error in text_of(response), f"not said on the page: {error}"


# A failing matcher


@pytest.mark.parametrize("what", ["match", "current_library", "_keep"])
def test_a_failing_matcher_leaves_the_moment_its_risk_and_a_button_to_look_again(
    what: str, send: Callable[..., HttpResponse], parents: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the matcher is broken")

    words = "He said he wants to die and he wants to kill himself."
    with monkeypatch.context() as broken:
        broken.setattr(moments, what, fail)
        response = send(words=words)
        assert response.status_code == 302
        moment = Moment.objects.get()
        assert (moment.words, moment.risk_level) == (words, Moment.RiskLevel.URGENT)
        assert not moment.suggestions.exists()
        again = reverse("moment_again", args=[moment.code])
        text = text_of(parents.get(response.headers["Location"]))
        assert f'action="{again}"' in text and "Look again" in text
        assert "Nobody is reading this now" in text, "the risk note is not shown"
        assert parents.post(again).status_code == 302, "looking again in vain breaks the page"
    assert parents.get(again).status_code == 405, "a GET never writes guidance"
    assert not moment.suggestions.exists()
    assert parents.post(again).status_code == 302
    assert moment.suggestions.count() == 1
    assert "Looking for what fits did not work" not in text_of(parents.get(response.headers["Location"]))


def test_a_failing_matcher_at_a_change_keeps_the_change_and_the_guidance_shown_before(
    more: Callable[..., HttpResponse], moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(moments, "match", fail)
    words = "I am afraid I will shake the baby. I nearly did it again."
    assert more(words=words, intensity="great").status_code == 302
    moment.refresh_from_db()
    assert (moment.words, moment.intensity, moment.risk_level) == (words, "great", "urgent")
    assert moment.suggestions.count() == 1
