"""The desk's pages as a curator walks them: texts written, reviewed, approved and retired; help lines; appointing."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from guidance.matching.load import current_library
from guidance.models import BenchCase, Passage, Reception, Response, Signal, Wording
from journal.models import Moment, User
from tests.conftest import text_of

pytestmark = pytest.mark.django_db

SLUG = "door-1"
TEXT = "Sit by the door & say: “I am here.”"
DAY = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
LIST = "admin:guidance_wording_changelist"


@pytest.fixture
def desk(curator: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(curator)


@pytest.fixture
def second_desk(second_curator: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(second_curator)


def served(slug: str = SLUG) -> Wording | None:
    return Passage.objects.get(slug=slug).current


def path_of(wording: Wording, kind: str = "change") -> str:
    return reverse(f"admin:guidance_wording_{kind}", args=[wording.pk])


def read(client: Client, where: str, **query: object) -> str:
    answer = client.get(reverse(where) if ":" in where else where, query)
    assert answer.status_code == 200
    return answer.content.decode()


def typed(wording: Wording | None = None, **told: object) -> dict[str, object]:
    """The form of a text as a browser sends it: of a draft, or of a new text for the passage."""
    if wording is None:
        told = {"passage": Passage.objects.get(slug=SLUG).pk, "response": "", "language": "en", "seen": "1"} | told
    else:
        told = {"seen": wording.revision} | told
    return {"title": "A closed door", "text": TEXT} | told


def press(client: Client, wording: Wording, verb: str, **told: object) -> str:
    """A button on the page of a text that is no draft, and the page it leads to."""
    answer = client.post(path_of(wording), {f"_{verb}": "1", "review_by": ""} | told, follow=True)
    assert answer.status_code == 200
    wording.refresh_from_db()
    return answer.content.decode()


def chosen(client: Client, action: str, *wordings: Wording) -> str:
    sent = {"action": action, "_selected_action": [wording.pk for wording in wordings]}
    return client.post(reverse(LIST), sent, follow=True).content.decode()


def listed(client: Client, **query: object) -> list[Wording]:
    return list(client.get(reverse(LIST), query).context["cl"].result_list)


def desk_texts() -> list[Wording]:
    return list(Wording.objects.filter(origin="desk").order_by("pk"))


# Texts from draft to parents


def test_a_text_is_written_reviewed_and_approved_by_two_curators(desk: Client, second_desk: Client) -> None:
    add = f"{reverse('admin:guidance_wording_add')}?passage={Passage.objects.get(slug=SLUG).pk}"
    assert escape(served().text) in read(desk, add)  # a new text begins as the one that serves
    desk.post(add, typed(_save="1"))
    (text,) = desk_texts()
    assert (text.state, text.written_by.email, text.text) == ("draft", "curator@example.org", TEXT)
    assert "sent to review" in desk.post(path_of(text), typed(text, text="Better.", _submit="1"), follow=True).text
    said = press(desk, text, "approve")
    assert text.state == "in_review" and "You wrote this text: somebody else approves it." in said
    said = press(second_desk, text, "approve", review_by="2031-05-04")
    assert "approved: parents get it from now on" in said
    assert served() == text and text.text == "Better." and text.review_by == dt.date(2031, 5, 4)
    assert "it stands for another year" in press(desk, text, "read_again") and text.review_by > timezone.localdate()
    assert "retired: it reaches no parent any more" in press(desk, text, "retire", _sure="yes") and served() is None
    left = read(desk, path_of(text)).partition('class="submit-row"')[2]
    assert left.count('name="_') == 1 and 'name="_bring_back"' in left


def test_a_text_can_be_written_and_sent_to_review_in_one_step(desk: Client) -> None:
    desk.post(reverse("admin:guidance_wording_add"), typed(_submit="1"))
    assert [text.state for text in desk_texts()] == ["in_review"]


def test_a_text_is_sent_back_to_its_writer(desk: Client, second_desk: Client, curator: User) -> None:
    text = text_of(SLUG, by=curator, state="in_review")
    assert "sent back to its writer" in press(second_desk, text, "send_back") and text.state == "draft"
    assert "A shipped text has no writer here" in press(desk, served(), "send_back")


def test_the_writer_finds_no_button_to_approve(desk: Client, second_desk: Client, curator: User, settings) -> None:
    text = text_of(SLUG, by=curator, state="in_review")
    mine, others = read(desk, path_of(text)), read(second_desk, path_of(text))
    assert 'name="_approve"' not in mine and "Somebody else approves it." in mine
    assert 'name="_approve"' in others and "Somebody else approves it." not in others
    settings.FOUR_EYES = False
    assert 'name="_approve"' in read(desk, path_of(text))


def test_a_draft_stands_beside_what_parents_get_with_what_changed_marked(desk: Client, curator: User) -> None:
    text = text_of(SLUG, by=curator, text=f"{served().text} And wait.")
    shown = read(desk, path_of(text))
    assert "<ins> And wait.</ins>" in shown.replace("</ins><ins>", "") and 'class="beside"' in shown
    assert "This is what parents get now." in read(desk, path_of(served()))


def test_the_history_is_readable_with_what_went_and_what_came(
    desk: Client, second_desk: Client, curator: User, second_curator: User
) -> None:
    text = text_of(SLUG, by=curator, text="Knock twice, & wait by the door until they come.")
    second_desk.post(path_of(text), typed(text, text="Knock once, & wait by the door until they come.", _submit="1"))
    shown = read(desk, path_of(text, "history"))
    assert "<del>twice,</del>" in shown and "<ins>once,</ins>" in shown and "&amp;" in shown
    assert curator.email in shown and second_curator.email in shown
    row = text.history.earliest()
    old = reverse("admin:guidance_wording_simple_history", args=[text.pk, row.pk])
    assert "Knock twice" in read(desk, old)
    desk.post(old, typed(text, text="Put back."))
    text.refresh_from_db()
    assert text.text.startswith("Knock once")


# Refused, and nothing that was typed is lost


def test_two_curators_saving_the_same_draft_both_keep_their_words(
    desk: Client, second_desk: Client, curator: User, second_curator: User
) -> None:
    text = text_of(SLUG, by=curator)
    both = typed(text)
    desk.post(path_of(text), both | {"text": "The first.", "_save": "1"})
    said = second_desk.post(path_of(text), both | {"text": "The second.", "_save": "1"}, follow=True).text
    assert "Somebody saved another text while you wrote. Yours is kept as a draft of its own" in said
    assert [(one.text, one.written_by) for one in desk_texts()] == [
        ("The first.", curator), ("The second.", second_curator),
    ]  # fmt: skip


def test_what_is_typed_at_a_text_approved_meanwhile_is_kept_as_a_draft(
    desk: Client, curator: User, second_curator: User
) -> None:
    text = text_of(SLUG, by=curator, state="approved", reviewer=second_curator)
    said = desk.post(path_of(text), typed(text, text="Too late.", _save="1"), follow=True).text
    assert "While you wrote, this text became: approved. Yours is kept as a draft of its own." in said
    kept = desk_texts()[-1]
    assert (kept.text, kept.state, kept.of.slug, served()) == ("Too late.", "draft", SLUG, text)
    assert served().text == text.text


@pytest.mark.parametrize("odd", ["<script>alert(1)</script>", "<b>still</b> here", "&lt;i&gt;"])
def test_html_in_a_text_is_refused_beside_the_field_and_stays_typed(odd: str, desk: Client, curator: User) -> None:
    text = text_of(SLUG, by=curator)
    for path, told in ((path_of(text), typed(text)), (reverse("admin:guidance_wording_add"), typed())):
        answer = desk.post(path, told | {"text": odd, "_submit": "1"})
        assert answer.status_code == 200 and "text" in answer.context["adminform"].form.errors
        assert "Please write plain text, without HTML: take out" in answer.text
        assert escape(odd) in answer.text and odd not in answer.text
    assert [one.text for one in desk_texts()] == [text.text] and desk_texts()[0].state == "draft"


def test_a_text_belongs_to_one_thing_and_a_passage_has_a_title(desk: Client) -> None:
    add, response = reverse("admin:guidance_wording_add"), Response.objects.first().pk
    for told in ({"response": response}, {"passage": ""}):
        assert "choose either a passage or a response" in desk.post(add, typed(**told)).text
    assert "A passage needs a title." in desk.post(add, typed(title=" ")).text
    assert not desk_texts()


def test_a_bulk_action_does_each_by_itself_and_says_what_it_could_not_do(
    desk: Client, second_desk: Client, curator: User, second_curator: User
) -> None:
    mine = [text_of(slug, by=curator) for slug in (SLUG, "door-6")]
    theirs = text_of("door-8", by=second_curator, state="in_review")
    assert "2 texts: sent to review." in chosen(desk, "submit", *mine)
    said = chosen(desk, "approve", *mine, theirs)
    assert "One text: approved" in said and "You wrote this text: somebody else approves it. (" in said
    assert served("door-8") == theirs and served().origin == "shipped"
    assert "2 texts: approved" in chosen(second_desk, "approve", *mine) and served() == mine[0]
    assert "It is approved by now. (A closed door)" in chosen(second_desk, "send_back", mine[0])
    assert "3 texts: retired" in chosen(desk, "retire", *mine, theirs) and served() is None


def test_no_text_can_be_deleted(desk: Client, curator: User) -> None:
    text = text_of(SLUG, by=curator)
    assert desk.post(path_of(text, "delete"), {"post": "yes"}).status_code == 403
    chosen(desk, "delete_selected", text)
    assert desk_texts() == [text]


# The list


def test_shipped_texts_that_nobody_approved_stand_first(desk: Client, curator: User, second_curator: User) -> None:
    texts = {state: text_of(SLUG, by=curator, state=state, reviewer=second_curator) for state in Wording.State.values}
    Wording.objects.filter(origin="shipped").exclude(passage__slug=SLUG).update(language="xx")
    waits = Wording.objects.filter(passage__slug="door-6").get()
    Wording.objects.filter(pk=waits.pk).update(language="en")
    order = [waits, *(texts[state] for state in ("in_review", "draft", "approved", "retired"))]
    assert [one for one in listed(desk, language="en") if one in order] == order
    assert listed(desk)[0].origin == "shipped" and listed(desk)[0].state == "in_review"


def test_each_filter_finds_what_it_says(desk: Client, curator: User, second_curator: User) -> None:
    with time_machine.travel(DAY, tick=False):
        old = text_of(SLUG, by=curator, state="approved", reviewer=second_curator)
    mine = text_of("door-6", by=curator)
    theirs = text_of("door-8", by=second_curator, state="in_review")
    Wording.objects.filter(pk=old.pk).update(review_by="2026-01-01")
    assert listed(desk, needs="mine") == [mine] and listed(desk, needs="again") == [old]
    assert listed(desk, needs="review", origin__exact="desk") == [theirs]
    assert theirs not in listed(desk, needs="first") and {one.origin for one in listed(desk, needs="first")} == {
        "shipped"
    }
    assert listed(desk, state__exact="draft") == [mine] and theirs not in listed(desk, origin__exact="shipped")
    assert {one.of.source for one in listed(desk, source=old.of.source.slug, origin__exact="desk")} == {old.of.source}
    speaking = {
        one.passage.slug for one in listed(desk, signal="slammed_door", state__exact="in_review") if one.passage
    }
    strong = Passage.objects.filter(weights__signal__slug="slammed_door", weights__fitted__gte=0.3)
    assert speaking and speaking <= {passage.slug for passage in strong}
    assert listed(desk, q="A closed door", state__exact="in_review", origin__exact="desk") == [theirs]
    for odd in ({"needs": "zebra"}, {"source": "zebra"}, {"signal": "zebra"}):
        assert desk.get(reverse(LIST), odd).status_code in (200, 302)


# New passages and responses, weights, signals


NO_ROWS = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}


def inlines(*prefixes: str) -> dict[str, str]:
    return {f"{prefix}-{name}": value for prefix in prefixes for name, value in NO_ROWS.items()}


def new_passage(**told: object) -> dict[str, object]:
    source = Passage.objects.get(slug=SLUG).source_id
    given = {"slug": "new-1", "source": source, "first_paragraph": 1, "last_paragraph": 2, "audience": "parent"}
    texts = {"first_title": "New", "first_text": TEXT}
    return given | texts | inlines("wordings", "weights") | told


@pytest.mark.parametrize("kind", ["passage", "response"])
def test_what_is_new_comes_with_its_first_draft_and_reaches_nobody_before_approval(
    kind: str, desk: Client, second_desk: Client
) -> None:
    add = reverse(f"admin:guidance_{kind}_add")
    assert "The first draft. It reaches parents once" in read(desk, add)
    told = new_passage() if kind == "passage" else {"slug": "new-1", "phase": "now", "kind": "say", "first_text": TEXT}
    answer = desk.post(add, inlines("wordings") | told)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    (text,) = desk_texts()
    assert (text.of.slug, text.text, text.state, text.of.current) == ("new-1", TEXT, "draft", None)

    def reaches() -> bool:
        library = current_library()
        return "new-1" in {entry.slug for entry in (*library.passages, *library.responses)}

    assert not reaches()
    assert escape(TEXT) in read(desk, reverse(f"admin:guidance_{kind}_change", args=[text.of.pk]))
    chosen(desk, "submit", text)
    assert not reaches()
    chosen(second_desk, "approve", text)
    assert reaches()


def test_html_in_a_first_text_is_refused_and_makes_no_passage(desk: Client) -> None:
    answer = desk.post(reverse("admin:guidance_passage_add"), new_passage(first_text="<b>x</b>"))
    assert "without HTML" in answer.text and not Passage.objects.filter(slug="new-1").exists()


def test_a_signal_that_passages_use_stays_and_the_reason_is_said(desk: Client) -> None:
    signal = Signal.objects.get(slug="slammed_door")
    path, before = reverse("admin:guidance_signal_delete", args=[signal.pk]), signal.weights.count()
    for answer in (desk.get(path, follow=True), desk.post(path, {"post": "yes"}, follow=True)):
        assert re.search(rf"“{signal}” stays: [1-9]\d* passages and \d+ responses use it", answer.text)
    assert Signal.objects.filter(pk=signal.pk).exists() and signal.weights.count() == before > 0


def test_a_signal_that_moments_hold_stays_and_no_moment_is_named(desk: Client, moment: Moment, said) -> None:
    signal = Signal.objects.create(slug="own", label="Own", seen="own", group="child", order=99)
    moment.signals.create(signal=signal, state="tapped")
    path = reverse("admin:guidance_signal_delete", args=[signal.pk])
    shown = desk.get(path).text + desk.post(path, {"post": "yes"}, follow=True).text
    assert "or moments hold it" in shown and Signal.objects.filter(pk=signal.pk).exists()
    assert not [word for word in (said.words, said.child, str(moment.code), moment.author.email) if word in shown]


def test_a_signal_made_at_the_desk_that_nothing_uses_can_go(desk: Client) -> None:
    signal = Signal.objects.create(slug="own", label="Own", seen="own", group="child", order=99)
    desk.post(reverse("admin:guidance_signal_delete", args=[signal.pk]), {"post": "yes"})
    assert not Signal.objects.filter(pk=signal.pk).exists()


# How many queries


def queries(client: Client, where: str, **query: object) -> int:
    current_library()
    read(client, where, **query)
    with CaptureQueriesContext(connection) as caught:
        read(client, where, **query)
    return len(caught)


@pytest.mark.parametrize(
    ("where", "query"),
    [
        (LIST, {"origin__exact": "desk"}),
        ("admin:index", {}),
        ("admin:guidance_coverage", {}),
        ("admin:guidance_passage_changelist", {"q": "door"}),
    ],
)
def test_a_page_of_the_desk_takes_the_same_queries_however_much_there_is(
    where: str, query: dict, desk: Client, curator: User, second_curator: User
) -> None:
    one = Passage.objects.get(slug=SLUG)

    def more(*slugs: str) -> None:
        for slug in slugs:
            text_of(slug, by=second_curator, state="in_review")
            text_of(slug, by=curator, state="approved", reviewer=second_curator)
            place = {"source": one.source, "first_paragraph": 1, "last_paragraph": 1, "current": served(slug)}
            made = Passage.objects.create(slug=f"{slug}-more", **place)
            Reception.objects.create(passage=made, shown=9, helped=5, not_us=8)
            BenchCase.objects.create(name=slug).passages.add(made)

    more(SLUG)
    few = queries(desk, where, **query)
    more(*(f"door-{number}" for number in range(2, 9)))
    assert queries(desk, where, **query) == few
