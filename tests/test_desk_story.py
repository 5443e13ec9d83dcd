"""The curators' desk in Chromium, under the strict policy: retell, try, approve, and a parent gets it."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from guidance.matching import Situation, match
from guidance.matching.load import current_library
from guidance.models import BenchCase, Passage, RiskPhrase, Weight, Wording
from journal.models import Child, User
from tests.browser import DESKTOP, PHONE, faults
from tests.conftest import WORDS, log

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

TOLD = "A door can say what a child cannot. Stay on your side of it, say once that you are there, and let them come."
AGAIN = "Told another way, and just as short: you may wait outside a closed door, and be found there."
OURS = ("index", "guidance_bench", "guidance_coverage", "guidance_unmetneed_changelist")
# What we wrote: not the admin's frame, nor the select with a search that it ships.
WRITTEN = {"include": [["#content"]], "exclude": [[".select2"]]}
# A rule beyond AA that the admin's own colours do not keep.
BEYOND = ("color-contrast-enhanced",)


@pytest.fixture
def quiet() -> Iterator[list[str]]:
    """What the browsers complain about: a refused script or style, an error; there must be nothing."""
    said: list[str] = []
    yield said
    assert not said, "\n".join(said)


def heed(page: Page, quiet: list[str]) -> Page:
    page.on("console", lambda message: quiet.append(f"{page.url}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: quiet.append(f"{page.url}: {error}"))
    return page


def retell(page: Page, passage: Passage, title: str, text: str) -> None:
    page.goto(reverse("admin:guidance_passage_change", args=[passage.pk]))
    page.get_by_role("link", name="Write a new text beside this one").click()
    page.get_by_label("Title:").fill(title)
    page.get_by_label("Text:").fill(text)
    page.get_by_role("button", name="Save and send to review").click()
    expect(page.get_by_text("sent to review")).to_be_visible()


def test_a_curator_retells_tries_and_weighs_another_approves_and_a_parent_gets_it(
    open_page,
    quiet: list[str],
    curator: User,
    second_curator: User,
    parent: User,
    child: Child,
):
    first, second = Passage.objects.get(slug="door-1"), Passage.objects.get(slug="door-8")
    desk = heed(open_page(DESKTOP, curator), quiet)
    desk.goto("/admin/")
    expect(desk.get_by_role("link", name="shipped texts that nobody has approved yet")).to_be_visible()
    retell(desk, first, "A door that speaks", TOLD)
    retell(desk, second, "Found outside the door", AGAIN)
    expect(desk.get_by_text("You wrote this text. Somebody else approves it.")).to_be_visible()
    expect(desk.get_by_role("button", name="Approve")).to_have_count(0)

    desk.goto(reverse("admin:guidance_bench"))
    desk.get_by_label("Slammed the door").check()
    desk.get_by_role("button", name="Try").click()
    expect(desk.get_by_role("heading", name="Now")).to_be_visible()
    assert match(Situation(frozenset({"slammed_door"})), current_library()).passages[0].slug == "door-1"
    desk.get_by_text("Try a weight or a text").click()
    desk.locator(".field-passage .select2-selection, .form-row:has(#id_passage) .select2-selection").click()
    desk.locator(".select2-dropdown .select2-search__field").fill("door-8")
    desk.locator(".select2-results__option", has_text="door-8:").click()
    desk.get_by_label("its weight for").select_option("slammed_door")
    desk.get_by_label("to:").fill("6")
    desk.get_by_role("button", name="Try").click()
    expect(desk.get_by_role("heading", name="With the change")).to_be_visible()
    expect(desk.get_by_text("nDCG@3, 1 is full agreement")).to_be_visible()
    assert not Weight.objects.filter(override=6).exists()
    desk.get_by_role("button", name="Use this weight").click()
    expect(desk.get_by_text("door-8 weighs 6.0 for slammed_door from now on.")).to_be_visible()

    other = heed(open_page(DESKTOP, second_curator), quiet)
    other.goto(reverse("admin:guidance_wording_changelist") + "?needs=review&state__exact=in_review&origin__exact=desk")
    other.get_by_role("link", name="Found outside the door").click()
    expect(other.locator("ins").first).to_be_visible()
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_text("approved: parents get it from now on")).to_be_visible()
    assert Wording.objects.get(title="A door that speaks").state == Wording.State.IN_REVIEW

    phone = heed(open_page(PHONE, parent), quiet)
    phone.goto("/")
    phone.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    phone.locator("label.chip", has_text="Slammed the door").first.click()
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text(AGAIN)).to_be_visible()
    card = phone.locator("article.card", has_text=AGAIN)
    expect(card.get_by_text("Retold in our words.")).to_be_visible()
    expect(card.get_by_text("Not yet reviewed by a clinician.")).to_have_count(0)


def test_axe_finds_nothing_on_our_pages_of_the_desk(
    open_page,
    quiet: list[str],
    curator: User,
    child: Child,
    parent: User,
    own_library,
):
    log(parent, child, "pushed_away", words=WORDS)
    passage = Passage.objects.get(slug="door-1")
    case = BenchCase.objects.create(name="A door", words="He slammed the door.", added_by=curator)
    case.passages.add(passage)
    RiskPhrase.objects.create(kind="suicidal_child", level="urgent", phrase="one less at the table")
    paths = [
        *(reverse(f"admin:{name}") for name in OURS),
        *(reverse(f"admin:guidance_wording_{what}", args=[passage.current_id]) for what in ("change", "history")),
    ]
    calm = heed(open_page(DESKTOP, curator), quiet)
    for path in paths:
        calm.goto(path)
    desk, found = open_page(DESKTOP, curator), []  # axe itself sets styles that the policy refuses
    for path in paths:
        found += faults(desk, path, WRITTEN, BEYOND)
    desk.goto(reverse("admin:guidance_bench"))
    desk.get_by_label("What a parent might write").fill("He slammed the door and said he wants to die.")
    desk.get_by_role("button", name="Try").click()
    expect(desk.get_by_role("heading", name="Now")).to_be_visible()
    found += faults(desk, "", WRITTEN, BEYOND)
    assert not found, "\n".join(found)
