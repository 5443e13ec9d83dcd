"""The main path in Chromium at a phone's size: sign up, add a child, log, read, say what helped, find it again."""

import re

import pytest
from playwright.sync_api import Page, expect

from guidance.shipping import load_library
from tests.browser import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def shipped_library(transactional_db):
    load_library()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def phone(request, browser_for_tests, live_server):
    context = browser_for_tests.new_context(
        viewport=PHONE, java_script_enabled=request.param, base_url=live_server.url, locale="en-GB"
    )
    page = context.new_page()
    yield page
    context.close()


def sign_up(page: Page, mailoutbox: list, email: str) -> None:
    page.goto("/accounts/signup/")
    page.locator("input[name=email]").first.fill(email)
    page.locator("input[name=password1]").fill("a lamp in the hallway")
    page.get_by_role("button", name="Make my account").first.click()
    code = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", mailoutbox[-1].body, re.M)
    assert code, mailoutbox[-1].body
    page.locator("input[name=code]").fill(code.group(1))
    page.get_by_role("button", name=re.compile("confirm|continue|verify", re.I)).first.click()


def test_a_parent_signs_up_logs_a_moment_reads_what_fits_and_finds_it_again(phone, mailoutbox, shipped_library):
    sign_up(phone, mailoutbox, "new.parent@example.org")
    phone.get_by_label("What shall we call your child?").fill("M")
    phone.get_by_role("button", name="Save").click()

    expect(phone.get_by_role("heading", name="What happened?")).to_be_visible()
    phone.locator("label.chip", has_text="Pushed me away").first.click()
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_role("heading", name="A moment, kept")).to_be_visible()
    expect(phone.locator("article.card .passage").first).to_be_visible()
    expect(phone.get_by_text("Why this one:").first).to_be_visible()
    expect(phone.get_by_text("Not yet reviewed").first).to_be_visible()

    phone.locator("#more > summary").click()
    phone.get_by_label("In your own words").fill("They shoved me off and I stayed by the door.")
    phone.locator("#more button[type=submit]").click()
    expect(phone.get_by_text("Saved.")).to_be_visible()

    phone.locator("article.card").get_by_role("button", name="Helped").click()
    expect(phone.get_by_text("Noted: this helped.")).to_be_visible()

    phone.goto("/moments/?search=SHOVED")
    phone.locator("a.open, .moment-card a").first.click()
    expect(phone.get_by_role("heading", name="A moment, kept")).to_be_visible()


def test_a_draft_survives_a_reload_and_is_gone_after_saving(
    browser_for_tests,
    live_server,
    mailoutbox,
    shipped_library,
):
    context = browser_for_tests.new_context(viewport=PHONE, base_url=live_server.url)
    page = context.new_page()
    sign_up(page, mailoutbox, "drafting.parent@example.org")
    page.get_by_label("What shall we call your child?").fill("M")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Or write it in your own words").click()
    page.get_by_label("Or in your own words").fill("He ran and I could not")
    page.reload()
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_label("Or in your own words")).to_have_value("He ran and I could not")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="A moment, kept")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("button", name="Bring it back")).to_have_count(0)
    context.close()
