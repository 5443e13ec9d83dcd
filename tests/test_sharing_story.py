"""Sharing in Chromium: the parent on a phone, the therapist at a desk, from the invitation to the end of the share."""

import re
import uuid

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Response, expect

from guidance.models import Signal
from journal import invitations, recommending, review
from journal.models import Child, Moment, Share
from tests.browser import DESKTOP, PHONE, faults
from tests.conftest import CHILD, WORDS, log
from tests.test_story import sign_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PARENT, THERAPIST = "story.parent@example.org", "story.therapist@example.org"
PASSWORD = "a kettle in the corridor"
COMMENT = "You stayed by the door, and that counted."
ADVICE = "I am on the landing. Come when you are ready."


def log_in_the_browser(page: Page, words: str = "") -> None:
    page.goto("/")
    page.locator("label.chip", has_text="Pushed me away").first.click()
    if words:
        page.get_by_text("Or write it in your own words").click()
        page.get_by_label("Or in your own words").fill(words)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="A moment, kept")).to_be_visible()


def invite(page: Page, mailoutbox: list[EmailMessage]) -> EmailMessage:
    """Terms, then what they would see, and only then the mail."""
    page.goto("/sharing/")
    page.get_by_role("link", name="Share with a therapist").click()
    page.get_by_label("The therapist's e-mail address").fill(THERAPIST)
    page.get_by_text("What I tapped, and my own words").click()
    page.get_by_role("button", name="See what they would see").click()
    expect(page.get_by_text("Nothing is sent yet.")).to_be_visible()
    for said in (
        "They read this when they can, often days later. It is not an alarm; if someone is in danger, call",
        "By law a therapist may have to act, or tell others, when a child or adult may be at risk.",
        "A court may ask for what you write.",
    ):
        expect(page.get_by_text(said)).to_be_visible()
    seen = page.get_by_role("region", name="What they would see")
    expect(seen.get_by_text("1 moment.")).to_be_visible()
    expect(seen.get_by_text("Pushed me away", exact=True)).to_be_visible()
    assert [mail for mail in mailoutbox if THERAPIST in mail.to] == []
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("The invitation is on its way.")).to_be_visible()
    return mailoutbox[-1]


def accept(page: Page, mail: EmailMessage) -> None:
    """The link proved the address, so nobody asks for a code; the second step is asked for before anything is read."""
    link = re.search(r"^https?://\S+/invitations/\S+$", mail.body, re.M)
    assert link, mail.body
    page.goto(link.group())
    page.get_by_role("link", name="Make an account").click()
    expect(page.locator("input[name=email]")).to_have_value(THERAPIST)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Thank you. It is set up.")).to_be_visible()
    expect(page.get_by_text("please add a second step to your sign-in")).to_be_visible()
    assert CHILD not in page.content()


def add_second_step(page: Page) -> None:
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    secret = page.get_by_label("Type these letters into the app").input_value()
    _before, now, _after = yield_hotp_counters_from_time()
    page.locator("input[name=code]").fill(format_hotp_value(hotp_value(secret, now)))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("Authenticator app activated.")).to_be_visible()


def nothing_is_left(page: Page, answer: Response | None, plain: str) -> None:
    """The same page as for an address that never was."""
    assert answer is not None and answer.status == 404
    assert page.locator("main").inner_html() == plain
    for said in (WORDS, CHILD, PARENT, COMMENT, ADVICE, "Pushed me away"):
        assert said not in page.content()


def test_a_parent_shares_a_therapist_reads_and_answers_and_the_parent_stops_it(open_page, mailoutbox):
    phone, desk = open_page(PHONE), open_page(DESKTOP)
    sign_up(phone, mailoutbox, PARENT)
    phone.get_by_label("What shall we call your child?").fill(CHILD)
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_role("heading", name="What happened?")).to_be_visible()
    log_in_the_browser(phone, WORDS)
    mail = invite(phone, mailoutbox)
    assert mail.to == [THERAPIST]
    assert CHILD not in mail.body + mail.subject and WORDS not in mail.body

    accept(desk, mail)
    assert mailoutbox[-1] is mail
    moment = reverse("shared_moment", args=[Share.objects.get().code, Moment.objects.get().code])
    desk.goto(moment)
    assert "/accounts/2fa/" in desk.url and WORDS not in desk.content()
    phone.goto("/sharing/readings/")
    expect(phone.get_by_text("Nobody has read anything of yours.")).to_be_visible()

    add_second_step(desk)
    desk.get_by_role("link", name="Families", exact=True).click()
    expect(desk.get_by_role("heading", name=CHILD)).to_be_visible()
    expect(desk.get_by_text("1 unread")).to_be_visible()
    desk.get_by_role("link", name=re.compile(f"^Moments .*{CHILD}")).click()
    expect(desk.get_by_text("With their words.")).to_be_visible()
    desk.locator("a.open").click()
    expect(desk.get_by_role("region", name="In the parent's words").get_by_text(WORDS)).to_be_visible()
    desk.get_by_label("A comment to the parent").fill(COMMENT)
    desk.get_by_role("button", name="Send the comment").click()
    expect(desk.get_by_text("The parent will find it with this moment.")).to_be_visible()
    desk.get_by_role("link", name="Recommend something for this child").click()
    desk.get_by_text("Something of my own", exact=True).click()
    desk.get_by_label("Your words").fill(ADVICE)
    desk.get_by_label("When in the moment").select_option("now")
    desk.get_by_text("At which moments", exact=True).click()
    desk.locator("label.chip", has_text="Pushed me away").click()
    desk.get_by_role("button", name="Recommend it").click()
    expect(desk.get_by_text("It comes with the family's next moment that it fits.")).to_be_visible()

    told = mailoutbox[-1]
    assert told is not mail and told.to == [PARENT]
    assert not {said for said in (CHILD, COMMENT, WORDS, THERAPIST) if said in told.subject + told.body}
    phone.goto("/moments/")
    phone.locator("a.open").click()
    expect(phone.get_by_text("Your therapist has written to you about this moment")).to_be_visible()
    expect(phone.get_by_role("region", name="From your therapist").get_by_text(COMMENT)).to_be_visible()
    expect(phone.locator("#guidance").get_by_text(ADVICE)).to_have_count(0)
    phone.get_by_text("Who else reads this").click()
    expect(phone.locator("#readers li", has_text=f"{THERAPIST}, ").filter(has_text="opened a moment")).to_be_visible()
    phone.goto("/sharing/readings/")
    expect(phone.get_by_role("row", name=re.compile(f"{THERAPIST} opened a moment, {CHILD}"))).to_be_visible()
    log_in_the_browser(phone)
    advised = phone.locator("#guidance .card", has_text=ADVICE)
    expect(advised.locator(".say")).to_have_text(ADVICE)
    expect(advised.get_by_text("From your therapist")).to_be_visible()

    desk.goto(moment)
    desk.get_by_label("A comment to the parent").fill("Typed as the share ends.")
    other = desk.context.new_page()
    other.goto(reverse("shared_timeline", args=[Share.objects.get().code]))
    left_open = desk.context.new_page()
    left_open.goto(moment)
    phone.goto("/sharing/")
    phone.get_by_role("button", name="Stop now").click()
    expect(phone.get_by_text("Stopped. They can read nothing more.")).to_be_visible()
    never = desk.context.new_page()
    never.goto(reverse("shared_timeline", args=[uuid.uuid4()]))
    plain = never.locator("main").inner_html()
    assert "This page isn't here" in plain

    with left_open.expect_navigation() as landed:  # nobody touches it: it asks by itself when one returns to it
        left_open.evaluate("window.dispatchEvent(new Event('focus'))")
    nothing_is_left(left_open, landed.value, plain)
    with other.expect_navigation() as landed:
        other.locator("a.open").first.click()
    nothing_is_left(other, landed.value, plain)
    nothing_is_left(other, other.go_back(), plain)
    with desk.expect_navigation() as landed:
        desk.get_by_role("button", name="Send the comment").click()
    nothing_is_left(desk, landed.value, plain)
    desk.goto(moment)
    nothing_is_left(desk, desk.reload(), plain)
    desk.get_by_role("link", name="Families", exact=True).click()
    expect(desk.get_by_text("No parent shares anything with you now.")).to_be_visible()
    assert CHILD not in desk.content()


def test_inviting_and_accepting_work_without_javascript(open_page, mailoutbox, parent, child, moment):
    phone = open_page(PHONE, parent, java_script_enabled=False)
    desk = open_page(DESKTOP, java_script_enabled=False)
    mail = invite(phone, mailoutbox)
    accept(desk, mail)
    assert mailoutbox == [mail]
    share = Share.objects.get()
    assert (share.owner, share.therapist.email, share.child, share.includes_words) == (parent, THERAPIST, child, True)
    phone.goto("/sharing/")
    expect(phone.get_by_text(f"{THERAPIST} reads your moments about {CHILD}")).to_be_visible()


def test_axe_finds_nothing_on_the_pages_of_sharing_in_light_and_in_dark(
    open_page, parent, co_parent, recorder, therapist, share: Share, child: Child
):
    moment = log(parent, child, "hurt_self", words="He said he wants to die.", for_therapy=True, intensity="5")
    log(parent, child, "pushed_away", words=WORDS, days_ago=2)
    review.comment(share, moment, COMMENT)
    review.keep_note(share, moment, "To think about.")
    review.meet(share, timezone.localdate())
    pushed = Signal.objects.filter(slug="pushed_away")
    recommending.recommend(share, kind="write", text=ADVICE, phase="now", signals=pushed)
    invitations.invite_caregiver(by=parent, family=child.family, email="gran@example.org", kind="recorder")
    phone, desk = open_page(PHONE, parent), open_page(DESKTOP, therapist)

    found = faults(desk, reverse("caseload"))
    found += faults(desk, reverse("shared_moment", args=[share.code, moment.code]))
    for name in ("shared_timeline", "brief", "recommend"):
        found += faults(desk, reverse(name, args=[share.code]))
    for name in ("sharing", "readings", "family"):
        found += faults(phone, reverse(name))
    found += faults(phone, reverse("share_look", args=[share.code]))
    phone.goto("/sharing/new/")
    phone.get_by_label("The therapist's e-mail address").fill(THERAPIST)
    phone.get_by_text("What I tapped, and my own words").click()
    phone.get_by_role("button", name="See what they would see").click()
    expect(phone.get_by_text("Nothing is sent yet.")).to_be_visible()
    found += faults(phone)
    assert not found, "\n".join(found)
