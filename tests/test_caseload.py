"""Whom to look at first, and why; and the week in numbers."""

import datetime as dt
import re
import smtplib
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from guidance.models import Signal
from journal import caseload, families, jobs
from journal.models import Appointment, Child, Comment, Invitation, Mark, Moment, MomentSignal, Receipt, Share, User
from tests.conftest import give_share

NOW = dt.datetime(2026, 3, 19, 3, 30, tzinfo=dt.UTC)  # a Thursday
DAY = dt.timedelta(days=1)
NEW, RISK, TALK = "something new in the last four weeks", "a risk note to look at", "one moment to talk about"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def family(therapist: User, name: str, **terms: object) -> Share:
    """Another parent who shares their child with this therapist."""
    parent = User.objects.create_user(f"parent-of-{name.lower()}@example.org", country="GB")
    return give_share(therapist, parent, families.add_child(by=parent, name=name), **terms)


def put(share: Share, days_ago: int, *chips: str, read: bool = True, state: str = "tapped", **fields: object) -> Moment:
    """A moment that the share covers, read by its therapist unless said otherwise."""
    at = {"when": "date", "happened_at": NOW - days_ago * DAY, "zone": "UTC"}
    whose = {"author": share.owner, "owner": share.owner, "child": share.child}
    saved = Moment.objects.create(**(whose | at | fields))
    known = Signal.objects.filter(slug__in=chips)
    MomentSignal.objects.bulk_create(MomentSignal(moment=saved, signal=one, state=state) for one in known)
    if read:
        Mark.objects.create(reader=share.therapist, moment=saved, read_at=NOW)
    return saved


def meet(share: Share, in_days: int) -> None:
    Appointment.objects.create(share=share, on=NOW.date() + in_days * DAY)


def reasons(therapist: User) -> list[tuple[str, list[str]]]:
    """The children in their order, each with what is said of them."""
    return [(case.child.name, [why for line in case.lines for why in line.reasons]) for case in caseload.of(therapist)]


def page(therapist: User, sign_in: Callable[..., Client]) -> str:
    """The caseload as it is sent, without the token of its form."""
    answer = sign_in(therapist).get(reverse("caseload"))
    assert answer.status_code == 200
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", answer.content.decode())


# Need


def test_the_greatest_need_comes_first_and_the_reason_is_said(therapist: User, share: Share) -> None:
    names = ("Nothing", "Unread", "Quiet", "New", "Talk", "Risk")
    nothing, unread, quiet, new, talk, risk = (family(therapist, name) for name in names)
    put(share, 1)
    put(nothing, 1)
    put(unread, 1, read=False)
    put(quiet, 15)
    for days_ago in (1, 30, 31, 32, 33, 34):
        put(new, days_ago, *(["hid"] if days_ago == 1 else []))
    put(talk, 1, for_therapy=True, read=False)
    put(risk, 1, risk_level="concern")
    assert reasons(therapist) == [
        ("Risk", [RISK]),
        ("Talk", [TALK]),
        ("New", [NEW]),
        ("Quiet", ["nothing logged for 15 days"]),
        ("Unread", []),
        ("Quillon", []),
        ("Nothing", []),
    ]


def test_several_reasons_are_said_in_their_order_and_counted(therapist: User, share: Share) -> None:
    for days_ago in (20, 30, 31, 32, 33, 34):
        put(share, days_ago, *(["hid"] if days_ago == 20 else []))
    for days_ago in (40, 41):
        put(share, days_ago, read=False, for_therapy=True, risk_level="urgent")
    said = ["2 risk notes to look at", "2 moments to talk about", NEW, "nothing logged for 20 days"]
    assert reasons(therapist) == [("Quillon", said)]


def test_the_next_session_then_what_is_unread_breaks_ties(therapist: User, share: Share) -> None:
    others = {name: family(therapist, name) for name in ("Never", "Past", "Later", "Soon", "Today", "More")}
    for one in (share, *others.values()):
        put(one, 1, read=False)
    put(others["More"], 1, read=False)
    for name, days in {"Past": -2, "Later": 9, "Soon": 2, "Today": 0}.items():
        meet(others[name], days)
    meet(others["Later"], 8)
    meet(others["Today"], -7)
    assert [name for name, _ in reasons(therapist)] == ["Today", "Soon", "Later", "More", "Quillon", "Never", "Past"]
    assert [case.next_session for case in caseload.of(therapist)][:4] == [
        NOW.date(), NOW.date() + 2 * DAY, NOW.date() + 8 * DAY, None,
    ]  # fmt: skip


def test_a_greater_need_goes_before_an_earlier_session(therapist: User, share: Share) -> None:
    other = family(therapist, "Other")
    put(share, 1)
    meet(share, 0)
    put(other, 1, for_therapy=True, read=False)
    meet(other, 30)
    assert [name for name, _ in reasons(therapist)] == ["Other", "Quillon"]


def test_a_risk_note_is_said_until_it_is_acted_on_and_reading_is_not_enough(therapist: User, share: Share) -> None:
    moment = put(share, 1, risk_level="urgent")
    assert reasons(therapist) == [("Quillon", [RISK])]
    Mark.objects.filter(moment=moment).update(acted_at=NOW)
    assert reasons(therapist) == [("Quillon", [])]


def test_without_the_words_a_risk_note_changes_neither_what_is_said_nor_the_order(
    taps_therapist: User, sign_in: Callable[..., Client]
) -> None:
    mine = Share.objects.get(therapist=taps_therapist)
    first, last = family(taps_therapist, "First", includes_words=False), family(taps_therapist, "Last")
    put(first, 1, read=False)
    put(last, 1)
    moment = put(mine, 1)
    before = reasons(taps_therapist), page(taps_therapist, sign_in)
    assert [name for name, _ in before[0]] == ["First", "Quillon", "Last"]
    risky = {"risk_level": "urgent", "risk_kinds": ["child_self_harm"], "soft_check": True}
    Moment.objects.filter(pk=moment.pk).update(**risky)
    assert (reasons(taps_therapist), page(taps_therapist, sign_in)) == before


def test_a_wish_to_talk_is_said_until_it_is_read(therapist: User, share: Share) -> None:
    moment = put(share, 60, for_therapy=True, read=False)
    assert TALK in reasons(therapist)[0][1]
    Mark.objects.create(reader=therapist, moment=moment, read_at=NOW)
    assert TALK not in reasons(therapist)[0][1]


@pytest.mark.parametrize(("earlier", "first", "state", "said"), [
    (4, 1, "tapped", []), (5, 1, "tapped", [NEW]), (5, 1, "confirmed", [NEW]), (5, 28, "tapped", [NEW]),
    (5, 29, "tapped", []), (5, 1, "read", []), (5, 1, "refused", []),
], ids=["four days", "five days", "confirmed", "four weeks ago", "longer ago", "only read", "refused"])  # fmt: skip
def test_something_is_new_when_five_days_were_logged_before_it(
    earlier: int, first: int, state: str, said: list[str], therapist: User, share: Share
) -> None:
    for number in range(8):
        put(share, 40 + number % earlier, "pushed_away")
    put(share, first, "pushed_away", "hid", state=state)
    put(share, 1, "pushed_away")
    assert reasons(therapist) == [("Quillon", said)]


def test_nothing_for_long_is_counted_from_the_last_moment_or_from_the_beginning_of_the_share(
    therapist: User, share: Share, clock: time_machine.Traveller
) -> None:
    put(share, 1)
    family(therapist, "Never")
    clock.shift(13 * DAY)
    assert dict(reasons(therapist)) == {"Quillon": [], "Never": []}
    clock.shift(2 * DAY)
    assert dict(reasons(therapist)) == {
        "Quillon": ["nothing logged for 16 days"], "Never": ["nothing logged for 15 days"],
    }  # fmt: skip


# Counts


def test_unread_counts_what_this_reader_may_read_and_has_not(
    therapist: User, share: Share, co_parent: User, taps_therapist: User, sign_in: Callable[..., Client]
) -> None:
    put(share, 1)
    unread = [put(share, 1, read=False), put(share, 90, read=False), put(share, 2, read=False)]
    Mark.objects.create(reader=therapist, moment=unread[0], to_raise=True)
    Mark.objects.create(reader=taps_therapist, moment=unread[1], read_at=NOW)
    put(share, 91, read=False)
    put(share, 1, read=False, kept_back=True, for_therapy=True, risk_level="urgent")
    put(share, 1, read=False, deleted_at=NOW, for_therapy=True, risk_level="urgent")
    put(share, 1, read=False, owner=co_parent, for_therapy=True, risk_level="urgent")
    assert [case.unread for case in caseload.of(therapist)] == [3]
    assert reasons(therapist) == [("Quillon", [])]
    assert "3 unread" in page(therapist, sign_in)


def test_both_parents_of_a_family_are_two_lines_of_one_child_each_on_its_own_terms(
    therapist: User, share: Share, child: Child, co_parent: User, sign_in: Callable[..., Client]
) -> None:
    theirs = give_share(therapist, co_parent, child, includes_words=False)
    other = family(therapist, "Other")
    put(other, 1, read=False)
    meet(share, 9)
    meet(theirs, 4)
    put(share, 1, read=False)
    put(theirs, 1, read=False, risk_level="urgent")
    put(theirs, 2, read=False, for_therapy=True)
    first, second = caseload.of(therapist)
    assert (first.child, first.unread, first.next_session) == (child, 3, NOW.date() + 4 * DAY)
    assert [(line.share, line.unread, line.reasons) for line in first.lines] == [(share, 1, []), (theirs, 2, [TALK])]
    assert second.child == other.child
    assert page(therapist, sign_in).count('<li class="card">') == 2


def test_expired_and_revoked_shares_are_gone(
    therapist: User, share: Share, revoked_therapist: User, sign_in: Callable[..., Client]
) -> None:
    for name, terms in (("Expired", {"until": NOW}), ("Revoked", {"revoked_at": NOW})):
        put(family(therapist, name, **terms), 1, read=False, for_therapy=True)
    assert reasons(therapist) == [("Quillon", [])]
    assert not any(name in page(therapist, sign_in) for name in ("Expired", "Revoked"))
    assert "No parent shares anything with you now" in page(revoked_therapist, sign_in)


def test_the_caseload_shows_no_words_and_no_chips_and_leaves_no_receipt(
    therapist: User, share: Share, sign_in: Callable[..., Client]
) -> None:
    put(share, 1, "hid", words="What they said.", risk_level="urgent", for_therapy=True, read=False)
    shown = page(therapist, sign_in)
    assert "Quillon" in shown and "1 unread" in shown
    assert "What they said." not in shown and ">Hid" not in shown
    assert not Receipt.objects.exists()


def test_two_hundred_families_and_ten_thousand_moments_take_as_few_queries_as_ten(
    therapist: User, share: Share, sign_in: Callable[..., Client]
) -> None:
    browser, shares, counts = sign_in(therapist), [share], []
    hid = Signal.objects.get(slug="hid")
    for wanted, more in ((1, 10), (200, 990), (200, 9_000)):
        shares += [family(therapist, f"N{number}") for number in range(len(shares), wanted)]
        made = Moment.objects.bulk_create(
            Moment(
                author_id=one.owner_id, owner_id=one.owner_id, child_id=one.child_id, when="date", zone="UTC",
                happened_at=NOW - (number % 80) * DAY, day=NOW.date() - (number % 80) * DAY,
                for_therapy=number % 7 == 0, risk_level="none" if number % 9 else "concern",
            )
            for number, one in ((number, shares[number % wanted]) for number in range(more))
        )  # fmt: skip
        MomentSignal.objects.bulk_create(MomentSignal(moment=one, signal=hid, state="tapped") for one in made)
        connection.cursor().execute("ANALYZE")  # as PostgreSQL does by itself after a while
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(reverse("caseload"))
        assert answer.content.decode().count('<li class="card">') == min(wanted, caseload.ON_A_PAGE)
        counts.append(len(queries))
    assert sum(case.unread for case in caseload.of(therapist)) == 10_000
    assert counts[0] == counts[1] == counts[2] < 10


def test_of_many_families_those_in_need_come_first_and_the_others_stand_on_further_pages(
    therapist: User, share: Share, sign_in: Callable[..., Client]
) -> None:
    for number in range(caseload.ON_A_PAGE):
        put(family(therapist, f"Quiet{number}"), 1)
    put(share, 1, for_therapy=True, read=False)
    browser = sign_in(therapist)
    first, second = (browser.get(reverse("caseload"), {"page": number}).content.decode() for number in (1, 2))
    assert share.child.name in first and share.child.name not in second
    assert "1 to 50 of 51" in first and "51 to 51 of 51" in second
    assert first.count('<li class="card">') == 50 and second.count('<li class="card">') == 1
    assert browser.get(reverse("caseload"), {"page": "x'"}).content.decode().count('<li class="card">') == 50


# The digest


@pytest.fixture
def daily(django_capture_on_commit_callbacks: Callable, mailoutbox: list) -> Callable[[], list]:
    """Run the daily command and what it queued; the weekly mails among what went out."""

    def run() -> list:
        mailoutbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            call_command("daily", verbosity=0)
        return [mail for mail in mailoutbox if mail.subject == "Your week"]

    return run


def want_digest(*users: User) -> None:
    User.objects.filter(pk__in=[user.pk for user in users]).update(wants_digest=True)


def test_the_weekly_mail_counts_what_may_be_read_today_and_names_nobody(
    therapist: User, share: Share, child: Child, co_parent: User, daily: Callable[[], list]
) -> None:
    want_digest(therapist)
    theirs = give_share(therapist, co_parent, child, until=NOW + 7 * DAY, includes_words=False)
    other, quiet = family(therapist, "Wendeline"), family(therapist, "Zacharias", until=NOW + 8 * DAY)
    for name, terms in (("Expired", {"until": NOW}), ("Revoked", {"revoked_at": NOW})):
        put(family(therapist, name, **terms), 1, read=False, for_therapy=True)
    put(share, 1, "hid", words="What they said.", read=False, for_therapy=True)
    put(share, 1)
    put(theirs, 1, read=False, risk_level="urgent")
    put(other, 30, read=False)
    put(other, 1, read=False, for_therapy=True, kept_back=True)
    put(other, 91, read=False, for_therapy=True)
    old = put(quiet, 1, read=False, for_therapy=True)
    Moment.objects.filter(pk=old.pk).update(created_at=NOW - 8 * DAY)
    (mail,) = daily()
    assert mail.recipients() == [therapist.email]
    for line in (
        "3 children are shared with you.",
        "With something new this week: 2.",
        "Moments not read yet: 4, to talk about: 2.",
        "Shares that end within a week: 1.",
    ):
        assert line in mail.body.splitlines()
    addresses = [one.owner.email for one in Share.objects.filter(therapist=therapist).select_related("owner")]
    codes = [str(code) for code in Moment.objects.values_list("code", flat=True)]
    assert all(addresses) and len(codes) == 9
    for private in (*addresses, *codes, "Quillon", "Wendeline", "Zacharias", "What they said", "Hid", "risk"):
        assert private not in f"{mail.subject} {mail.body}"


def test_a_risk_note_changes_nothing_in_the_weekly_mail(
    therapist: User, share: Share, daily: Callable[[], list], clock: time_machine.Traveller
) -> None:
    want_digest(therapist)
    moment = put(share, 0, read=False)
    (before,) = daily()
    Moment.objects.filter(pk=moment.pk).update(risk_level="urgent")
    User.objects.filter(pk=therapist.pk).update(digest_sent_at=None)
    (after,) = daily()
    assert after.body == before.body


def test_the_weekly_mail_goes_to_therapists_who_want_it_and_have_something_shared(
    therapist: User, taps_therapist: User, revoked_therapist: User, parent: User, stranger: User, daily: Callable
) -> None:
    expired = User.objects.create_user("expired@example.org", is_therapist=True)
    gone = User.objects.create_user("gone@example.org", is_therapist=True, is_active=False)
    family(expired, "Expired", until=NOW)
    family(gone, "Gone")
    want_digest(therapist, revoked_therapist, parent, stranger, expired, gone)
    assert [mail.to for mail in daily()] == [[therapist.email]]


def test_the_switch_on_the_caseload_starts_and_stops_the_weekly_mail(
    therapist: User, daily: Callable[[], list], sign_in: Callable[..., Client], clock: time_machine.Traveller
) -> None:
    browser = sign_in(therapist)
    browser.post(reverse("practice_digest"), {"digest": "on"})
    assert len(daily()) == 1
    browser.post(reverse("practice_digest"), {"digest": "off"})
    clock.shift(8 * DAY)
    assert daily() == []


def test_run_every_night_the_weekly_mail_comes_every_seventh_whatever_second_the_night_begins(
    therapist: User, daily: Callable[[], list], clock: time_machine.Traveller
) -> None:
    want_digest(therapist)
    came = []
    for night in range(15):
        clock.move_to(NOW + night * DAY + dt.timedelta(seconds=night * (-1) ** night))
        came += [night] * (len(daily()) + len(daily()))
    assert came == [0, 7, 14]


def test_of_a_mail_that_failed_the_queue_keeps_no_address(
    therapist: User, share: Share, settings: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    want_digest(therapist)
    comment = Comment.objects.create(moment=put(share, 1), therapist=therapist, text="Said.")
    terms = {"child": share.child, "from_date": NOW.date(), "until": NOW + 90 * DAY, "expires_at": NOW + 7 * DAY}
    invitation = Invitation.objects.create(
        kind="therapist", email="invited@example.org", invited_by=share.owner, **terms
    )
    refused: list[str] = []

    def refuse(subject: str, text: str, sender: None, to: list[str]) -> None:
        refused.extend(to)
        raise smtplib.SMTPRecipientsRefused({to[0]: (550, f"no such user: {to[0]}".encode())})

    monkeypatch.setattr(jobs, "send_mail", refuse)
    queue = {"queue_names": ["default"], "excluded_queue_names": [], "backend_name": "default", "worker_id": "one"}
    worker = Worker(interval=0, batch=True, startup_delay=False, max_tasks=None, **queue)
    jobs.send_digest.enqueue(therapist.pk)
    jobs.announce_end.enqueue(share.pk)
    jobs.tell_of_comment.enqueue(comment.pk)
    jobs.send_invitation.enqueue(invitation.pk)
    for row in DBTaskResult.objects.all():
        worker.run_task(row)
        row.refresh_from_db()
        assert (row.status, row.exception_class_path) == ("FAILED", "journal.jobs.MailNotSent")
        assert "SMTPRecipientsRefused" in row.traceback
        assert "example.org" not in f"{row.traceback} {row.args_kwargs} {caplog.text}"
    assert sorted(refused) == sorted([therapist.email, share.owner.email, share.owner.email, "invited@example.org"])
