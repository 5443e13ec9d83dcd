"""The curator's verbs: a text goes from draft to approved by two people, and parents get what was approved."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from guidance import curation, shipping
from guidance.matching import Situation, load, match
from guidance.matching.load import current_library
from guidance.models import LibraryVersion, Passage, Response, RiskPhrase, Wording
from journal.models import Child, Moment, SuggestionItem, User
from tests.conftest import log, text_of

pytestmark = pytest.mark.django_db

SLUG = "door-1"
DAY = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
VERBS: dict[str, Callable] = {
    name: getattr(curation, name) for name in ("submit", "send_back", "approve", "retire", "read_again")
}
TEXT = "Sit by the door & say: “I am here.”"


def served(slug: str = SLUG) -> Wording | None:
    return Passage.objects.get(slug=slug).current


def version() -> int:
    return LibraryVersion.objects.get().number


def in_library(slug: str = SLUG) -> str | None:
    entry = current_library().by_slug.get(slug)
    return entry.text if entry else None


def everything() -> list:
    tables = (Wording, Wording.history.model)
    return [version(), served(), *(list(table.objects.order_by("pk").values()) for table in tables)]


def page(client: Client, name: str, *of: object) -> str:
    answer = client.get(reverse(name, args=of))
    assert answer.status_code == 200
    return answer.content.decode()


# Draft, review, approval


@pytest.mark.parametrize("state", ["draft", "in_review"])
def test_a_shipped_text_serves_until_another_is_approved(state: str, curator: User) -> None:
    shipped = served()
    text_of(SLUG, by=curator, state=state, text=TEXT)
    assert served() == shipped and not shipped.is_reviewed and in_library() == shipped.text


def test_an_approved_text_serves_until_the_next_one_is_approved(curator: User, second_curator: User) -> None:
    first = text_of(SLUG, by=curator, state="approved", reviewer=second_curator)
    draft = text_of(SLUG, by=second_curator, state="in_review", text=TEXT)
    assert served() == first and in_library() == first.text
    curation.approve(draft, by=curator)
    first.refresh_from_db()
    assert served() == draft and in_library() == TEXT
    assert (first.state, first.retired_by) == ("retired", curator) and first.retired_at and first.approved_at


def test_approval_reaches_the_next_moment_and_the_library_page(
    curator: User, second_curator: User, moment: Moment, suggested: SuggestionItem, parents: Client, child: Child
) -> None:
    slug = suggested.wording.passage.slug
    before = version()
    text_of(slug, by=curator, state="approved", reviewer=second_curator, text=TEXT)
    assert version() > before
    later = log(moment.author, child, "pushed_away", "refused_comfort")
    assert escape(TEXT) in page(parents, "moment", later.code)
    read = page(parents, "library_passage", slug)
    assert escape(TEXT) in read and escape(suggested.wording.text) not in read and "Not yet reviewed" not in read


def test_who_did_what_and_when_stands_with_the_text(curator: User, second_curator: User) -> None:
    with time_machine.travel(DAY, tick=False):
        text = text_of(SLUG, by=curator, state="approved", reviewer=second_curator)
    assert (text.written_by, text.submitted_by, text.approved_by) == (curator, curator, second_curator)
    assert text.written_at == text.submitted_at == text.approved_at == DAY
    assert [row.history_user for row in text.history.order_by("pk")] == [curator, curator, second_curator]


def test_a_response_goes_the_same_way(curator: User, second_curator: User) -> None:
    response = Response.objects.filter(current__isnull=False).first()
    text = curation.write(response, by=curator, title="", text=TEXT)
    curation.submit(text, by=curator)
    curation.approve(text, by=second_curator)
    response.refresh_from_db()
    assert response.current == text and current_library().responses
    assert TEXT in {entry.text for entry in current_library().responses}


def test_nobody_approves_what_they_wrote(curator: User) -> None:
    text = text_of(SLUG, by=curator, state="in_review")
    before = everything()
    with pytest.raises(curation.Refused, match="You wrote this text"):
        curation.approve(text, by=curator)
    assert everything() == before


def test_nobody_approves_what_they_once_typed_at_though_another_typed_last(
    curator: User, second_curator: User, superuser: User
) -> None:
    text = text_of(SLUG, by=curator)
    curation.rewrite(text, by=second_curator, title="A door", text=TEXT, seen=text.revision)
    curation.submit(text, by=superuser)
    for writer in (curator, second_curator):
        with pytest.raises(curation.Refused, match="You wrote this text"):
            curation.approve(text, by=writer)
    curation.approve(text, by=superuser)  # sent it to review, and typed nothing
    assert served() == text


def test_what_somebody_typed_before_it_was_sent_back_is_remembered(curator: User, second_curator: User) -> None:
    text = text_of(SLUG, by=curator, state="in_review")
    curation.send_back(text, by=second_curator)
    text.refresh_from_db()
    curation.rewrite(text, by=second_curator, title="A door", text=TEXT, seen=text.revision)
    curation.submit(text, by=second_curator)
    with pytest.raises(curation.Refused):
        curation.approve(text, by=curator)


def test_a_practice_with_one_curator_can_switch_the_second_pair_of_eyes_off(curator: User, settings) -> None:
    settings.FOUR_EYES = False
    text = text_of(SLUG, by=curator, state="approved", reviewer=curator)
    assert served() == text
    phrase = curation.propose_phrase(by=curator, level="soft", kind="suicidal_child", phrase="zebra crossing")
    curation.approve_phrase(phrase, by=curator)
    assert RiskPhrase.objects.get().state == "approved"


# Moves that are refused

ALLOWED = {
    "submit": {"draft"},
    "send_back": {"in_review"},
    "approve": {"in_review"},
    "retire": {"draft", "in_review", "approved"},
    "read_again": {"approved"},
}
WRONG = [(verb, state) for verb, states in ALLOWED.items() for state in Wording.State.values if state not in states]


@pytest.mark.parametrize(("verb", "state"), WRONG)
def test_a_move_from_another_state_changes_nothing_and_says_why(
    verb: str, state: str, curator: User, second_curator: User, superuser: User
) -> None:
    text = text_of(SLUG, by=curator, state=state, reviewer=second_curator)
    before = everything()
    with pytest.raises(curation.Refused, match=rf"It is {text.get_state_display()}( by now|already)?"):
        VERBS[verb](text, by=superuser)
    assert everything() == before


def test_a_stale_page_does_not_approve_what_was_sent_back(curator: User, second_curator: User) -> None:
    text = text_of(SLUG, by=curator, state="in_review")
    curation.send_back(Wording.objects.get(pk=text.pk), by=second_curator)
    with pytest.raises(curation.Refused, match="It is draft by now"):
        curation.approve(text, by=second_curator)
    assert served().origin == "shipped"


def test_an_empty_draft_is_not_sent_to_review(curator: User) -> None:
    text = text_of(SLUG, by=curator, text=" \n ")
    with pytest.raises(curation.Refused, match="no text yet"):
        curation.submit(text, by=curator)


def test_a_shipped_text_is_not_sent_back_to_nobody(curator: User) -> None:
    before = everything()
    with pytest.raises(curation.Refused, match="no writer here"):
        curation.send_back(served(), by=curator)
    assert everything() == before


# Two curators at once


@pytest.mark.parametrize("meanwhile", ["saved", "submitted", "approved", "retired"])
def test_what_is_typed_at_a_text_that_moved_on_is_kept_as_a_draft_of_its_own(
    meanwhile: str, curator: User, second_curator: User
) -> None:
    draft = text_of(SLUG, by=curator)
    seen = draft.revision
    if meanwhile == "saved":
        curation.rewrite(draft, by=curator, title="A door", text="The first to save.", seen=seen)
    else:
        curation.submit(draft, by=curator)
    if meanwhile in ("approved", "retired"):
        curation.approve(draft, by=second_curator)
    if meanwhile == "retired":
        curation.retire(draft, by=second_curator)
    before = Wording.objects.filter(pk=draft.pk).values().get()
    with pytest.raises(curation.Overtaken) as overtaken:
        curation.rewrite(draft, by=second_curator, title="Mine", text=TEXT, seen=seen)
    kept = Wording.objects.get(pk=overtaken.value.kept.pk)
    assert (kept.title, kept.text, kept.state, kept.written_by) == ("Mine", TEXT, "draft", second_curator)
    assert kept.pk != draft.pk and kept.of == draft.of
    assert Wording.objects.filter(pk=draft.pk).values().get() == before


def test_saving_ones_own_draft_again_makes_no_second_one(curator: User) -> None:
    draft = text_of(SLUG, by=curator)
    for text in ("Once.", "Twice."):
        draft = curation.rewrite(draft, by=curator, title="A door", text=text, seen=draft.revision)
    assert Wording.objects.filter(origin="desk").count() == 1 and draft.text == "Twice."


# Retired


def test_a_retired_text_reaches_no_parent_and_is_still_read_by_those_who_were_shown_it(
    curator: User, moment: Moment, suggested: SuggestionItem, parents: Client, child: Child
) -> None:
    wording = suggested.wording
    slug = wording.passage.slug
    curation.retire(wording, by=curator)
    later = log(moment.author, child, "pushed_away", "refused_comfort")
    assert slug not in {
        item.wording.passage and item.wording.passage.slug for item in later.suggestions.get().items.all()
    }
    assert escape(wording.text) not in page(parents, "moment", later.code)
    assert parents.get(reverse("library_passage", args=[slug])).status_code == 404
    assert escape(wording.text) in page(parents, "moment", moment.code)


def test_a_moment_keeps_the_wording_of_its_day(
    curator: User, second_curator: User, moment: Moment, suggested: SuggestionItem, parents: Client
) -> None:
    slug = suggested.wording.passage.slug
    text_of(slug, by=curator, state="approved", reviewer=second_curator, text=TEXT)
    read = page(parents, "moment", moment.code)
    assert escape(suggested.wording.text) in read and escape(TEXT) not in read


def test_a_newly_shipped_text_brings_nothing_back_that_was_retired(curator: User, own_library) -> None:
    curation.retire(served(), by=curator)
    path = next(path for path in (own_library / "passages").glob("*.toml") if f'"{SLUG}"' in path.read_text())
    old = Wording.objects.get(passage__slug=SLUG).text
    path.write_text(path.read_text().replace(old, TEXT))
    assert shipping.load_library()
    new = Wording.objects.get(passage__slug=SLUG, text=TEXT)
    assert (new.state, served(), in_library()) == ("in_review", None, None)
    curation.approve(new, by=curator)
    assert in_library() == TEXT


def test_with_everything_retired_a_match_shows_nothing_and_does_not_fail(curator: User) -> None:
    for wording in Wording.objects.filter(current_passages__isnull=False):
        curation.retire(wording, by=curator)
    assert match(Situation(frozenset({"pushed_away"})), current_library()).passages == ()


# Read again after a year


def test_an_approved_text_is_to_be_read_again_after_a_year(curator: User, second_curator: User) -> None:
    with time_machine.travel(DAY, tick=False):
        text = text_of(SLUG, by=curator, state="approved", reviewer=second_curator)
    assert text.review_by == dt.date(2027, 3, 2)
    for days, is_overdue in ((365, False), (366, True)):
        with time_machine.travel(DAY + dt.timedelta(days), tick=False):
            assert Wording.objects.filter(Wording.overdue()).exists() is is_overdue
    with time_machine.travel(DAY + dt.timedelta(400), tick=False):
        curation.read_again(text, by=curator)
        assert not Wording.objects.filter(Wording.overdue()).exists() and served() == text


def test_whoever_approves_can_say_when_it_is_to_be_read_again(curator: User, second_curator: User) -> None:
    text = text_of(SLUG, by=curator, state="in_review")
    curation.approve(text, by=second_curator, review_by=dt.date(2026, 6, 1))
    assert served().review_by == dt.date(2026, 6, 1)


# What cannot be


def test_the_database_refuses_an_approved_text_that_nobody_approved_at_any_time(curator: User) -> None:
    text = text_of(SLUG, by=curator)
    with pytest.raises(IntegrityError), transaction.atomic():
        Wording.objects.filter(pk=text.pk).update(state="approved")


@pytest.mark.parametrize(
    "odd", ["<b>still</b>", "<script>alert(1)</script>", "</p>", "<!-- x -->", "<img src=x", "<br/>", "&lt;", "&#60;x"]
)
def test_html_in_a_text_is_refused_and_named(odd: str) -> None:
    for field in ("title", "text"):
        with pytest.raises(ValidationError, match="without HTML: take out [<&]"):
            Wording._meta.get_field(field).run_validators(f"Say {odd}; and wait.")


@pytest.mark.parametrize(
    "fine", ["I <3 you", "bread & butter", "a < b > c", "5<6; or 7>6", "Tom&Ann", "AT&T", ":-< & :-&"]
)
def test_signs_that_are_no_html_are_fine(fine: str) -> None:
    Wording._meta.get_field("text").run_validators(fine)


def test_no_shipped_text_is_taken_for_html() -> None:
    for wording in Wording.objects.filter(origin="shipped"):
        wording.clean_fields()


# Every verb that parents feel raises the version


def test_what_reaches_parents_raises_the_version_and_a_draft_does_not(curator: User, second_curator: User) -> None:
    text, passage = served(), Passage.objects.get(slug=SLUG)
    phrase = curation.propose_phrase(by=curator, level="soft", kind="suicidal_child", phrase="zebra crossing")
    draft = text_of(SLUG, by=curator, state="in_review")
    felt: list[Callable] = [
        lambda: curation.approve(draft, by=second_curator),
        lambda: curation.retire(draft, by=curator),
        lambda: curation.approve(text_of(SLUG, by=curator, state="in_review"), by=second_curator),
        lambda: curation.weigh(passage, "slammed_door", by=curator, override=9.0),
        lambda: curation.weigh(passage, "slammed_door", by=curator, override=None),
        lambda: curation.approve_phrase(phrase, by=second_curator),
        lambda: curation.retire_phrase(phrase, by=second_curator),
    ]
    for number, verb in enumerate(felt):
        before = version()
        verb()
        assert version() == before + 1, number
    text.refresh_from_db()
    assert text.state == "retired"
    before = version()
    curation.send_back(text_of(SLUG, by=curator, state="in_review"), by=second_curator)
    assert version() == before


@pytest.mark.parametrize("odd", [1e9, float("nan"), float("inf"), -1.0])
def test_a_number_that_is_no_weight_is_refused(odd: float, curator: User) -> None:
    passage = Passage.objects.get(slug=SLUG)
    before = list(passage.weights.values())
    with pytest.raises(ValidationError):
        curation.weigh(passage, "slammed_door", by=curator, override=odd)
    assert list(passage.weights.values()) == before


# Nothing unreviewed, where a practice wants that


@pytest.fixture
def reviewed_only(settings) -> None:
    settings.REQUIRE_REVIEW = True
    load._kept = None


def test_where_review_is_required_nothing_unreviewed_reaches_anybody(
    reviewed_only: None, parent: User, child: Child, parents: Client
) -> None:
    shipped = served()
    library = current_library()
    assert library.passages == () == library.responses
    saved = log(parent, child, "pushed_away", "refused_comfort")
    read = page(parents, "moment", saved.code)
    assert "library is waiting to be reviewed" in read and not SuggestionItem.objects.exists()
    listed = page(parents, "library")
    assert "waiting to be reviewed" in listed and escape(shipped.title) not in listed
    assert parents.get(reverse("library_passage", args=[SLUG])).status_code == 404
    assert reverse("library_passage", args=[SLUG]) not in page(parents, "library_signal", "slammed_door")
    load._kept = None


def test_where_review_is_required_an_approved_passage_comes(
    reviewed_only: None, curator: User, parent: User, child: Child, parents: Client
) -> None:
    for wording in Wording.objects.filter(passage__slug__in=[SLUG, "door-6"]):
        curation.approve(wording, by=curator)
    assert {entry.slug for entry in current_library().passages} == {SLUG, "door-6"}
    saved = log(parent, child, "slammed_door")
    assert escape(served().text) in page(parents, "moment", saved.code)
    assert escape(served().text) in page(parents, "library_passage", SLUG)
    assert "waiting to be reviewed" in page(parents, "library")
    load._kept = None


def test_where_review_is_not_required_nothing_is_said_of_waiting(parents: Client) -> None:
    assert "waiting to be reviewed" not in page(parents, "library")
