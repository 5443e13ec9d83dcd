"""What a therapist does with what is shared: reads, marks, comments, keeps notes, sets sessions, and filters."""

import datetime as dt
import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from journal import access, families, moments, review, sharing
from journal.models import Appointment, Audit, Comment, Mark, MomentSignal, Note, Receipt, Share
from tests.conftest import CHILD, log

pytestmark = pytest.mark.django_db

SAID = "Ermine: you stayed by the door, and that counted."
SCRIPT = "<script>alert('ermine')</script>"
TYPED = "Half a page that must not be lost & a <b>sign</b>"
CAVEAT = "The software marked this. It misses things and it errs; no mark does not mean no risk."
DYING = "He says he wants to die."
BAD_DAY = "Please give a day, such as 2026-03-14."
NUL = "There is a character here that cannot be kept. Please remove it."


@pytest.fixture
def desk(therapist, sign_in):
    return sign_in(therapist)


@pytest.fixture
def other(taps_therapist, sign_in):
    """The browser of another therapist of the same child."""
    return sign_in(taps_therapist)


@pytest.fixture
def others(taps_therapist):
    return Share.objects.get(therapist=taps_therapist)


def read(browser, name, *rows):
    response = browser.get(reverse(name, args=[row.code for row in rows]))
    assert response.status_code == 200, name
    return html.unescape(response.content.decode())


def send(browser, name, *rows, **sent):
    return browser.post(reverse(name, args=[row.code for row in rows]), sent)


def comment(browser, share, moment, text=SAID):
    assert send(browser, "shared_comment", share, moment, **{"comment-text": text}).status_code == 302
    return Comment.objects.latest("pk")


def day(days_ago):
    return timezone.localdate() - dt.timedelta(days=days_ago)


def written(days_ago):
    return date_format(day(days_ago), "j F Y")


# Marks


def test_opening_marks_a_moment_read_for_this_reader_until_they_say_otherwise(
    desk, share, other, others, parents, moment
):
    new = '<span class="badge">Not read yet</span>'
    read(parents, "share_look_moment", share, moment)
    assert new in read(desk, "shared_timeline", share) and "1 unread" in read(desk, "caseload")
    read(desk, "shared_moment", share, moment)
    assert new not in read(desk, "shared_timeline", share) and "all read" in read(desk, "caseload")
    assert new in read(other, "shared_timeline", others)
    assert send(desk, "shared_mark", share, moment, mark="unread").status_code == 302
    assert new in read(desk, "shared_timeline", share) and "1 unread" in read(desk, "caseload")


def test_a_moment_leads_to_the_next_that_is_unread_older_first_and_to_none_that_is_not_shared(
    desk, share, parent, child, therapist
):
    newest, middle, oldest, hidden = (
        log(parent, child, words="", happened_at=timezone.now() - dt.timedelta(hours=hours)) for hours in (1, 2, 3, 4)
    )
    type(hidden).objects.filter(pk=hidden.pk).update(kept_back=True)
    order = []
    at = middle
    while at:
        order.append(at)
        text = read(desk, "shared_moment", share, at)
        at = next((one for one in (newest, oldest, hidden, middle) if f'{one.code}/">Next one' in text), None)
    assert order == [middle, oldest, newest]
    assert Mark.objects.filter(reader=therapist).count() == 3


def test_a_moment_was_read_when_it_was_first_opened(desk, share, moment):
    read(desk, "shared_moment", share, moment)
    first = timezone.now() - dt.timedelta(days=3)
    Mark.objects.update(read_at=first)
    read(desk, "shared_moment", share, moment)
    assert Mark.objects.get().read_at == first


def test_what_is_to_be_raised_stands_in_this_readers_brief_however_old(desk, share, other, others, parent, child):
    old = log(parent, child, "pushed_away", days_ago=40)
    Appointment.objects.create(share=share, on=day(7))
    said = f"You wanted to raise: {written(40)}"
    assert said not in read(desk, "brief", share)
    send(desk, "shared_mark", share, old, mark="raise")
    assert said in read(desk, "brief", share) and ">To raise<" in read(desk, "shared_timeline", share)
    assert said not in read(other, "brief", others) and ">To raise<" not in read(other, "shared_timeline", others)
    send(desk, "shared_mark", share, old, mark="leave")
    assert said not in read(desk, "brief", share)


def test_a_mark_that_is_none_changes_nothing(desk, share, moment):
    send(desk, "shared_mark", share, moment, mark="raise")
    before = Mark.objects.values().get()
    for sent in ({"mark": "burn"}, {}, {"mark": "x" * 5000}):
        assert send(desk, "shared_mark", share, moment, **sent).status_code == 302
    assert Mark.objects.values().get() == before


# Risk


def test_beside_a_risk_stands_what_the_mark_is_worth_and_a_dated_read_and_acted_on(
    desk, share, other, others, parent, child
):
    risky = log(parent, child, "pushed_away", words=DYING)
    text = read(desk, "shared_moment", share, risky)
    assert CAVEAT in text and "Once opened, follow your service's duties." in text and 'value="acted"' in text
    assert "Read and acted on, " not in text
    send(desk, "shared_mark", share, risky, mark="acted")
    text = read(desk, "shared_moment", share, risky)
    assert f"Read and acted on, {written(0)}" in text and 'value="acted"' not in text
    assert f"read and acted on {written(0)}" in read(desk, "brief", share)
    send(other, "shared_mark", others, risky, mark="acted")
    text = read(other, "shared_moment", others, risky)
    assert not any(said in text for said in (CAVEAT, "acted on", 'value="acted"', "Risk"))
    assert not Mark.objects.filter(reader=others.therapist, acted_at__isnull=False).exists()


def test_read_and_acted_on_is_dated_once_and_kept(desk, share, parent, child):
    risky = log(parent, child, "pushed_away", words=DYING)
    send(desk, "shared_mark", share, risky, mark="acted")
    first = timezone.now() - dt.timedelta(days=3)
    Mark.objects.update(acted_at=first)
    send(desk, "shared_mark", share, risky, mark="acted")
    send(desk, "shared_mark", share, risky, mark="unread")
    assert Mark.objects.get().acted_at == first
    rows = Audit.objects.filter(verb="act_on_risk", code=risky.code)
    assert [(row.who_id, row.concerns_id) for row in rows] == [(share.therapist_id,) * 2]


# Comments


def test_a_comment_stands_with_the_moment_and_its_mail_says_only_that_there_is_one(
    desk, share, parents, parent, therapist, moment, said, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        made = comment(desk, share, moment)
    told = "Your therapist has written to you about the moment of"
    assert told in read(parents, "home")
    text = read(parents, "moment", moment)
    assert SAID in text and "Your therapist has written to you about this moment" in text
    assert told not in read(parents, "home")
    (mail,) = mailoutbox
    assert mail.to == [parent.email] and "There is something for you to read." in mail.body
    for private in (
        "Ermine",
        said.child,
        said.words,
        said.chip,
        therapist.email,
        str(moment.code),
        "therap",
        "comment",
    ):
        assert private not in mail.subject + mail.body, private
    with django_capture_on_commit_callbacks(execute=True):
        assert send(desk, "shared_comment_remove", share, made).status_code == 302
    assert SAID not in read(parents, "moment", moment) + read(desk, "shared_moment", share, moment)
    assert len(mailoutbox) == 1
    rows = Audit.objects.filter(who=therapist, code=moment.code, concerns=parent).order_by("pk")
    assert [row.verb for row in rows] == ["comment", "remove_comment"]


def test_a_comment_taken_back_before_its_mail_is_never_mailed(
    desk, share, parents, moment, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as waiting:
        made = comment(desk, share, moment)
    send(desk, "shared_comment_remove", share, made)
    assert waiting and "has written to you" not in read(parents, "home")
    for job in waiting:
        job()
    assert not mailoutbox


def test_nobody_else_sees_a_comment_nor_takes_it_back(
    desk, share, other, others, parent, parents, co_parent, recorder, child, sign_in
):
    own = log(parent, child, "pushed_away")
    sharing.switch_parents(own, by=parent, answer="yes")
    logged = log(recorder, child, "pushed_away")
    made = comment(desk, share, own)
    comment(desk, share, logged)
    pages = [
        *(read(sign_in(co_parent), *address) for address in (("home",), ("moment", own))),
        *(read(sign_in(recorder), *address) for address in (("home",), ("moment", logged))),
        read(other, "shared_moment", others, own),
        read(other, "shared_timeline", others),
        read(other, "brief", others),
        read(parents, "share_look_moment", others, own),
    ]
    assert not any("Ermine" in text or "has written to you" in text for text in pages)
    assert SAID in read(parents, "moment", own) and SAID in read(parents, "moment", logged)
    assert send(other, "shared_comment_remove", others, made).status_code == 404
    assert send(parents, "shared_comment_remove", share, made).status_code == 404
    assert Comment.objects.filter(pk=made.pk).exists()


def test_a_script_in_a_comment_or_a_note_is_only_text(desk, share, parents, moment):
    comment(desk, share, moment, SCRIPT)
    send(desk, "shared_note", share, moment, **{"note-text": SCRIPT})
    for browser, name, rows in (
        (parents, "moment", [moment]),
        (desk, "shared_moment", [share, moment]),
        (desk, "practice_notes", []),
    ):
        raw = browser.get(reverse(name, args=[row.code for row in rows])).content.decode()
        assert SCRIPT not in raw and SCRIPT in html.unescape(raw), name


# Notes


@pytest.fixture
def note(desk, share, moment):
    assert send(desk, "shared_note", share, moment, **{"note-text": SAID}).status_code == 302
    return Note.objects.get()


def test_a_note_is_encrypted_where_it_lies(desk, share, moment, note):
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM journal_note")
        ((stored,),) = cursor.fetchall()
    assert stored.startswith("f1:") and "Ermine" not in stored
    assert SAID in read(desk, "shared_moment", share, moment) and SAID in read(desk, "practice_notes")


def test_a_note_is_on_no_page_of_the_family_nor_of_another_therapist(
    share, other, others, parents, co_parent, moment, note, sign_in
):
    sharing.switch_parents(moment, by=moment.owner, answer="yes")
    everywhere = [("home",), ("timeline",), ("family",), ("sharing",), ("readings",), ("account",), ("moment", moment)]
    looks = [("share_look", share), ("share_look_brief", share), ("share_look_moment", share, moment)]
    pages = [read(parents, *address) for address in (*everywhere, *looks)]
    pages += [read(sign_in(co_parent), "readings"), read(sign_in(co_parent), "moment", moment)]
    pages += [read(other, "practice_notes"), read(other, "shared_moment", others, moment), read(other, "brief", others)]
    assert not any("Ermine" in text for text in pages)
    assert [row.concerns_id for row in Audit.objects.filter(verb="note")] == [share.therapist_id]


def test_beside_a_moment_the_first_thing_written_stands_first_and_of_all_notes_the_newest(desk, share, moment):
    for text in ("Sable one.", "Sable two."):
        comment(desk, share, moment, text)
        send(desk, "shared_note", share, moment, **{"note-text": text.replace("Sable", "Marten")})
    text, notes = read(desk, "shared_moment", share, moment), read(desk, "practice_notes")
    assert text.index("Sable one.") < text.index("Sable two.")
    assert text.index("Marten one.") < text.index("Marten two.")
    assert notes.index("Marten two.") < notes.index("Marten one.")


@pytest.mark.parametrize("how", ["revoked", "expired", "kept back", "from later", "deleted"])
def test_a_note_outlives_what_it_was_about_without_a_name_or_a_link(how, desk, share, parent, moment, note):
    text = read(desk, "practice_notes")
    assert SAID in text and CHILD in text and str(moment.code) in text
    match how:
        case "revoked":
            sharing.revoke(share, by=parent)
        case "expired":
            Share.objects.update(until=timezone.now())
        case "kept back":
            sharing.keep_back(moment, by=parent, kept=True)
        case "from later":
            sharing.change(share, by=parent, from_date=day(-1))
        case "deleted":
            moments.delete(moment, by=parent)
    text = read(desk, "practice_notes")
    assert SAID in text and str(moment.code) not in text
    if how in ("revoked", "expired"):
        assert CHILD not in text and str(share.code) not in text


# Sessions


def test_the_next_session_takes_the_place_of_the_next_and_one_that_has_been_is_added(desk, share):
    for days_ago in (-7, 14, -9, 7, 7):
        assert send(desk, "shared_session", share, on=day(days_ago).isoformat()).status_code == 302
    assert {one.on for one in share.appointments.all()} == {day(14), day(7), day(-9)}
    assert share.appointments.count() == 3
    text = read(desk, "shared_timeline", share)
    assert f"Next session: {date_format(day(-9), 'l j F')}." in text
    assert f"The last one was on {date_format(day(7), 'j F')}." in text


@pytest.mark.parametrize("set_on", [(0, -7), (-7, 0)], ids=["today first", "the next one first"])
def test_todays_session_and_the_next_one_do_not_take_each_others_place(set_on, desk, share):
    for days_ago in set_on:
        send(desk, "shared_session", share, on=day(days_ago).isoformat())
    assert {one.on for one in share.appointments.all()} == {day(0), day(-7)}


def test_the_brief_begins_with_the_last_session(desk, share, other, others, parent, child):
    for days_ago in (2, 5, 20):
        log(parent, child, "pushed_away", days_ago=days_ago)
    for days_ago in (30, 7, -7):
        send(desk, "shared_session", share, on=day(days_ago).isoformat())
    assert f"2 moments, logged on 2 of 8 days, from {written(7)} to {written(0)}." in read(desk, "brief", share)
    assert "3 moments, logged on 3 of 91 days" in read(other, "brief", others)


# Filters


@pytest.fixture
def shelf(parent, child, desk, share):
    """Five moments by name; the kept-back one answers to every filter and comes with none."""
    made = {
        "talk": log(
            parent, child, "pushed_away", words="Zebra: she ran off at the gate.", days_ago=1, for_therapy=True
        ),
        "good": log(parent, child, "good_moment", words="Zebra in the bath.", days_ago=3),
        "risk": log(parent, child, "ran_off", words=DYING, days_ago=5),
        "back": log(parent, child, "ran_off", "good_moment", words=f"Zebra. {DYING}", days_ago=3, for_therapy=True),
    }
    sharing.keep_back(made["back"], by=parent, kept=True)
    assert MomentSignal.objects.filter(moment=made["talk"], signal__slug="ran_off", state="read").exists()
    read(desk, "shared_moment", share, made["good"])
    return {moment.code: name for name, moment in made.items()}


def found(browser, share, shelf, **query):
    response = browser.get(reverse("shared_timeline", args=[share.code]), query)
    assert response.status_code == 200
    return [shelf[card.moment.code] for day in response.context["page"].days for card in day.cards]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, "talk good risk"),
        ({"unread": "on"}, "talk risk"),
        ({"wanted": "on"}, "talk"),
        ({"risk": "on"}, "risk"),
        ({"good": "on"}, "good"),
        ({"signals": ["ran_off"]}, "risk"),
        ({"signals": ["ran_off", "pushed_away"]}, "talk risk"),
        ({"since": 3}, "talk good"),
        ({"until": 3}, "good risk"),
        ({"since": 4, "until": 2}, "good"),
        ({"search": "ZEBRA"}, "talk good"),
        ({"search": "zebra gate"}, "talk"),
        ({"search": "ermine"}, ""),
        ({"search": "zebra", "good": "on"}, "good"),
        ({"unread": "on", "signals": ["pushed_away", "good_moment"]}, "talk"),
    ],
)
def test_the_shared_timeline_is_filtered(query, names, desk, share, shelf):
    asked = {name: day(value).isoformat() if isinstance(value, int) else value for name, value in query.items()}
    assert found(desk, share, shelf, **asked) == names.split()
    assert (
        names
        or "Nothing shared with you matches this."
        in desk.get(reverse("shared_timeline", args=[share.code]), asked).content.decode()
    )


def test_without_the_words_nothing_is_filtered_by_them(other, others, shelf):
    text = read(other, "shared_timeline", others)
    assert 'name="unread"' in text and 'name="risk"' not in text and 'name="search"' not in text
    for query in ({"risk": "on"}, {"search": "zebra"}, {"search": "ermine"}):
        assert found(other, others, shelf, **query) == ["talk", "good", "risk"]
    assert len(review.moments_on(review.page(others, {"risk": True}))) == 3, "the form alone keeps it out"
    assert found(other, others, shelf, signals=["ran_off"]) == ["risk"]


def test_without_the_words_the_moment_in_hand_holds_nothing_that_was_worked_out_from_them(others, parent, child):
    risky = log(parent, child, "pushed_away", words=DYING)
    assert risky.risk_level != access.OF_WORDS["risk_level"]
    found = access.moment_under(others, risky.code)
    assert {name: getattr(found, name) for name in access.OF_WORDS} == access.OF_WORDS


def beside(text, field, message):
    place = re.search(rf'id="id_{field}_error">(.*?)</div>', text, re.S)
    assert place and message in place[1], f"not beside {field}: {message}"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("since", "31/31/2031", BAD_DAY),
        ("since", "0001-01-01", BAD_DAY),
        ("until", "someday", BAD_DAY),
        ("until", "1999-01-01", "This day is before the first one."),
        ("signals", "no_such_chip", "Please choose from the list."),
        ("search", "zebra" * 1000, "Please keep it under 200 characters; now it has 5,000."),
    ],
)
def test_a_filter_that_makes_no_sense_is_said_beside_it_and_the_rest_still_holds(
    field, value, message, desk, share, shelf
):
    query = {"since": "2000-01-01", "search": "zebra", "wanted": "on"} | {field: value}
    response = desk.get(reverse("shared_timeline", args=[share.code]), query)
    text = html.unescape(response.content.decode())
    beside(text, field, message)
    assert field == "signals" or f'value="{value}"' in text
    assert found(desk, share, shelf, **query) == ["talk"]
    assert desk.get(reverse("shared_timeline", args=[share.code]), {"search": "zebra\0"}).status_code == 404


# What cannot be taken


@pytest.mark.parametrize("form", ["comment", "note"])
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Please write something first."),
        (" \n ", "Please write something first."),
        (TYPED + "x" * 4951, "That is very long. Please keep it under 4,000 characters; now it has 5,000."),
        (TYPED + "\0", NUL),
    ],
)
def test_a_comment_or_note_that_cannot_be_kept_is_said_beside_it_and_stays_typed(
    form, typed, message, desk, share, moment, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(desk, f"shared_{form}", share, moment, **{f"{form}-text": typed})
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    beside(text, f"{form}-text", message)
    assert typed.strip() in text
    assert not Comment.objects.exists() and not Note.objects.exists() and not mailoutbox


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", BAD_DAY),
        ("soon", BAD_DAY),
        ("31/31/2031", BAD_DAY),
        ("2026-03-14\0", BAD_DAY),
        ("9" * 5000, BAD_DAY),
        ("0001-01-01", "Please give a day within a year of today."),
        ("9999-12-31", "Please give a day within a year of today."),
    ],
)
def test_a_session_on_no_day_is_said_beside_it_and_stays_typed(typed, message, desk, share):
    answer = send(desk, "shared_session", share, on=typed)
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 422 and not Appointment.objects.exists()
    beside(text, "on", message)
    assert not typed or f'value="{typed}"' in text


@pytest.mark.parametrize(
    ("name", "field", "typed"),
    [
        ("comment", "comment-text", {}),
        ("comment", "file", {"comment-text": TYPED}),
        ("note", "note-text", {}),
        ("note", "file", {"note-text": TYPED}),
        ("session", "on", {}),
    ],
)
def test_a_file_is_refused_in_words_and_what_was_typed_beside_it_stays(name, field, typed, desk, share, moment):
    rows = [share] if name == "session" else [share, moment]
    answer = send(desk, f"shared_{name}", *rows, **typed, **{field: SimpleUploadedFile("words.txt", b"2026-03-14")})
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 422 and all(value in text for value in typed.values())
    assert "Files cannot be kept here. Please type it instead." in text
    assert not any(model.objects.exists() for model in (Appointment, Comment, Note))


# An open page


def test_an_open_page_learns_what_it_may_still_show_and_asking_leaves_no_receipt(desk, share, parent, moment):
    before = read(desk, "shared_terms", share)
    assert before in read(desk, "shared_moment", share, moment)
    receipts = Receipt.objects.count()
    sharing.change(share, by=parent, includes_words=not share.includes_words)
    assert read(desk, "shared_terms", share) != before
    assert Receipt.objects.count() == receipts
    sharing.revoke(share, by=parent)
    assert desk.get(reverse("shared_terms", args=[share.code])).status_code == 404


# What a therapist did before something changed


def test_a_danger_that_comes_after_read_and_acted_on_is_said_again(desk, share, parent, child):
    one = log(parent, child, "hurt_self")
    send(desk, "shared_mark", share, one, mark="acted")
    assert "a risk note to look at" not in read(desk, "caseload").casefold()
    moments.revise(one, by=parent, next_time="Breathe first.")
    assert "a risk note to look at" not in read(desk, "caseload").casefold()
    moments.revise(one, by=parent, words=DYING)
    assert "a risk note to look at" in read(desk, "caseload").casefold()


def test_nothing_is_acted_on_where_there_is_no_risk(desk, share, parent, child):
    one = log(parent, child, "pushed_away")
    send(desk, "shared_mark", share, one, mark="acted")
    assert not Mark.objects.filter(acted_at__isnull=False).exists()


def test_a_note_has_no_link_to_a_moment_that_is_about_another_child_now(desk, share, parent, child):
    one = log(parent, child, "pushed_away")
    send(desk, "shared_note", share, one, **{"note-text": SAID})
    assert str(one.code) in read(desk, "practice_notes")
    moments.revise(one, by=parent, child=families.add_child(by=parent, name="Ottoline"))
    assert SAID in read(desk, "practice_notes") and str(one.code) not in read(desk, "practice_notes")
