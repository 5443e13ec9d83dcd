"""Who comes to the desk and what is told there: its doors, its front page, appointing, and help lines."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from guidance import curation
from guidance.browse import lines_for
from guidance.models import BenchCase, HelpLine, Passage, Signal, Wording
from guidance.safety import kinds
from journal.models import Audit, Child, Moment, User
from tests.conftest import log, text_of
from tests.test_access import names

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
DANGER = "He said he wants to die and he has taken a lot of pills."
LINES = "admin:guidance_helpline_changelist"
SignIn = Callable[[User | None], Client]


@pytest.fixture
def desk(curator: User, sign_in: SignIn) -> Client:
    return sign_in(curator)


def front(client: Client) -> dict[str, tuple[int, str]]:
    """What waits, by the words for it: how many, and where."""
    answer = client.get(reverse("admin:index"))
    waiting = answer.context["front"]["waiting"]
    assert all(f"{one.what}: {one.count}" in answer.text for one in waiting)
    return {one.what: (one.count, one.path) for one in waiting}


# Doors


def addresses() -> list[str]:
    """Every address of the desk, each of a row that is there."""
    rows = {
        "passage": Passage.objects.first(), "signal": Signal.objects.get(slug="pushed_away"),
        "wording": Wording.objects.first(), "helpline": HelpLine.objects.first(),
    }  # fmt: skip
    pages = [reverse(name) for name in ("admin:index", "admin:guidance_bench", "admin:guidance_coverage")]
    for name in sorted(names("admin:")):
        app, _, rest = name.removeprefix("admin:").partition("_")
        model, _, kind = rest.rpartition("_")
        if app == "guidance" and kind in ("changelist", "add") and model != "original":
            pages.append(reverse(name))
        elif app == "guidance" and kind in ("change", "history", "delete") and model in rows:
            pages.append(reverse(name, args=[rows[model].pk]))
    return pages


def test_a_curator_without_a_second_factor_is_led_to_one_from_everywhere_at_the_desk(
    curator: User, sign_in: SignIn
) -> None:
    curator.authenticator_set.all().delete()
    client, pages = sign_in(curator), addresses()
    assert len(pages) > 30
    for page in pages:
        for answer in (client.get(page), client.post(page, {"_try": "1", "post": "yes"})):
            assert (answer.status_code, answer.headers["Location"]) == (302, reverse("mfa_index")), page


@pytest.mark.parametrize("person", ["parent", "therapist"])
@pytest.mark.parametrize("where", ["admin:guidance_bench", "admin:guidance_coverage", "admin:index"])
def test_a_parent_or_therapist_gets_nothing_of_the_desk(
    person: str, where: str, parent: User, therapist: User, sign_in: SignIn
) -> None:
    client = sign_in({"parent": parent, "therapist": therapist}[person])
    for answer in (client.get(reverse(where)), client.post(reverse(where), {"words": "Zebra", "_try": "1"})):
        assert answer.status_code == 302 and answer.headers["Location"].startswith(reverse("admin:login"))


def test_no_page_of_the_desk_names_anybody_of_any_family(
    desk: Client, parent: User, moment: Moment, co_parent: User, said
) -> None:
    hidden = [
        said.words,
        said.child,
        said.chip,
        str(moment.code),
        parent.email,
        co_parent.email,
        str(moment.child.code),
    ]
    for page in addresses():
        answer = desk.get(page, follow=True)
        assert answer.status_code in (200, 403), page
        assert not [word for word in hidden if word in answer.text], page


# The front page


def test_the_front_page_counts_what_waits_for_this_curator(
    desk: Client, sign_in: SignIn, curator: User, second_curator: User
) -> None:
    shipped = Wording.objects.filter(state="in_review").count()
    first = front(desk)
    assert first.pop("Shipped texts that nobody has approved yet")[0] == shipped
    assert first.pop("Help lines that nobody has checked within six months")[0] == HelpLine.objects.count()
    assert not first
    text_of("door-1", by=curator)
    text_of("door-6", by=second_curator, state="in_review")
    approved = text_of("door-8", by=curator, state="approved", reviewer=second_curator)
    Wording.objects.filter(pk=approved.pk).update(review_by="2026-01-01")
    curation.propose_phrase(by=second_curator, level="soft", kind="suicidal_child", phrase="zebra crossing")
    told: dict = {"signals": [], "words": "", "age_months": None, "hard_place": "no"}
    told |= {"great_intensity": False, "still_going": False, "expected": [Passage.objects.get(slug="door-1")]}
    curation.keep_case(by=curator, case_name="Nothing", **told)
    waiting = front(desk)
    assert waiting["Shipped texts that nobody has approved yet"][0] == shipped - 1
    for what in ("Texts of others that wait for your review", "Texts to be read again, overdue", "Drafts of yours"):
        assert waiting[what][0] == 1
    assert waiting["Risk phrases of others that wait for your approval"][0] == 1
    assert waiting["Test cases of which something does not come"][0] == BenchCase.objects.count() == 1
    assert all(desk.get(path).status_code == 200 for _, path in waiting.values())
    others = front(sign_in(second_curator))
    assert not others.keys() & {"Texts of others that wait for your review", "Drafts of yours"}
    assert "Risk phrases of others that wait for your approval" not in others


def test_where_nothing_waits_the_front_page_says_so(desk: Client) -> None:
    Wording.objects.filter(state="in_review").update(origin="desk", state="retired")
    HelpLine.objects.update(checked_on=dt.date.today())
    assert "Nothing waits for you." in desk.get(reverse("admin:index")).text


# Appointing


def user_page(user: User) -> str:
    return reverse("admin:journal_user_change", args=[user.pk])


def test_an_administrator_makes_and_removes_a_curator(superuser: User, stranger: User, sign_in: SignIn) -> None:
    client, curators = sign_in(superuser), sign_in(stranger)
    for sent, verb, is_staff in (({"is_staff": "on"}, "appoint", True), ({}, "dismiss", False)):
        assert client.post(user_page(stranger), sent).status_code == 302
        stranger.refresh_from_db()
        assert stranger.is_staff is is_staff and stranger.has_perm("guidance.change_wording") is is_staff
        row = Audit.objects.latest("pk")
        assert (row.verb, row.who, row.concerns, row.code) == (verb, superuser, stranger, stranger.code)
        led = curators.get(reverse("admin:index"), follow=True).redirect_chain[0][0]
        assert led.startswith(reverse("mfa_index") if is_staff else reverse("admin:login"))


def test_an_administrator_changes_nothing_else_with_people(superuser: User, stranger: User, sign_in: SignIn) -> None:
    client, before = sign_in(superuser), User.objects.filter(pk=stranger.pk).values().get()
    forged = {"email": "x@example.org", "is_active": "", "is_superuser": "on", "is_therapist": "on", "password": "x"}
    assert client.post(user_page(stranger), forged).status_code == 302
    assert User.objects.filter(pk=stranger.pk).values().get() == before and not Audit.objects.filter(verb="appoint")
    for page in (reverse("admin:journal_user_add"), reverse("admin:journal_user_delete", args=[stranger.pk])):
        assert client.get(page).status_code == client.post(page, {"post": "yes"}).status_code == 403
    sent = {"action": "delete_selected", "_selected_action": [stranger.pk], "post": "yes"}
    client.post(reverse("admin:journal_user_changelist"), sent)
    assert User.objects.filter(pk=stranger.pk).exists()


def test_no_administrator_loses_their_own_desk(superuser: User, sign_in: SignIn) -> None:
    answer = sign_in(superuser).post(user_page(superuser), {})
    assert "This is an administrator, who would not get back in here." in answer.text
    superuser.refresh_from_db()
    assert superuser.is_staff and not Audit.objects.filter(verb="dismiss").exists()


def test_a_curator_has_no_page_of_accounts(desk: Client, curator: User, stranger: User) -> None:
    pages = [user_page(stranger), user_page(curator), reverse("admin:journal_user_changelist")]
    for page in [*pages, reverse("admin:journal_user_history", args=[stranger.pk])]:
        assert desk.get(page).status_code == desk.post(page, {"is_staff": "on"}).status_code == 403
    stranger.refresh_from_db()
    assert not stranger.is_staff and reverse("admin:journal_user_changelist") not in desk.get("/admin/").text


# Help lines


def line(name: str, kind: str = "crisis", days_ago: int | None = None) -> HelpLine:
    checked = None if days_ago is None else TODAY - dt.timedelta(days_ago)
    place = {"country": "GB", "kind": kind, "order": HelpLine.objects.filter(country="GB").count()}
    told = {"phone": "116 123", "source": "made up", "looked_up_on": TODAY}
    return HelpLine.objects.create(name=name, checked_on=checked, **place, **told)


@pytest.fixture
def own_lines() -> list[HelpLine]:
    """Lines of the parent's country, the unchecked ones first in the order of the file."""
    HelpLine.objects.filter(country="GB").delete()
    crisis = [
        line("Never"),
        line("Long ago", days_ago=184),
        line("Just in time", days_ago=183),
        line("Fresh", days_ago=1),
    ]
    return [*crisis, line("Emergency", "emergency")]


@time_machine.travel(NOW, tick=False)
def test_lines_that_somebody_checked_within_six_months_come_first_of_their_kind(own_lines: list[HelpLine]) -> None:
    found = [one.name for one in lines_for("GB", kinds(["suicidal_child"]))]
    assert found == ["Emergency", "Just in time", "Fresh", "Never", "Long ago"]
    HelpLine.objects.filter(name="Never").update(checked_on=TODAY)
    assert [one.name for one in lines_for("GB", kinds(["suicidal_child"]))][1] == "Never"


@time_machine.travel(NOW, tick=False)
def test_an_urgent_page_says_of_each_unchecked_line_that_it_is(
    own_lines: list[HelpLine], parent: User, child: Child, parents: Client
) -> None:
    saved = log(parent, child, words=DANGER, happened_at=NOW)
    assert saved.risk_level == "urgent"
    shown = (
        parents.get(reverse("moment", args=[saved.code])).text.partition('class="help-lines"')[2].partition("</ul>")[0]
    )
    said = {
        one.name: "(not checked lately)" in row for row in shown.split("</li>") for one in own_lines if one.name in row
    }
    assert said == {"Never": True, "Long ago": True, "Just in time": False, "Fresh": False, "Emergency": True}
    assert shown.index("Emergency") < shown.index("Fresh") < shown.index("Never")


@time_machine.travel(NOW, tick=False)
def test_lines_are_noted_as_checked_today_with_the_name(desk: Client, curator: User, own_lines: list[HelpLine]) -> None:
    def due() -> set[str]:
        found = {kind: desk.get(reverse(LINES), {"checked": kind, "country": "GB"}) for kind in ("due", "fresh")}
        names = {kind: {one.name for one in answer.context["cl"].result_list} for kind, answer in found.items()}
        assert not names["due"] & names["fresh"] and len(names["due"] | names["fresh"]) == len(own_lines)
        return names["due"]

    assert due() == {"Never", "Long ago", "Emergency"}
    chosen = [one.pk for one in own_lines if one.name in ("Never", "Emergency")]
    sent = {"action": "checked_today", "_selected_action": chosen}
    assert "noted with your name and the day" in desk.post(reverse(LINES), sent, follow=True).text
    assert due() == {"Long ago"}
    assert set(HelpLine.objects.filter(pk__in=chosen).values_list("checked_by", "checked_on")) == {(curator.pk, TODAY)}


@time_machine.travel(NOW, tick=False)
def test_a_day_typed_into_a_line_bears_the_name_of_who_typed_it(
    desk: Client, curator: User, own_lines: list[HelpLine]
) -> None:
    one = own_lines[0]
    page = reverse("admin:guidance_helpline_change", args=[one.pk])
    told = {"country": "GB", "kind": "crisis", "name": one.name, "source": "made up", "looked_up_on": "2026-03-01"}
    told |= {"order": "0", "phone": "999"}
    for day, who in (("2026-02-28", curator), ("", None)):
        answer = desk.post(page, told | {"checked_on": day, "checked_by": "999999"})
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        one.refresh_from_db()
        assert one.checked_by == who and str(one.checked_on or "") == day and one.phone == "999"
    assert escape("javascript:alert(1)") in desk.post(page, told | {"url": "javascript:alert(1)"}).text
    one.refresh_from_db()
    assert one.url == ""
