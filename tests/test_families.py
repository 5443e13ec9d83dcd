"""Caregivers: who is asked in, what each of them reads, and what nobody is told. Separated parents never meet here."""

import datetime as dt
import html
import itertools
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.models import HelpLine, Passage, Signal
from journal import access, families, grownups, invitations, moments, recommending, review, sharing
from journal.models import Bond, Caregiver, Child, Invitation, Moment, OwnChip, Share, Suggestion, SuggestionItem, User
from tests.conftest import CHILD, WORDS, give_share, log, second_factor
from tests.test_rings import body

SignIn = Callable[[User | None], Client]
NEW = "new.person@example.org"
SIGN_UP = {"password1": "a lamp in the hallway", "country": "GB", "time_zone": "UTC"}
ADVICE = {"kind": "write", "text": "I am on the landing.", "phase": "afterwards"}
ON_A_MOMENT = {
    "moment_edit": {"signals": "hid", "when": "just_now"}, "moment_more": {"words": "Overwritten."},
    "moment_signals": {"kept": "hid"}, "moment_again": {}, "moment_safety": {"safe_answer": "not_sure"},
    "moment_history": {"hard_place": "yes"}, "moment_delete": {}, "moment_keep_back": {"kept_back": "on"},
    "moment_parents": {"with_parents": "yes"},
}  # fmt: skip
each_kind = pytest.mark.parametrize("kind", ["parent", "recorder", "therapist"])
each_end = pytest.mark.parametrize("how", ["leaves", "is removed"])


def rows(*without: str) -> dict[str, list[dict[str, Any]]]:
    """Everything the database holds, but for the rows of these apps."""
    found = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label not in without]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in found}


def kept() -> dict[str, list[dict[str, Any]]]:
    return rows("guidance", "sessions", "usersessions")


def text(browser: Client, name: str, *args: object, **query: str) -> str:
    """A page as its reader reads it, without what differs at every answer."""
    response = browser.get(reverse(name, args=args), query)
    assert response.status_code == 200, f"{name}: {response.status_code}"
    page = re.sub(r"\b[A-Za-z0-9]{64}\b", "token", response.content.decode())
    return html.unescape(re.sub(r'(name="client_key" value=)"[^"]*"', r"\1", page))


def listed(browser: Client, **query: str) -> set[str]:
    """The codes of the moments a timeline shows."""
    return set(re.findall(r"/moments/([0-9a-f-]{36})/", text(browser, "timeline", **query)))


def place(user: User, child: Child) -> Caregiver | None:
    return Caregiver.objects.filter(user=user, family=child.family_id).first()


def refused(browser: Client, *paths: str) -> list[str]:
    """Links and forms on these pages that answer "not yours" or "not there"; leaving is not tried, deleting last."""
    found: dict[tuple[str, str], None] = {}
    for path in paths:
        page = browser.get(path).content.decode().split("<main")[1]
        found |= dict.fromkeys(("get", link) for link in re.findall(r'<a [^>]*href="(/[^"#]*)', page))
        found |= dict.fromkeys(("post", to) for to in re.findall(r'<form[^>]* method="post" action="(/[^"]*)"', page))
    steps = sorted((one for one in found if "/leave/" not in one[1]), key=lambda one: "/delete/" in one[1])
    assert len(steps) > 5
    return [f"{how} {path}" for how, path in steps if getattr(browser, how)(path).status_code in (403, 404)]


def go(how: str, who: User, by: User, child: Child, sign_in: SignIn) -> None:
    """The end of a place: they leave, or the parent who asked them in removes them."""
    Caregiver.objects.filter(user=who).update(invited_by=by)
    name, code, user = ("leave", child.family.code, who) if how == "leaves" else ("remove", who.code, by)
    assert sign_in(user).post(reverse(f"family_{name}", args=[code])).status_code == 302
    assert place(who, child) is None


@pytest.fixture
def ask(mailoutbox, django_capture_on_commit_callbacks, sign_in) -> Callable[[User, str, str], str]:
    """Somebody asks an address in, as the product does it; the path of the link that is mailed."""

    def asked(by: User, kind: str, email: str) -> str:
        child, today = access.children_shared_from(by)[0], str(timezone.localdate())
        sent = {"email": email, "kind": kind, "child": str(child.code), "send": "1"}
        sent |= {"from_date": today, "until": today, "includes_words": "yes"}
        name, args = ("share_new", []) if kind == "therapist" else ("family_invite", [child.family.code])
        with django_capture_on_commit_callbacks(execute=True):
            assert sign_in(by).post(reverse(name, args=args), sent).status_code == 302
        assert mailoutbox[-1].to == [email.lower()]
        return re.search(r"/invitations/\S+", mailoutbox[-1].body).group()

    return asked


@pytest.fixture
def somebody(db: None) -> User:
    """Has an account and belongs nowhere yet."""
    return User.objects.create_user("somebody@example.org", "a long enough password", country="GB")


@pytest.fixture
def by_default(parent: User, child: Child) -> None:
    """The parent has switched sharing with the other parent on."""
    families.share_by_default(child, by=parent, on=True)


# Invitations


@each_kind
def test_a_link_opens_what_it_names_once_within_seven_days(kind, ask, parent, child, somebody, sign_in):
    link, browser = ask(parent, kind, somebody.email.upper()), sign_in(somebody)
    assert browser.get(link).status_code == 200
    assert place(somebody, child) is None and not Share.objects.exists()
    with time_machine.travel(timezone.now() + dt.timedelta(days=6, hours=23), tick=False):
        assert browser.post(link).status_code == 302
    found = place(somebody, child)
    assert (found and (found.role, found.invited_by)) == (None if kind == "therapist" else (kind, parent))
    terms = ("owner", "therapist", "child", "includes_words")
    shares = [(parent.pk, somebody.pk, child.pk, True)] if kind == "therapist" else []
    assert list(Share.objects.values_list(*terms)) == shares
    before = kept()
    invitations.accept(Invitation.objects.get(), by=somebody)  # a second tab
    answers = [browser.get(link), browser.post(link), sign_in(None).get(link)]
    assert [response.status_code for response in answers] == [404, 404, 404]
    assert kept() == before


@pytest.mark.parametrize("kind", ["recorder", "therapist"])
@pytest.mark.parametrize("end", ["expired", "cancelled", "replaced", "tampered", "unsigned", "made up"])
def test_a_link_that_is_no_good_answers_as_one_that_never_was(end, kind, ask, parent, somebody, sign_in):
    link, browser, now = ask(parent, kind, somebody.email), sign_in(somebody), timezone.now()
    assert browser.get(link).status_code == 200
    code = str(Invitation.objects.get().code)
    if end == "expired":
        now += dt.timedelta(days=7, minutes=1)
    elif end == "cancelled":
        assert sign_in(parent).post(reverse("invitation_cancel", args=[code])).status_code == 302
    elif end == "replaced":
        second = ask(parent, kind, somebody.email)
    else:
        other = str(uuid.uuid4())
        link = {"tampered": link.replace(code, other), "unsigned": f"/invitations/{code}/"}.get(end, f"{link[:-9]}/")
    before = kept()
    with time_machine.travel(now, tick=False):
        answers = [browser.get(link), browser.post(link), browser.get(reverse("invitation", args=["nothing"]))]
        assert len({body(response) for response in answers}) == 1
    assert kept() == before
    assert end != "replaced" or browser.post(second).status_code == 302


@each_kind
def test_who_is_signed_in_as_somebody_else_is_refused_and_nothing_changes(kind, ask, parent, somebody, sign_in):
    link, browser = ask(parent, kind, NEW), sign_in(somebody)
    before = kept()
    page = text(browser, "invitation", link.split("/")[2])
    assert "another address" in page
    assert not [one for one in (f'action="{link}"', parent.email, NEW) if one in page]
    assert browser.post(link).status_code == 409
    assert kept() == before


@pytest.mark.parametrize("kind", ["parent", "recorder"])
def test_a_parent_of_the_family_cannot_be_asked_in_again(kind, ask, parent, co_parent, sign_in):
    link, browser = ask(parent, kind, co_parent.email), sign_in(co_parent)
    before = kept()
    assert browser.post(link).status_code == 409
    assert kept() == before


@each_kind
def test_nobody_invites_themselves(kind, ask, parent, parents, child, mailoutbox):
    name, args = ("share_new", []) if kind == "therapist" else ("family_invite", [child.family.code])
    before = kept()
    response = parents.post(reverse(name, args=args), {"email": parent.email.upper(), "kind": kind, "send": "1"})
    assert response.context["form"].errors["email"] == ["That is your own address."]
    assert (response.status_code, kept(), mailoutbox) == (422, before, [])
    link = ask(parent, kind, NEW)
    User.objects.filter(pk=parent.pk).update(email=NEW)
    before = kept()
    assert parents.post(link).status_code == 409
    assert kept() == before


def test_who_signs_up_through_the_link_need_not_prove_the_address_again(ask, parent, child, mailoutbox):
    link, browser = ask(parent, "recorder", NEW), Client()
    mailoutbox.clear()
    to = re.search(r'href="(/accounts/signup/[^"]+)"', html.unescape(browser.get(link).content.decode())).group(1)
    response = browser.post(to, SIGN_UP | {"email": NEW})
    assert (response.status_code, response.headers["Location"], mailoutbox) == (302, link, [])
    assert browser.post(link).status_code == 302
    assert place(User.objects.get(email=NEW), child).invited_by == parent


@pytest.mark.parametrize("opened", [False, True], ids=["without a link", "having opened a link for another one"])
def test_any_other_address_has_to_be_proved(opened, ask, parent, mailoutbox):
    link, browser = ask(parent, "recorder", NEW), Client()
    if opened:
        browser.get(link)
    mailoutbox.clear()
    browser.post(reverse("account_signup"), SIGN_UP | {"email": "another@example.org"})
    assert [mail.to for mail in mailoutbox] == [["another@example.org"]]
    assert User.objects.exclude(pk=parent.pk).get().email == "another@example.org"


@each_kind
def test_the_mail_tells_nothing_of_who_has_an_account_and_names_no_child(
    kind, ask, parent, stranger, child, mailoutbox
):
    """A parent of another family, a therapist who reads for that family, and an address nobody has."""
    reader = User.objects.create_user("reader@example.org")
    give_share(reader, stranger, Child.objects.get(family__caregivers__user=stranger))
    links = [ask(parent, kind, email) for email in (stranger.email, reader.email, "nobody@example.org")]
    sent = zip(mailoutbox, links, strict=True)
    mails = {(mail.subject, mail.from_email, mail.body.replace(link, "")) for mail, link in sent}
    assert len(mails) == 1
    subject, _, said = mails.pop()
    assert parent.email in said
    assert not [one for one in (CHILD, str(child.code), str(child.family.code)) if one in subject + said]


def test_an_invitation_is_its_senders_own_to_see_and_to_take_back(ask, parent, co_parent, recorder, stranger, sign_in):
    ask(parent, "recorder", NEW)
    found = Invitation.objects.get()
    for user in (co_parent, recorder, stranger):
        assert NEW not in text(sign_in(user), "family")
        assert sign_in(user).post(reverse("invitation_cancel", args=[found.code])).status_code == 404
    assert NEW in text(sign_in(parent), "family")
    assert Invitation.objects.get().answered_at is None


@each_end
@pytest.mark.parametrize("kind", ["parent", "recorder"])
def test_an_invitation_ends_with_the_place_of_who_sent_it(kind, how, ask, parent, co_parent, child, somebody, sign_in):
    link, browser = ask(co_parent, kind, somebody.email), sign_in(somebody)
    go(how, co_parent, parent, child, sign_in)
    before = kept()
    assert browser.post(link).status_code == 404
    assert kept() == before


# Recorders


def test_what_a_recorder_logs_is_the_parents_who_asked_them_in(recorder, parent, co_parent, form, sign_in):
    assert sign_in(recorder).post(reverse("moment_new"), form).status_code == 302
    moment = Moment.objects.get()
    assert (moment.author, moment.owner) == (recorder, parent)
    answers = [sign_in(user).get(reverse("moment", args=[moment.code])) for user in (recorder, parent, co_parent)]
    assert [response.status_code for response in answers] == [200, 200, 404]


def test_a_recorder_reads_only_what_they_logged(recorder, parent, co_parent, child, somebody, sign_in):
    Caregiver.objects.create(user=somebody, family=child.family, role="recorder", invited_by=parent)
    own = log(recorder, child, "hid", words="by the lighthouse")
    others = [log(user, child, "hid", words="by the lighthouse") for user in (parent, co_parent, somebody)]
    Moment.objects.update(with_parents="yes", with_parents_at=timezone.now())
    browser = sign_in(recorder)
    assert listed(browser) == listed(browser, search="lighthouse", signals="hid") == {str(own.code)}
    home = text(browser, "home")
    assert str(own.code) in home and not [other for other in others if str(other.code) in home]
    assert {browser.get(reverse("moment", args=[other.code])).status_code for other in others} == {404}


@pytest.mark.parametrize("end", ["removed", "left", "asked over by the other parent"])
def test_a_recorder_who_stops_keeps_nothing_and_the_parent_keeps_it_all(
    end, ask, recorder, parent, co_parent, child, sign_in
):
    moment, deleted = log(recorder, child, "pushed_away"), log(recorder, child, "hid")
    moments.delete(deleted, by=recorder)
    browser, item = sign_in(recorder), SuggestionItem.objects.filter(suggestion__moment=moment)[0]
    assert listed(browser) == {str(moment.code)}
    if end == "removed":
        assert sign_in(parent).post(reverse("family_remove", args=[recorder.code])).status_code == 302
    elif end == "left":
        assert browser.post(reverse("family_leave", args=[child.family.code])).status_code == 302
    else:
        assert browser.post(ask(co_parent, "recorder", recorder.email)).status_code == 302
        assert log(recorder, child, "hid").owner == co_parent
    assert str(moment.code) not in listed(browser)
    before = kept()
    asked = {"moment": moment, "moment_deleted": deleted, "moment_restore": deleted, "suggestion_feedback": item}
    for name, row in (asked | dict.fromkeys(ON_A_MOMENT, moment)).items():
        path = reverse(name, args=[row.code])
        answers = {browser.get(path).status_code, browser.post(path, ON_A_MOMENT.get(name)).status_code}
        assert answers <= {404, 405}, name
    assert kept() == before
    assert listed(sign_in(parent)) == {str(moment.code)}
    assert set(Moment.objects.filter(owner=parent).values_list("pk", "author")) == {
        (row.pk, recorder.pk) for row in (moment, deleted)
    }


def test_a_recorder_meets_nobody_else_and_is_offered_nothing_that_is_refused(
    recorder, parent, co_parent, somebody, child, share, sign_in
):
    Caregiver.objects.create(user=somebody, family=child.family, role="recorder", invited_by=parent)
    moment, browser = log(recorder, child, "pushed_away", words=WORDS), sign_in(recorder)
    review.comment(share, moment, "You stayed by the door.")
    review.opened(share, moment)
    private = ("You stayed by the door.", "Who else reads this", "Read by", share.therapist.email, "/parents/")
    own = text(sign_in(parent), "moment", moment.code)
    assert not [one for one in private if one not in own]
    paths = [reverse(name) for name in ("home", "timeline", "family", "account", "sharing", "readings")]
    paths.append(reverse("moment", args=[moment.code]))
    seen = " ".join(browser.get(path).content.decode() for path in paths)
    assert not [one for one in (*private, co_parent.email, somebody.email, "/keep-back/") if one in seen]
    assert refused(browser, *paths) == []


def test_a_recorder_decides_about_nothing(recorder, parent, child, co_parent, share, sign_in):
    moment, browser = log(recorder, child, "pushed_away"), sign_in(recorder)
    before = kept()
    asked = {
        ("family_invite", child.family.code): 403, ("family_default", child.code): 403,
        ("moment_keep_back", moment.code): 403, ("moment_parents", moment.code): 403, ("child_edit", child.code): 403,
        ("family_remove", parent.code): 404, ("family_remove", co_parent.code): 404,
        ("share_change", share.code): 404, ("share_stop", share.code): 404,
    }  # fmt: skip
    for (name, code), status in asked.items():
        sent = {"share": "on", "kept_back": "on", "with_parents": "yes", "name": "X", "email": NEW, "kind": "parent"}
        assert browser.post(reverse(name, args=[code]), sent).status_code == status, name
    answer = browser.post(reverse("share_new"), {"email": NEW, "child": str(child.code), "send": "1"})
    assert answer.context["form"].errors["child"] == ["Please choose one of your children."]
    assert kept() == before


@pytest.mark.parametrize("own", [True, False], ids=["their own moment", "a moment logged for somebody"])
def test_no_moment_moves_between_a_recorders_own_family_and_one_they_log_for(own, recorder, child, form, sign_in):
    theirs = families.add_child(by=recorder, name="Wendeline")
    moment, to = (log(recorder, theirs, "hid"), child) if own else (log(recorder, child, "hid"), theirs)
    moved = sign_in(recorder).post(reverse("moment_edit", args=[moment.code]), form | {"child": str(to.code)})
    assert moved.status_code == 422 and "child" in moved.context["form"].errors
    assert Moment.objects.get().child == moment.child


def test_what_its_owner_deleted_a_recorder_cannot_bring_back(recorder, parent, child, sign_in):
    gone, browser = log(recorder, child, "hid"), sign_in(recorder)
    assert sign_in(parent).post(reverse("moment_delete", args=[gone.code])).status_code == 302
    assert browser.get(reverse("moment_deleted", args=[gone.code])).status_code == 404
    assert browser.post(reverse("moment_restore", args=[gone.code])).status_code == 404
    assert sign_in(parent).post(reverse("moment_restore", args=[gone.code])).status_code == 302
    assert browser.post(reverse("moment_delete", args=[gone.code])).status_code == 302
    assert browser.post(reverse("moment_restore", args=[gone.code])).status_code == 302


def test_who_typed_for_one_parent_and_became_a_parent_by_the_other_reads_and_changes_nothing_more(
    ask, recorder, parent, co_parent, child, sign_in
):
    typed, browser = log(recorder, child, "hid", words=WORDS), sign_in(recorder)
    assert browser.post(ask(co_parent, "parent", recorder.email)).status_code == 302
    assert place(recorder, child).role == Caregiver.Role.PARENT
    assert str(typed.code) not in listed(browser)
    sharing.switch_parents(typed, by=parent, answer=Moment.WithParents.YES)
    assert str(typed.code) in listed(browser)
    before = kept()
    for name, sent in ON_A_MOMENT.items():
        assert browser.post(reverse(name, args=[typed.code]), sent).status_code == 403, name
    assert kept() == before


# The other parent


def test_the_other_parent_reads_what_is_logged_of_a_child_from_when_it_was_switched_on(
    parent, parents, co_parent, child, sign_in
):
    sibling, browser = families.add_child(by=parent, name="Wendeline"), sign_in(co_parent)
    switch = reverse("family_default", args=[child.code])
    closed = [log(parent, child, "hid"), log(parent, sibling, "hid")]
    assert listed(browser) == set()
    assert parents.post(switch, {"share": "on"}).status_code == 302
    closed.append(log(parent, sibling, "hid"))
    opened, theirs = log(parent, child, "hid"), log(co_parent, child, "hid")
    assert listed(browser) == {str(opened.code), str(theirs.code)}
    assert {browser.get(reverse("moment", args=[row.code])).status_code for row in closed} == {404}
    assert str(theirs.code) not in listed(parents)
    parents.post(switch, {"share": "off"})
    assert browser.get(reverse("moment", args=[opened.code])).status_code == 404
    parents.post(switch, {"share": "on"})
    assert listed(browser) == {str(theirs.code)}


@pytest.mark.parametrize("default", [False, True])
def test_the_switch_of_a_moment_wins_over_the_default(default, parents, parent, co_parent, child, sign_in):
    families.share_by_default(child, by=parent, on=default)
    moment, browser = log(parent, child, "hid"), sign_in(co_parent)
    for answer, reads in (("yes", True), ("no", False), ("", default)):
        assert parents.post(reverse("moment_parents", args=[moment.code]), {"with_parents": answer}).status_code == 302
        assert browser.get(reverse("moment", args=[moment.code])).status_code == (200 if reads else 404)
        said = "The other parent can read this moment" in text(parents, "moment", moment.code)
        assert (listed(browser) == {str(moment.code)}) == said == reads


NOT_BY_DEFAULT = [
    {"signals": "hurt_self"}, {"words": "He says he wants to die."}, {"words": "She flinched when I came near."},
    {"safe_answer": "not_sure"}, {"words": "Her dad shouted at her."}, {"felt": "My husband scares me a little."},
    {"own_chips": [], "new_chip": "after a day with grandma"}, {"words": "Мой муж накричал на неё."},
]  # fmt: skip


@pytest.mark.parametrize("told", NOT_BY_DEFAULT)
def test_the_default_never_covers_a_risk_a_soft_check_or_another_grown_up(
    told, parent, parents, co_parent, child, by_default, sign_in
):
    moment, browser = log(parent, child, "hid"), sign_in(co_parent)
    assert listed(browser) == {str(moment.code)}
    if "signals" in told:
        told = {"signals": Signal.objects.filter(slug=told["signals"])}
    moments.revise(moment, by=parent, **told)
    assert listed(browser) == set()
    assert browser.get(reverse("moment", args=[moment.code])).status_code == 404
    assert "so it is never shared by itself" in text(parents, "moment", moment.code)
    parents.post(reverse("moment_parents", args=[moment.code]), {"with_parents": "yes"})
    assert listed(browser) == {str(moment.code)}
    assert browser.get(reverse("moment", args=[moment.code])).status_code == 200


def test_the_default_never_covers_what_could_not_be_judged(co_parent, by_default, sign_in, parents, form, monkeypatch):
    monkeypatch.setattr("journal.moments.safety.judge", lambda *_, **__: 1 / 0)
    parents.raise_request_exception = False
    parents.post(reverse("moment_new"), form | {"words": "He says he wants to die."})
    assert Moment.objects.count() == 1
    assert listed(sign_in(co_parent)) == set()


GROWN_UPS = """
My husband shouted at her.|Mum's new boyfriend was there.|His father’s house again.|My ex had her all weekend.|The
sitter phoned me.|After contact with his birth mother he ran off.|Grandad said she was rude.|DH shouted at her
again.|MIL came round and took over.|My sister looked after her.|The social worker came.|Her key worker at nursery
held her.|Tom shouted at her when he came home.|Mein Mann hat sie angeschrien.|Mein Mann hat sie angeschrien und dann
ist sie in ihr Zimmer gerannt.|Mi marido le gritó.|Mon mari a crié.|爸爸骂了她。|زوجي صرخ عليها|הסבתא צעקה
"""


@pytest.mark.parametrize("words", " ".join(GROWN_UPS.split()).split("|"))
def test_words_about_another_grown_up_are_noticed_in_any_language(words):
    assert grownups.names_somebody([words]) and grownups.names_somebody(["", "She ran off at the park.", words])


def test_words_about_the_child_alone_are_not_taken_for_another_grown_up():
    """A false alarm costs a tap; were every text one, the default would share nothing."""
    assert not grownups.names_somebody(["", "She ran off at the park.", "He would not be hugged at bedtime."])


@pytest.fixture
def told(parent: User, co_parent: User, child: Child, own_chip: OwnChip, share: Share) -> Moment:
    """A moment with everything that can stand with one, which the other parent may read."""
    families.change_child(child, by=parent, hard_place="yes")
    recommending.recommend(share, **ADVICE, signals=Signal.objects.filter(slug="pushed_away"))
    made = log(parent, child, "pushed_away", "hurt_self", words=WORDS, own_chips=[own_chip])
    more = {"intensity": "great", "ended": "faded", "felt": "I felt small.", "for_therapy": True}
    moments.revise(made, by=parent, attempts={"gave_space": "harder"}, **more)
    item = SuggestionItem.objects.filter(suggestion__moment=made, wording__passage__isnull=False).last()
    moments.give_feedback(item, by=parent, feedback="helped")
    review.comment(share, made, "You stayed by the door.")
    review.opened(share, made)
    sharing.switch_parents(made, by=parent, answer="yes")
    return made


def test_the_other_parent_sees_chips_answers_and_words_and_nothing_else(
    told, parents, parent, co_parent, own_chip, share, sign_in
):
    own, other = text(parents, "moment", told.code), text(sign_in(co_parent), "moment", told.code)
    answers = ("I felt small.", "As big as it gets", "It faded", "Gave them space", "Made it harder")
    assert not [one for one in (*answers, "Hurt themselves", own_chip.label) if one not in other]
    items = SuggestionItem.objects.filter(suggestion=told.suggestions.last(), wording__isnull=False)
    private = {
        ADVICE["text"], "From your therapist", "You stayed by the door.", share.therapist.email, "Why this one:",
        "Something to keep an eye on", "Nobody is reading this now", "tel:", "Noted: this helped",
        "Who else reads this", "Read by", "had a hard start", *items.values_list("wording__text", flat=True),
    }  # fmt: skip
    assert [one for one in private if one not in own] == []
    assert [one for one in private if one in other] == []
    assert "What you wrote" not in other and other.count(WORDS) == 1


def test_the_other_parents_timeline_holds_what_is_shared_and_no_more(told, parent, co_parent, child, sign_in):
    log(parent, child, "pushed_away", words=WORDS)
    browser, shared, here = sign_in(co_parent), {str(told.code)}, str(child.code)
    for query in ({}, {"search": "zebra"}, {"search": "small"}, {"signals": "pushed_away"}, {"child": here}):
        assert listed(browser, **query) == shared, query
    page = text(browser, "timeline")
    assert "Hurt themselves" in page and "from the other parent" in page
    assert WORDS not in page and str(told.code) not in text(browser, "home")
    assert "To talk about in therapy" not in page


def test_the_other_parent_changes_nothing(told, co_parent, sign_in):
    browser, item = sign_in(co_parent), SuggestionItem.objects.filter(suggestion__moment=told)[0]
    before = kept()
    for name, sent in ON_A_MOMENT.items():
        assert browser.post(reverse(name, args=[told.code]), sent).status_code == 403, name
    assert browser.post(reverse("moment_restore", args=[told.code])).status_code == 404
    assert browser.post(reverse("suggestion_feedback", args=[item.code]), {"feedback": "not_us"}).status_code == 404
    assert kept() == before


def test_what_the_page_says_of_the_other_parent_is_what_the_rule_does(parent, child, co_parent, stranger):
    """Every switch, note and default, whoever is there and since when; both are parents of another family as well."""
    now, hour = timezone.now(), dt.timedelta(hours=1)
    names = ("with_parents", "risk_level", "soft_check", "names_somebody")
    made = {"author": parent, "owner": parent, "child": child, "when": "date", "happened_at": now, "zone": "UTC"}
    for noted in itertools.product(("", "yes", "no"), ("none", "concern"), (False, True), (False, True)):
        at = now - hour if noted[0] else None
        Moment.objects.create(**made, with_parents_at=at, **dict(zip(names, noted, strict=True)))
    elsewhere = stranger.places.get().family
    Caregiver.objects.bulk_create(Caregiver(user=user, family=elsewhere) for user in (parent, co_parent))
    both, early, late = ("parent", "parent"), now - 2 * hour, now + 2 * hour
    places = [(both, early), (both, late), *((roles, early) for roles in (("parent", "recorder"), ("parent", None)))]
    defaults = {None: False, now - hour: True, now + hour: False}
    for (roles, came), (since, covers) in itertools.product([*places, ((None, "parent"), early)], defaults.items()):
        Caregiver.objects.filter(family=child.family).delete()
        for user, by, role in ((parent, co_parent, roles[0]), (co_parent, parent, roles[1])):
            if role:
                Caregiver.objects.create(user=user, family=child.family, role=role, invited_by=by)
        Caregiver.objects.filter(user=co_parent).update(created_at=came)
        Bond.objects.update_or_create(user=parent, child=child, defaults={"for_parents_since": since})
        read = set(access.moments_of_other_parents(co_parent).values_list("pk", flat=True))
        for moment in Moment.objects.select_related("child"):
            switch, *notes = (getattr(moment, name) for name in names)
            opened = switch == "yes" or (covers and [switch, *notes] == ["", "none", False, False])
            reads = opened and (roles, came) == (both, early)
            said = sharing.readers_of(moment).other_parent_reads
            assert (moment.pk in read, said) == (reads, reads), (roles, came, since, switch, notes)


def test_a_childs_history_is_each_caregivers_own(parent, parents, co_parent, recorder, child, sign_in):
    def guidance(user: User) -> list[object]:
        shown = Suggestion.objects.get(moment=log(user, child, "pushed_away", "refused_comfort"))
        return [shown.history, *((item.wording_id, item.reasons) for item in shown.items.order_by("position"))]

    others, browser = (co_parent, recorder), sign_in(co_parent)
    before, own = guidance(parent), [guidance(user) for user in others]
    page = text(browser, "child_edit", child.code)
    path = reverse("moment_history", args=[Moment.objects.get(author=parent).code])
    assert parents.post(path, {"hard_place": "yes"}).status_code == 302
    assert guidance(parent) != before and [guidance(user) for user in others] == own
    assert text(browser, "child_edit", child.code) == page != text(parents, "child_edit", child.code)
    theirs = Moment.objects.filter(author=co_parent)[0]
    assert "Two questions, asked once" in text(browser, "moment", theirs.code)


# Leaving and removing


@each_end
def test_when_a_parent_goes_nothing_changes_hands_and_nobody_is_told(
    how, parent, co_parent, recorder, somebody, child, sign_in, mailoutbox, django_capture_on_commit_callbacks
):
    Caregiver.objects.create(user=somebody, family=child.family, role="recorder", invited_by=co_parent)
    for user in (parent, co_parent, recorder, somebody):
        log(user, child, "hid")
    held = kept()["journal.Moment"]
    names = ["home", "timeline", "sharing", "account", *(["readings"] if how == "leaves" else [])]
    browsers = [sign_in(user) for user in (parent, recorder)]
    before = [text(browser, name) for browser in browsers for name in names]
    with django_capture_on_commit_callbacks(execute=True) as jobs:
        go(how, co_parent, parent, child, sign_in)
    assert (jobs, mailoutbox, kept()["journal.Moment"]) == ([], [], held)
    assert [text(browser, name) for browser in browsers for name in names] == before
    assert place(recorder, child) and place(somebody, child) is None


@each_end
def test_who_has_gone_still_reads_changes_and_shares_what_is_theirs(how, parent, co_parent, child, somebody, sign_in):
    own, theirs = log(co_parent, child, "pushed_away", words=WORDS), log(parent, child, "hid")
    sharing.switch_parents(theirs, by=parent, answer="yes")
    second_factor(somebody)
    share = give_share(somebody, co_parent, child)
    browser = sign_in(co_parent)
    assert listed(browser) == {str(own.code), str(theirs.code)}
    go(how, co_parent, parent, child, sign_in)
    assert listed(browser) == {str(own.code)}
    assert browser.get(reverse("moment", args=[theirs.code])).status_code == 404
    edit = {"child": str(child.code), "signals": "hid", "when": "just_now", "client_key": str(own.client_key)}
    assert browser.post(reverse("moment_edit", args=[own.code]), edit).status_code == 302
    assert browser.post(reverse("moment_more", args=[own.code]), {"words": "Written later."}).status_code == 302
    assert "Written later." in text(sign_in(somebody), "shared_moment", share.code, own.code)
    assert browser.post(reverse("share_renew", args=[share.code])).status_code == 302
    paths = [reverse(name) for name in ("timeline", "account", "sharing")]
    assert refused(browser, *paths, reverse("moment", args=[own.code])) == []


@each_end
@pytest.mark.parametrize("gone", ["who shares", "who reads"])
def test_the_default_ends_when_either_goes_and_does_not_come_back_with_them(
    gone, how, ask, parent, co_parent, child, by_default, sign_in
):
    log(parent, child, "hid")
    who, stays = (parent, co_parent) if gone == "who shares" else (co_parent, parent)
    assert access.moments_of_other_parents(co_parent).count() == 1
    go(how, who, stays, child, sign_in)
    assert access.moments_of_other_parents(co_parent).count() == 0
    assert sign_in(who).post(ask(stays, "parent", who.email)).status_code == 302
    log(parent, child, "hid")
    assert place(who, child) and access.moments_of_other_parents(co_parent).count() == 0


@pytest.mark.parametrize("switch", ["of the child", "of the moment"])
def test_a_parent_who_is_asked_in_later_reads_nothing_that_was_opened_for_another(
    switch, ask, parent, co_parent, child, somebody, sign_in
):
    families.share_by_default(child, by=parent, on=switch == "of the child")
    moment = log(parent, child, "hid")
    sharing.switch_parents(moment, by=parent, answer="yes" if switch == "of the moment" else "")
    assert listed(sign_in(co_parent)) == {str(moment.code)}
    go("leaves", co_parent, parent, child, sign_in)
    assert sign_in(somebody).post(ask(parent, "parent", somebody.email)).status_code == 302
    reader, browser = sign_in(somebody), sign_in(parent)
    assert listed(reader) == set()
    assert "may be read by the other parent" not in text(browser, "family")
    assert "The other parent does not see this moment." in text(browser, "moment", moment.code)
    browser.post(reverse("family_default", args=[child.code]), {"share": "on"})
    browser.post(reverse("moment_parents", args=[moment.code]), {"with_parents": "yes"})
    later = log(parent, child, "hid")
    assert listed(reader) == {str(moment.code), str(later.code)}


def test_the_only_parent_cannot_leave(parents, recorder, child):
    before = kept()
    response = parents.post(reverse("family_leave", args=[child.family.code]), follow=True)
    assert "You are the only parent here" in response.content.decode()
    assert kept() == before


def test_a_parent_removes_only_whom_they_asked_in(parent, co_parent, recorder, child, sign_in):
    browser = sign_in(co_parent)
    for user in (parent, recorder):
        assert browser.post(reverse("family_remove", args=[user.code])).status_code == 404
        assert place(user, child)
    assert recorder.email not in text(browser, "family")


# Separated parents: two families, two rows for the same child, and one therapist who reads both


@pytest.fixture(params=["the one", "the other"])
def apart(request, parent: User, child: Child, stranger: User, share: Share) -> list[SimpleNamespace]:
    """Each parent with their own row of the child and what they let the same therapist read; either way round."""
    theirs = Child.objects.get(family__caregivers__user=stranger)
    families.change_child(theirs, by=stranger, name=CHILD)
    sides = [
        SimpleNamespace(user=parent, child=child, share=share),
        SimpleNamespace(user=stranger, child=theirs, share=give_share(share.therapist, stranger, theirs)),
    ]
    return sides if request.param == "the one" else sides[::-1]


def test_whatever_one_parent_and_the_therapist_do_no_page_of_the_other_changes(apart, sign_in, ask, somebody):
    """No count, receipt, comment, recommendation, invitation or end of a share is to be noticed."""
    one, other = apart
    own = log(other.user, other.child, "pushed_away", words=WORDS)
    browser, practice = sign_in(other.user), sign_in(one.share.therapist)
    addresses = [[name] for name in "home timeline sharing readings family share_new".split()]
    addresses += [[name, other.share.code] for name in ("share_look", "share_look_brief", "share_change")]
    addresses += [["moment", own.code], ["child_edit", other.child.code]]
    before = [text(browser, *address) for address in addresses]
    families.change_child(one.child, by=one.user, hard_place="yes", born_on=dt.date(2020, 5, 1))
    moment = log(one.user, one.child, "pushed_away", "hurt_self", words="Yesterday at the other house.", days_ago=1)
    for name in ("shared_timeline", "brief"):
        assert text(practice, name, one.share.code)
    assert text(practice, "shared_moment", one.share.code, moment.code)
    review.comment(one.share, moment, "You stayed by the door.")
    review.meet(one.share, timezone.localdate())
    recommending.set_stance(one.share, "closer")
    recommending.recommend(one.share, kind="pin", passage=Passage.objects.get(slug="comfort-1"))
    ask(one.user, "therapist", one.share.therapist.email)
    assert sign_in(somebody).post(ask(one.user, "parent", somebody.email)).status_code == 302
    moments.look(own)
    sharing.revoke(one.share, by=one.user)
    after = [text(browser, *address) for address in addresses]
    assert [address for address, *pages in zip(addresses, before, after, strict=True) if pages[0] != pages[1]] == []
    assert not [page for page in after if one.user.email in page or "the other house" in page]


def test_what_is_recommended_for_one_row_of_the_child_never_comes_with_the_other(apart):
    one, other = apart

    def shown(side: SimpleNamespace) -> list[tuple]:
        items = SuggestionItem.objects.filter(suggestion__moment=log(side.user, side.child, "pushed_away"))
        return list(items.order_by("position").values_list("wording", "recommendation"))

    before = shown(other)
    written = recommending.recommend(one.share, **ADVICE, signals=Signal.objects.filter(slug="pushed_away"))
    recommending.recommend(one.share, kind="hide", passage=Passage.objects.get(current=before[0][0]))
    recommending.set_stance(one.share, "closer")
    assert shown(other) == before
    mine = shown(one)
    assert (None, written.pk) in mine and before[0] not in mine


def test_asking_in_the_therapist_of_the_other_shows_as_asking_in_any(apart, ask, somebody, sign_in):
    one, _ = apart
    asked = (one.share.therapist, somebody)
    one.share.delete()
    browser, links = sign_in(one.user), {user: ask(one.user, "therapist", user.email) for user in asked}

    def alike(pattern: str, name: str) -> bool:
        parts = re.findall(pattern, text(browser, name), re.S)
        seen = [[part.replace(user.email, "") for part in parts if user.email in part] for user in asked]
        known, unknown = [[re.sub(r"[0-9a-f-]{36}|\d\d:\d\d", "", part) for part in found] for found in seen]
        return known == unknown != []

    assert alike(r'<form class="card".*?</form>', "sharing")
    for user, link in links.items():
        assert sign_in(user).post(link).headers["Location"] == reverse("caseload")
    assert alike(r'<article class="card.*?</article>', "sharing") and alike(r"<tr role.*?</tr>", "readings")


def test_a_code_of_the_other_family_answers_as_one_that_never_was(apart, recorder, sign_in):
    one, other = apart
    Caregiver.objects.filter(user=recorder).update(family=other.child.family, invited_by=other.user)
    sent = invitations.invite_caregiver(by=other.user, family=other.child.family, email=NEW, kind="parent")
    moment, browser = log(other.user, other.child, "hid"), sign_in(one.user)
    codes = {
        "family_invite": other.child.family, "family_leave": other.child.family, "family_default": other.child,
        "child_edit": other.child, "family_remove": recorder, "invitation_cancel": sent, "moment": moment,
        **dict.fromkeys(ON_A_MOMENT, moment), "share_look_moment": moment,
        **dict.fromkeys(("share_change", "share_renew", "share_stop", "share_look", "share_look_brief"), other.share),
    }  # fmt: skip
    before, compared = kept(), 0
    for (name, row), method in itertools.product(codes.items(), ("get", "post")):
        own = [one.share.code] if name == "share_look_moment" else []
        paths = [reverse(name, args=[*own, code]) for code in (row.code, uuid.uuid4())]
        foreign, missing = (getattr(browser, method)(path, ON_A_MOMENT.get(name)) for path in paths)
        if foreign.status_code != 405:
            assert body(foreign) == body(missing), f"{method} {name}"
            compared += 1
    assert compared > len(codes)
    assert kept() == before


def test_a_form_refuses_the_other_row_of_the_child_as_one_that_never_was(apart, form, sign_in):
    one, other = apart
    browser = sign_in(one.user)
    pages = {"moment_new": form, "share_new": {"email": NEW, "send": "1"}, "timeline": {}}
    for name, sent in pages.items():
        send = browser.get if name == "timeline" else browser.post
        for code in (other.child.code, uuid.uuid4()):
            response = send(reverse(name), sent | {"child": str(code)})
            assert response.context["form"].errors["child"] == ["Please choose one of your children."], name
            assert other.user.email not in response.content.decode()


# Help


@pytest.mark.parametrize("person", ["anonymous", "parent", "co_parent", "recorder", "therapist"])
def test_opening_help_lines_leaves_no_row_anywhere(person, cast, sign_in):
    browser = sign_in(cast[person])
    before = rows()
    assert HelpLine.objects.filter(country="NZ")[0].name in text(browser, "help_lines", country="NZ")
    assert text(browser, "help_lines") and text(browser, "lose_it")
    assert rows() == before
