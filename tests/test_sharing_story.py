"""Sharing in Chromium: the parent on a phone, the therapist at a desk, from the invitation to the end of the share."""

import re
import uuid
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, Response, expect

from guidance.models import Passage
from journal import invitations, recommending, review
from journal.models import Child, Moment, Share, User
from tests.conftest import CHILD, log
from tests.test_story import PHONE, browser_for_tests, shipped_library, sign_up  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

DESKTOP = {"width": 1280, "height": 800}
PARENT, THERAPIST = "story.parent@example.org", "story.therapist@example.org"
WORDS = "They shoved me off at bedtime and I sat down by the door."
COMMENT = "You stayed by the door, and that counted."
ADVICE = "I am on the landing. Come when you are ready."


@pytest.fixture
def open_page(browser_for_tests, live_server, settings) -> Iterator[Callable[..., Page]]:  # noqa: F811
    """A browser of somebody's own; a link in a mail leads to the server under test."""
    settings.ADDRESS = live_server.url
    settings.MFA_TOTP_TOLERANCE = 1
    contexts = []

    def opened(size: dict[str, int], **options: object) -> Page:
        context = browser_for_tests.new_context(viewport=size, base_url=live_server.url, locale="en-GB", **options)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def link_in(mail: object) -> str:
    found = re.search(r"^https?://\S+/invitations/\S+$", mail.body, re.M)
    assert found, mail.body
    return found.group()


def test_x(open_page, mailoutbox, shipped_library):
    phone, desk = open_page(PHONE), open_page(DESKTOP)
    sign_up(phone, mailoutbox, PARENT)
    phone.get_by_label("What shall we call your child?").fill(CHILD)
    phone.get_by_role("button", name="Save").click()
    phone.locator("label.chip", has_text="Pushed me away").first.click()
    phone.get_by_text("Or write it in your own words").click()
    phone.get_by_label("Or in your own words").fill(WORDS)
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_role("heading", name="A moment, kept")).to_be_visible()
    phone.get_by_text("Account", exact=True).click()
    phone.get_by_role("link", name="Sharing").click()
    phone.get_by_role("link", name="Share with a therapist").click()
    phone.get_by_label("The therapist's e-mail address").fill(THERAPIST)
    phone.get_by_text("What I tapped, and my own words").click()
    phone.get_by_role("button", name="See what they would see").click()
    print(phone.locator("main").inner_text())
    phone.get_by_role("button", name="Send the invitation").click()
    print(phone.locator("main").inner_text())
    print(len(mailoutbox), mailoutbox[-1].body)
    desk.goto(link_in(mailoutbox[-1]))
    print(desk.locator("main").inner_text())
    desk.get_by_role("link", name="Make an account").click()
    desk.get_by_label("Password").fill("a kettle in the corridor")
    print(desk.locator("main").inner_text(), desk.locator("input[name=email]").input_value())
    desk.get_by_role("button", name="Make my account").click()
    print(desk.url, desk.locator("main").inner_text())
    desk.get_by_role("button", name="Accept").click()
    print(desk.url, desk.locator("main").inner_text())
    desk.get_by_role("link", name=CHILD, exact=True).click()
    print(desk.url, desk.locator("main").inner_text())
    desk.get_by_role("link", name="Set it up").click()
    secret = desk.get_by_label("No camera?").input_value()
    desk.get_by_label(re.compile("code", re.I)).last.fill("123456")
    print(desk.url, desk.locator("main").inner_text())
    desk.get_by_label(re.compile("code", re.I)).last.fill(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))
    desk.get_by_role("button", name="Turn it on").click()
    print(desk.url, desk.locator("main").inner_text())
