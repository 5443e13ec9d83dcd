"""What a therapist may read and what leaves no trace, the lease it stands on, and who is told of the reading."""

import datetime as dt
import io
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import formats, timezone
from docx import Document

from guidance.models import Signal
from journal import digest, families, jobs, models, moments, sharing
from journal.models import Audit, Caregiver, Child, Comment, Invitation, Mark, Moment, Receipt, Share, User
from journal.models.sharing import Unchangeable, WrittenOnce
from tests.conftest import CHILD, CHIP, WORDS, give_share, log, second_factor

SECRET = "Marmalade: they held a knife, screamed that they want to die, and said they hate me. Apricot."
SECRET_CHIP = "the apricot jar"
TEXTS = {"felt": "Apricot fear.", "they_felt": "Apricot rage.", "next_time": "Hide the apricot knife."}
ANSWERS = {"parent_state": "at_the_edge", "ended": "came_back", "reconnected": "under_5", "intensity": "great"}
QUERIES = ("", "search=marmalade", "risk=on", "wanted=on&good=on&unread=on&signals=said_hate")
WRITTEN = {"mark": "raise", "comment-text": "Too late.", "note-text": "Too late."}
CARDS, MAIN, BRIEF = r'<div class="moment-card.*?</div>', r"<main.*?</main>", r'<article class="brief">.*?</article>'
DAY = dt.timedelta(days=1)


def page(browser: Client, name: str, *args: object, **query: object) -> str:
    """A page without the masked form token, which differs at every answer."""
    response = browser.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return masked(response)


def masked(response: HttpResponse) -> str:
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "token", response.content.decode())


def text_of(file: HttpResponse) -> str:
    """Every word of a Word file."""
    document = Document(io.BytesIO(file.content))
    about = document.core_properties
    parts = [document.element.body, *(each.footer._element for each in document.sections)]
    return "\n".join([*(text for part in parts for text in part.itertext()), about.title, about.author, about.comments])


def read(browser: Client, kind: str, share: Share, moment: Moment | None = None) -> HttpResponse:
    """Each of the ways to read, by the kind of its receipt."""
    if kind == "moment":
        return browser.get(reverse("shared_moment", args=[share.code, moment.code]))
    if kind == "export":
        return browser.post(reverse("brief_file", args=[share.code]))
    query = {"search": "zebra"} if kind == "search" else {}
    return browser.get(reverse("brief" if kind == "brief" else "shared_timeline", args=[share.code]), query)


def secret(author: User, child: Child, **details: object) -> Moment:
    """A moment that would move every text, chip, reason, order and number there is."""
    told = {"days_ago": 2, "words": SECRET, "new_chip": SECRET_CHIP, "for_therapy": True, **ANSWERS, **TEXTS, **details}
    moment = log(author, child, "said_hate", "good_moment", **told)
    assert moment.risk_level == "urgent"
    moment.attempts.create(what="gave_space", outcome="helped")
    models.SuggestionItem.objects.filter(suggestion__moment=moment).update(feedback="helped")
    for therapist in User.objects.filter(is_therapist=True):  # as if seen, marked and answered before it was secret
        Mark.objects.create(reader=therapist, moment=moment, to_raise=True)
        Comment.objects.create(moment=moment, therapist=therapist, text="About the apricot.")
    return moment


def plain_days(owner: User, child: Child, *days_ago: int, **details: object) -> None:
    pushed = Signal.objects.get(slug="pushed_away")
    for days in days_ago:
        at = {"when": "date", "happened_at": timezone.now() - days * DAY, "zone": "UTC"}
        moment = Moment.objects.create(author=owner, owner=owner, child=child, **at, **details)
        moment.signals.create(signal=pushed, state="tapped")


@pytest.fixture
def practice(
    parent: User, co_parent: User, recorder: User, stranger: User, revoked_therapist: User, child: Child, share: Share
) -> SimpleNamespace:
    """Two families, one with two parents who both share. One moment more tips every number, and the order too."""
    the = SimpleNamespace(parent=parent, co_parent=co_parent, recorder=recorder, stranger=stranger, child=child)
    the.share, the.therapist, the.another, today = share, share.therapist, revoked_therapist, timezone.localdate()
    other = Child.objects.get(family__caregivers__user=the.stranger)
    the.second = give_share(the.therapist, the.co_parent, child, from_date=today - 5 * DAY, includes_words=False)
    give_share(the.therapist, the.stranger, other, from_date=today - 5 * DAY)
    share.appointments.create(on=today - 20 * DAY)
    User.objects.filter(pk=the.therapist.pk).update(wants_digest=True)
    plain_days(the.parent, child, 3, 4, 5, 6, 30, 31, 32, 33, 34)
    plain_days(the.co_parent, child, 1)
    plain_days(the.stranger, other, 1, for_therapy=True)
    return the


@pytest.fixture
def look(practice: SimpleNamespace, sign_in: Callable, mailoutbox: list) -> Callable[[], dict[str, str]]:
    """Everything the therapist can look at, as text."""
    browser = sign_in(practice.therapist)

    def looked() -> dict[str, str]:
        found = {"caseload": page(browser, "caseload")}
        for name in ("share", "second"):
            code = getattr(practice, name).code
            found[f"{name}: brief"] = page(browser, "brief", code)
            for query in QUERIES if name == "share" else QUERIES[:1]:
                filters = dict(part.split("=") for part in query.split("&") if part)
                found[f"{name}: {query}"] = page(browser, "shared_timeline", code, **filters)
        found["file"] = text_of(read(browser, "export", practice.share))
        jobs.send_digest.call(practice.therapist.pk)
        found["digest"] = mailoutbox.pop().body
        return found

    return looked


# The matrix


def of_lapsed_share(the: SimpleNamespace, **lapsed: object) -> Moment:
    third = families.add_child(by=the.stranger, name="Ottoline")
    give_share(the.therapist, the.stranger, third, **lapsed)
    return secret(the.stranger, third)


def logged_for_the_other_parent(the: SimpleNamespace) -> Moment:
    Caregiver.objects.filter(user=the.recorder).update(invited_by=the.co_parent)
    return secret(the.recorder, the.child, days_ago=9)


def of_another_therapist(the: SimpleNamespace) -> Moment:
    give_share(the.another, the.co_parent, the.child)
    return secret(the.co_parent, the.child, days_ago=9)


def for_both_parents(the: SimpleNamespace) -> Moment:
    moment = secret(the.co_parent, the.child, days_ago=9)
    sharing.switch_parents(moment, by=the.co_parent, answer="yes")
    return moment


def deleted(the: SimpleNamespace) -> Moment:
    moment = secret(the.parent, the.child)
    moments.delete(moment, by=the.parent)
    return moment


def at_the_edge(the: SimpleNamespace, hours: int, zone: str) -> Moment:
    """So many hours after the first day began in UTC; another day may stand on the calendar where it happened."""
    start = dt.datetime.combine(the.share.from_date, dt.time(0), dt.UTC)
    return secret(the.parent, the.child, happened_at=start + dt.timedelta(hours=hours), zone=zone)


SECRETS: dict[str, Callable[[SimpleNamespace], Moment]] = {
    "kept back": lambda the: secret(the.parent, the.child, kept_back=True),
    "deleted": deleted,
    "from before the first day": lambda the: secret(the.parent, the.child, days_ago=91),
    "from before the first day where it happened": lambda the: at_the_edge(the, 5, "Pacific/Pago_Pago"),
    "about another child": lambda the: secret(the.parent, families.add_child(by=the.parent, name="Ottoline")),
    "under a share that was revoked": lambda the: of_lapsed_share(the, revoked_at=timezone.now()),
    "under a share that has expired": lambda the: of_lapsed_share(the, until=timezone.now()),
    "of the other parent": lambda the: secret(the.co_parent, the.child, days_ago=9),
    "of the other parent, for this one to read": for_both_parents,
    "logged for the other parent": logged_for_the_other_parent,
    "which another therapist may read": of_another_therapist,
}
SHARED: dict[str, Callable[[SimpleNamespace], Moment]] = {
    "of the first day": lambda the: secret(the.parent, the.child, days_ago=90),
    "of the first day where it happened": lambda the: at_the_edge(the, -12, "Pacific/Kiritimati"),
    "logged for the parent": lambda the: secret(the.recorder, the.child),
}


@pytest.mark.parametrize("which", SECRETS)
def test_a_moment_that_is_not_shared_leaves_no_trace(
    which: str, practice: SimpleNamespace, look: Callable, sign_in: Callable
) -> None:
    before = look()
    moment = SECRETS[which](practice)
    after = look()
    assert after == before
    assert not [name for name, seen in after.items() if re.search("apricot|Ottoline", seen, re.I)]

    def rows() -> list[object]:
        return [[*model.objects.order_by("pk").values()] for model in (Comment, Mark, Receipt, models.Note)]

    browser, before = sign_in(practice.therapist), rows()
    for share in Share.objects.filter(therapist=practice.therapist):
        code, missing = [share.code, moment.code], [share.code, uuid.uuid4()]
        answers = [browser.get(reverse("shared_moment", args=args)) for args in (code, missing)]
        assert masked(answers[0]) == masked(answers[1])
        answers += [browser.post(reverse(f"shared_{act}", args=code), WRITTEN) for act in ("mark", "comment", "note")]
        assert {answer.status_code for answer in answers} == {404}
    assert rows() == before
    assert not [row for row in Receipt.objects.all() if str(moment.code) in row.codes]
    assert {*Audit.objects.filter(code=moment.code).values_list("concerns", flat=True)} == {moment.owner_id}


def test_the_same_moment_is_everywhere_where_it_is_shared(practice: SimpleNamespace, look: Callable) -> None:
    before = look()
    moment = secret(practice.parent, practice.child)
    after = look()
    assert {name for name in after if after[name] == before[name]} == {"second: brief", "second: "}
    assert "Apricot" in after["share: brief"] and "Apricot" in after["file"] and SECRET_CHIP in after["share: "]
    assert all(str(moment.code) in after[f"share: {query}"] for query in QUERIES)
    first = [seen["caseload"].index(f">{CHILD}<") < seen["caseload"].index(">Wendeline<") for seen in (before, after)]
    assert first == [False, True], "the risk note brings the child to the top"


@pytest.mark.parametrize("which", SHARED)
def test_a_moment_that_is_just_covered_is_read(which: str, practice: SimpleNamespace, sign_in: Callable) -> None:
    moment, browser = SHARED[which](practice), sign_in(practice.therapist)
    assert SECRET in page(browser, "shared_moment", practice.share.code, moment.code)
    assert str(moment.code) in page(browser, "shared_timeline", practice.share.code)


@pytest.mark.parametrize(("lease", "name"), [("share", "parent"), ("second", "co_parent")])
def test_words_that_are_not_shared_leave_no_trace_nor_does_what_was_worked_out_from_them(
    lease: str, name: str, practice: SimpleNamespace, look: Callable, sign_in: Callable
) -> None:
    share, author, browser = getattr(practice, lease), getattr(practice, name), sign_in(practice.therapist)
    Share.objects.update(includes_words=True)
    Share.objects.filter(pk=share.pk).update(includes_words=False, from_date=timezone.localdate() - 60 * DAY)
    moment = log(author, practice.child, "pushed_away", days_ago=2, **ANSWERS)
    older = log(author, practice.child, "pushed_away", days_ago=25, for_therapy=True)
    page(browser, "shared_moment", share.code, older.code)  # seen before the last session: no longer in the brief

    def looked() -> dict[str, str]:
        return {"moment": page(browser, "shared_moment", share.code, moment.code)} | look()

    before = looked()
    for told in (older, moment):
        moments.revise(told, by=author, words=SECRET, own_chips=[], new_chip=SECRET_CHIP, **TEXTS)
        moments.answer_safety(told, by=author, safe_answer="not_sure", dying_answer="yes")
    assert moment.risk_level == "urgent" and moment.suggestions.filter(used_words=True).exists()
    assert moment.signals.filter(signal__slug="said_hate", state="read").exists()
    assert looked() == before and "Why this one:" in before["moment"]
    for query in ({"risk": "on"}, {"search": "marmalade"}, {"search": "not there"}):
        assert page(browser, "shared_timeline", share.code, **query) == before[f"{lease}: "]
    assert not Receipt.objects.filter(owner=author, kind="search").exists()
    browser.post(reverse("shared_mark", args=[share.code, moment.code]), {"mark": "acted"})
    assert not Mark.objects.exclude(acted_at=None).exists() and not Audit.objects.filter(verb="act_on_risk").exists()

    Share.objects.filter(pk=share.pk).update(includes_words=True)
    after = looked()
    assert "Apricot" in after["moment"] and "Apricot" in after[f"{lease}: brief"]
    assert SECRET_CHIP in after[f"{lease}: "] and "2 risk notes to look at" in after["caseload"].casefold()


def test_a_reason_does_not_tell_a_reader_without_words_what_was_read_from_them(
    parent: User, child: Child, taps_therapist: User, sign_in: Callable
) -> None:
    """A chip gave the reason; it was taken off, and is now read from the words, as a question to the parent."""
    moment = log(parent, child, "parent_guilt")
    words = {"words": "I feel I failed them, I am a terrible mother."}
    moments.revise(moment, by=parent, signals=Signal.objects.filter(slug="pushed_away"), **words)
    assert moment.signals.filter(signal__slug="parent_guilt", state="read").exists()
    share = Share.objects.get(therapist=taps_therapist)
    seen = page(sign_in(taps_therapist), "shared_moment", share.code, moment.code)
    assert "you felt you had failed" in seen
    assert "perhaps you felt you had failed" not in seen


# The lease


def terms(child: Child, **given: object) -> dict[str, object]:
    today = timezone.localdate()
    usual = {"child": child.code, "email": "new@example.org", "from_date": today - 9 * DAY, "until": today + 30 * DAY}
    return usual | {"includes_words": "yes"} | given


def test_nothing_is_sent_before_the_parent_has_seen_what_they_would_see(
    parents: Client, moment: Moment, mailoutbox: list, django_capture_on_commit_callbacks: Callable
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        seen = masked(parents.post(reverse("share_new"), terms(moment.child)))
    for said in (
        "Nothing is sent yet", "often days later. It is not an alarm; if someone is in danger, call", "999",
        "By law a therapist may have to act, or tell others,", "A court may ask for what you write.",
    ):  # fmt: skip
        assert said in seen
    assert not (mailoutbox or Invitation.objects.exists() or Audit.objects.filter(verb="invite_therapist").exists())
    with django_capture_on_commit_callbacks(execute=True):
        assert parents.post(reverse("share_new"), terms(moment.child, send="yes")).status_code == 302
    assert [mail.to for mail in mailoutbox] == [["new@example.org"]]
    assert CHILD not in mailoutbox[0].body and not Share.objects.exists()


def test_a_share_accepted_again_for_the_same_child_takes_over_the_new_terms(
    parents: Client, child: Child, share: Share, sign_in: Callable
) -> None:
    sent = terms(child, email=share.therapist.email, includes_words="no", send="yes")
    assert parents.post(reverse("share_new"), sent).status_code == 302
    link = reverse("invitation", args=[Invitation.objects.get().token])
    assert sign_in(share.therapist).post(link).status_code == 302
    again = Share.objects.get(therapist=share.therapist)
    assert (again.code, again.from_date, again.includes_words) == (share.code, sent["from_date"], False)
    assert timezone.localdate(again.until - DAY / 24) == sent["until"]
    assert [*Audit.objects.filter(code=share.code).values_list("verb", flat=True)] == ["change_share"]


def test_changed_terms_hold_at_once(
    parents: Client, parent: User, child: Child, own_chip: models.OwnChip, share: Share, sign_in: Callable
) -> None:
    moment = log(parent, child, "pushed_away", words=WORDS, own_chips=[own_chip], days_ago=1)
    browser, change = sign_in(share.therapist), reverse("share_change", args=[share.code])
    assert WORDS in page(browser, "shared_moment", share.code, moment.code)
    assert parents.post(change, terms(child, includes_words="no")).status_code == 302
    assert not re.search(f"{WORDS}|{CHIP}", page(browser, "shared_moment", share.code, moment.code))
    assert parents.post(change, terms(child, from_date=timezone.localdate())).status_code == 302
    assert read(browser, "moment", share, moment).status_code == 404
    rows = Audit.objects.filter(code=share.code, concerns=parent, verb="change_share").order_by("pk")
    assert [row.fields for row in rows] == [["from_date", "includes_words", "until"], ["from_date", "includes_words"]]


def test_renewing_gives_ninety_days_from_today_to_an_ended_share_too(
    parents: Client, moment: Moment, share: Share, sign_in: Callable
) -> None:
    browser = sign_in(share.therapist)
    Share.objects.update(until=timezone.now(), announced_at=timezone.now())
    assert read(browser, "moment", share, moment).status_code == 404
    assert parents.post(reverse("share_renew", args=[share.code])).status_code == 302
    share.refresh_from_db()
    assert round((share.until - timezone.now()) / DAY, 2) == 90 and share.announced_at is None
    assert read(browser, "moment", share, moment).status_code == 200


@pytest.mark.parametrize("how", ["stopped", "ended"])
def test_an_open_page_of_an_ended_share_answers_with_nothing_and_writes_nothing(
    how: str, parents: Client, moment: Moment, share: Share, sign_in: Callable, mailoutbox: list,
    django_capture_on_commit_callbacks: Callable,
) -> None:  # fmt: skip
    browser, one, code = sign_in(share.therapist), [share.code], [share.code, moment.code]
    own = {"kind": "write", "text": "Late.", "phase": "now", "signals": "pushed_away"}
    browser.post(reverse("shared_comment", args=code), {"comment-text": "In time."})
    browser.post(reverse("shared_note", args=code), {"note-text": "In time."})
    browser.post(reverse("recommend", args=one), own)
    comment, recommendation = Comment.objects.get(), models.Recommendation.objects.get()
    assert WORDS in page(browser, "shared_moment", *code)
    with django_capture_on_commit_callbacks(execute=True):
        if how == "stopped":
            assert parents.post(reverse("share_stop", args=one)).status_code == 302
        else:
            Share.objects.update(until=timezone.now())
    assert not mailoutbox, "nobody is told"
    assert Audit.objects.filter(verb="revoke_share", concerns=share.owner).count() == (how == "stopped")

    def rows() -> list[object]:
        kept = (Mark, Comment, models.Note, models.Appointment, models.Recommendation, Receipt, Audit, Share)
        return [[*model.objects.order_by("pk").values()] for model in kept]

    before = rows()
    for name, args, sent in (
        ("shared_timeline", one, {}), ("shared_moment", code, {}), ("shared_mark", code, WRITTEN),
        ("shared_mark", code, {"mark": "acted"}), ("shared_comment", code, WRITTEN), ("shared_note", code, WRITTEN),
        ("shared_comment_remove", [share.code, comment.code], {}), ("brief", one, {}), ("brief_file", one, {}),
        ("shared_session", one, {"on": timezone.localdate()}), ("recommend", one, own),
        ("recommend_stance", one, {"stance": "closer"}), ("recommend_end", [share.code, recommendation.code], {}),
    ):  # fmt: skip
        answers = [browser.get(reverse(name, args=args)), browser.post(reverse(name, args=args), sent)]
        assert {answer.status_code for answer in answers} in ({404}, {404, 405}), name
        assert not [one for one in answers if re.search(f"{WORDS}|{CHIP}|{CHILD}|In time", one.content.decode())]
    assert rows() == before
    assert CHILD not in page(browser, "caseload") and digest.of(share.therapist) is None
    notes = page(browser, "practice_notes")
    assert "In time." in notes and not re.search(f"{CHILD}|{moment.code}", notes)


def test_the_end_is_announced_once_a_week_before_and_the_mail_names_nobody(
    share: Share, parents: Client, mailoutbox: list, django_capture_on_commit_callbacks: Callable
) -> None:
    def mails() -> int:
        with django_capture_on_commit_callbacks(execute=True):
            call_command("daily", verbosity=0)
        return len(mailoutbox)

    for ends, revoked_at in ((8 * DAY, None), (-DAY, None), (6 * DAY, timezone.now())):
        Share.objects.update(until=timezone.now() + ends, revoked_at=revoked_at)
        assert mails() == 0
    Share.objects.update(until=timezone.now() + 6 * DAY, revoked_at=None)
    assert (mails(), mails()) == (1, 1)
    assert mailoutbox[0].to == [share.owner.email]
    said = mailoutbox[0].subject + mailoutbox[0].body
    assert not re.search(f"{CHILD}|@|{share.code}|therapist", said)
    parents.post(reverse("share_renew", args=[share.code]))
    Share.objects.update(until=timezone.now() + 6 * DAY)
    assert mails() == 2, "a renewed share ends again"


def test_a_moment_is_kept_back_and_given_free_by_its_owner_alone(
    parent: User, child: Child, recorder: User, share: Share, sign_in: Callable
) -> None:
    moment, browser = log(recorder, child, "pushed_away"), sign_in(share.therapist)
    keep, link = (
        reverse("moment_keep_back", args=[moment.code]),
        reverse("shared_moment", args=[share.code, moment.code]),
    )
    browser.post(reverse("shared_note", args=[share.code, moment.code]), {"note-text": "Kept."})
    assert sign_in(recorder).post(keep, {"kept_back": "on"}).status_code == 403
    for answer, status in (("on", 404), ("off", 200)):
        assert sign_in(parent).post(keep, {"kept_back": answer}).status_code == 302
        assert browser.get(link).status_code == status
        assert (link in page(browser, "practice_notes")) == (status == 200)
    rows = Audit.objects.filter(code=moment.code, verb__in=("keep_back", "give_back")).order_by("pk")
    assert [(row.verb, row.who, row.concerns) for row in rows] == [
        ("keep_back", parent, parent), ("give_back", parent, parent),
    ]  # fmt: skip


def fails(*args: object, **kwargs: object) -> None:
    raise RuntimeError


@pytest.mark.parametrize("act", ["share_stop", "share_renew", "share_change", "moment_keep_back"])
def test_what_cannot_be_recorded_is_not_done(
    act: str, parent: User, moment: Moment, share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(parent)
    monkeypatch.setattr(WrittenOnce, "create", fails)
    row = moment if act == "moment_keep_back" else share
    before = type(row).objects.filter(pk=row.pk).values().get()
    assert browser.post(reverse(act, args=[row.code]), terms(moment.child, kept_back="on")).status_code == 500
    assert type(row).objects.filter(pk=row.pk).values().get() == before


# What the parent sees beforehand


def parts(seen: str, pattern: str) -> list[str]:
    """What is to be read there, without forms and what only one of the two is told."""
    only_one = r'<form.*?</form>|<p class="notice">.*?</p>|<span class="badge">Not read yet</span>'
    only_one += r"|, (?:not seen yet|seen)(?=<)"
    only_one += r"|<section[^>]*(?:comments|notes)-title.*?</section>|<p><a [^>]*>Recommend something.*?</p>"
    only_one += r"|<nav[^>]*Read on.*?</nav>"
    found = re.findall(pattern, seen, re.S)
    assert found, "nothing to compare"
    return [" ".join(re.sub(r"<[^>]*>", " ", re.sub(only_one, "", one, flags=re.S)).split()) for one in found]


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("what", ["list", "moment", "brief", "brief since a session"])
def test_the_parent_sees_exactly_what_the_therapist_sees_and_no_receipt_is_written(
    what: str, words: bool, parents: Client, practice: SimpleNamespace, sign_in: Callable
) -> None:
    moment, share = secret(practice.parent, practice.child), practice.share
    Share.objects.filter(pk=share.pk).update(includes_words=words)
    if what != "brief since a session":
        share.appointments.all().delete()
    preview, name, pattern, args = {
        "list": ("share_look", "shared_timeline", CARDS, [share.code]),
        "moment": ("share_look_moment", "shared_moment", MAIN, [share.code, moment.code]),
    }.get(what, ("share_look_brief", "brief", BRIEF, [share.code]))
    marks = [*Mark.objects.order_by("pk").values()]
    seen = parts(page(parents, preview, *args), pattern)
    assert not Receipt.objects.exists() and [*Mark.objects.order_by("pk").values()] == marks
    assert seen == parts(page(sign_in(practice.therapist), name, *args), pattern)
    assert bool(re.search("apricot", str(seen))) == words


@pytest.mark.parametrize("words", ["yes", "no"])
def test_before_the_first_share_the_parent_sees_the_list_as_the_therapist_will(
    words: str, parents: Client, parent: User, child: Child, sign_in: Callable, stranger: User
) -> None:
    secret(parent, child, kept_back=True, new_chip="kept back")
    for days in (2, 30):
        secret(parent, child, days_ago=days, new_chip=f"{days} days ago")
    seen = parts(masked(parents.post(reverse("share_new"), terms(child, includes_words=words))), CARDS)
    assert not Receipt.objects.exists()
    share = give_share(stranger, parent, child, from_date=terms(child)["from_date"], includes_words=words == "yes")
    second_factor(stranger)
    assert seen == parts(page(sign_in(stranger), "shared_timeline", share.code), CARDS)
    assert len(seen) == 1 and ("2 days ago" in seen[0], "Risk note" in seen[0]) == (words == "yes", words == "yes")


# Receipts


def test_opening_a_moment_is_written_down_once_a_reader_and_day(
    moment: Moment, share: Share, taps_therapist: User, sign_in: Callable
) -> None:
    leases, days = [share, Share.objects.get(therapist=taps_therapist)], [timezone.now(), timezone.now() + DAY]
    for now in days:
        with time_machine.travel(now):
            for lease in leases * 2:
                assert read(sign_in(lease.therapist), "moment", lease, moment).status_code == 200
    rows = [(row.kind, row.moment, row.reader, row.owner, row.day) for row in Receipt.objects.order_by("pk")]
    assert rows == [
        ("moment", moment, lease.therapist, moment.owner, now.date()) for now in days for lease in leases
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "counted"), [("timeline", 0), ("search", 0), ("brief", 2), ("export", 2)])
def test_a_page_of_several_moments_is_written_down_with_its_period_and_codes(
    kind: str, counted: int, parent: User, child: Child, share: Share, sign_in: Callable
) -> None:
    new, old = (log(parent, child, "ran_off", words="A zebra.", for_therapy=True, days_ago=days) for days in (1, 8))
    secret(parent, child, kept_back=True)
    for _ in range(2):
        assert read(sign_in(share.therapist), kind, share).status_code == 200
    period = (share.from_date, timezone.localdate()) if counted else (old.day, new.day)  # the days its numbers cover
    for row in Receipt.objects.all():
        assert (row.kind, row.first_day, row.last_day, row.counted) == (kind, *period, counted)
        assert sorted(row.codes) == sorted([str(old.code), str(new.code)])
        assert (row.reader, row.owner, row.child, row.moment) == (share.therapist, parent, child, None)
    exported = Audit.objects.filter(verb="export", code=share.code, concerns=parent, who=share.therapist)
    assert (Receipt.objects.count(), exported.count()) == (2, 2 * (kind == "export"))


@pytest.mark.parametrize("kind", Receipt.Kind.values)
def test_without_a_receipt_there_is_no_page(
    kind: str, moment: Moment, share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(share.therapist)
    with monkeypatch.context() as broken:
        broken.setattr(WrittenOnce, "bulk_create", fails)
        audited = Audit.objects.count()
        answer = read(browser, kind, share, moment)
    assert answer.status_code == 500 and answer.headers["Content-Type"].startswith("text/html")
    assert not re.search(f"{WORDS}|{CHIP}|{CHILD}|Pushed me away", answer.content.decode())
    assert not Receipt.objects.exists() and not Mark.objects.exists() and Audit.objects.count() == audited
    assert read(browser, kind, share, moment).status_code == 200


def test_the_caseload_shows_no_moment_and_writes_no_receipt(moment: Moment, share: Share, sign_in: Callable) -> None:
    seen = page(sign_in(share.therapist), "caseload")
    assert CHILD in seen and not re.search(f"{WORDS}|{CHIP}|Pushed me away|{moment.code}", seen)
    assert not Receipt.objects.exists()


CHANGES: dict[str, Callable[[Model], object]] = {
    "save": lambda row: row.save(),
    "delete": lambda row: row.delete(),
    "update": lambda row: type(row).objects.filter(pk=row.pk).update(at=timezone.now()),
    "bulk update": lambda row: type(row).objects.bulk_update([row], ["at"]),
    "delete all": lambda row: type(row).objects.all().delete(),
}


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("model", [Receipt, Audit])
def test_the_record_is_never_changed_or_deleted(
    how: str, model: type[Model], moment: Moment, share: Share, sign_in: Callable
) -> None:
    read(sign_in(share.therapist), "export", share)
    before = [*model.objects.order_by("pk").values()]
    with pytest.raises(Unchangeable), transaction.atomic():
        CHANGES[how](model.objects.latest("pk"))
    assert before and [*model.objects.order_by("pk").values()] == before


def test_the_record_outlives_its_reader_and_goes_with_the_account_it_is_about(
    parent: User, moment: Moment, share: Share, parents: Client, sign_in: Callable
) -> None:
    read(sign_in(share.therapist), "export", share)
    share.therapist.delete()
    told = page(parents, "readings")
    assert told.count("a closed account") == 2 and "took the brief away as a file" in told
    parent.delete()
    assert not Receipt.objects.exists() and not Audit.objects.filter(code__in=(moment.code, share.code)).exists()


def test_who_has_read_is_told_to_the_owner_and_to_nobody_else(
    parent: User, co_parent: User, recorder: User, child: Child, share: Share, sign_in: Callable
) -> None:
    moment, browser = log(recorder, child, "pushed_away"), sign_in(share.therapist)
    sharing.switch_parents(moment, by=parent, answer="yes")
    for kind in ("moment", "timeline", "export"):
        read(browser, kind, share, moment)
    browser.post(reverse("shared_comment", args=[share.code, moment.code]), {"comment-text": "Well stood."})
    own, told = page(sign_in(parent), "moment", moment.code), page(sign_in(parent), "readings")
    for said in ("opened a moment", "read the timeline", "took the brief away as a file", share.therapist.email):
        assert said in own and said in told
    assert "Well stood." in own and "commented on a moment" in told
    for other in (co_parent, recorder):
        seen = page(sign_in(other), "moment", moment.code) + page(sign_in(other), "readings")
        assert not re.search(f"{share.therapist.email}|Well stood|opened a moment|took the brief|commented", seen)
        assert "Nobody has read anything of yours." in seen
    assert "Nobody has read anything of yours." in page(browser, "readings")


def test_the_mail_about_a_comment_goes_to_the_owner_and_says_only_that_there_is_one(
    parent: User, recorder: User, child: Child, moment: Moment, share: Share, taps_therapist: User, sign_in: Callable,
    mailoutbox: list, django_capture_on_commit_callbacks: Callable,
) -> None:  # fmt: skip
    taps, sitters = Share.objects.get(therapist=taps_therapist), log(recorder, child, "ran_off")
    with django_capture_on_commit_callbacks(execute=True):
        for lease, about, text in ((share, moment, "Plumage of words."), (taps, sitters, "Quite another thing.")):
            link = reverse("shared_comment", args=[lease.code, about.code])
            assert sign_in(lease.therapist).post(link, {"comment-text": text}).status_code == 302
    first, second = mailoutbox
    assert first.to == second.to == [parent.email]
    assert (first.subject, first.body) == (second.subject, second.body)
    assert not re.search(f"Plumage|{CHILD}|@|therapist|comment|{moment.code}", first.subject + first.body)


def test_the_last_day_that_was_asked_for_is_the_last_day_that_is_said(parents: Client, child: Child) -> None:
    last = timezone.localdate() + 40 * DAY
    page = parents.post(reverse("share_new"), terms(child, until=last.isoformat())).content.decode()
    assert f"until {formats.date_format(last, 'j F Y')}" in page
    assert f"until {formats.date_format(last + DAY, 'j F Y')}" not in page
