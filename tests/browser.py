"""Chromium for the stories: browsers of somebody's own, and what axe finds on a page."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from journal.models import User

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser_for_tests():
    if not CHROMIUM.exists():
        missing = "NO BROWSER: install Debian's chromium; the browser tests did not run"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser_for_tests, live_server, settings) -> Iterator[Callable[..., Page]]:
    """A browser of somebody's own, signed in or not. A link in a mail leads to the server under test."""
    settings.ADDRESS = live_server.url
    settings.MFA_TOTP_TOLERANCE = 1  # a code typed as its half minute ends
    expect.set_options(timeout=15_000)
    contexts: list[BrowserContext] = []

    def opened(size: dict[str, int], user: User | None = None, **options: object) -> Page:
        context = browser_for_tests.new_context(viewport=size, base_url=live_server.url, locale="en-GB", **options)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        page: Page = context.new_page()
        return page

    yield opened
    for context in contexts:
        context.close()


def faults(page: Page, address: str = "", context: Any = None, without: tuple[str, ...] = ()) -> list[str]:
    """What axe finds on a page, or on the one that is open, with every fold open; in the dark only colours differ."""
    if address:
        answer = page.goto(address)
        assert answer is not None and answer.status == 200 and page.url.endswith(address), f"{address}: {page.url}"
    page.evaluate("document.querySelectorAll('main details').forEach(fold => { fold.open = true; })")
    found, grounds = [], set()
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["cat.color"]})):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate("Promise.all(document.getAnimations().map(one => one.finished)).then(() => null)")
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        options = {"resultTypes": ["violations"], "rules": {name: {"enabled": False} for name in without}} | rules
        for rule in Axe().run(page, context=context, options=options).response["violations"]:
            found += [f"{page.url} ({scheme}) {rule['id']}: {node['html'][:120]}" for node in rule["nodes"]]
    assert len(grounds) == 2, f"{page.url} is as light in the dark"
    return found
