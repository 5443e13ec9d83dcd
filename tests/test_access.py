"""The fourth ring: every address of the product, with GET and POST, for everybody."""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from guidance.models import Signal
from journal import invitations, recommending, review, sharing
from journal.models import Bond, Child, Invitation, Moment, Share, User
from tests.conftest import PEOPLE, log

# One line for each address and method: what each person is answered. "login": led to the log-in; "factor": led to
# setting up a second factor. Another parent of the family, a recorder and holders of shares find none of the parent's
# own pages; a therapist reads under their own share alone (where each holds or held one, it is that one), a revoked
# one under none; the revoked therapist is invited again; curators and superusers are nobody in a family.
LINES = """
url                   method anonymous stranger parent co_parent recorder therapist taps  revoked curator superuser

home                  GET    200       200      200    200       200      302       302   302     302     302
home                  POST   405       405      405    405       405      405       405   405     405     405
help_lines            GET    200       200      200    200       200      200       200   200     200     200
help_lines            POST   405       405      405    405       405      405       405   405     405     405
lose_it               GET    200       200      200    200       200      200       200   200     200     200
lose_it               POST   405       405      405    405       405      405       405   405     405     405
privacy               GET    200       200      200    200       200      200       200   200     200     200
privacy               POST   405       405      405    405       405      405       405   405     405     405
neutral               GET    200       200      200    200       200      200       200   200     200     200
neutral               POST   405       405      405    405       405      405       405   405     405     405
library               GET    200       200      200    200       200      200       200   200     200     200
library               POST   405       405      405    405       405      405       405   405     405     405
library_signal        GET    200       200      200    200       200      200       200   200     200     200
library_signal        POST   405       405      405    405       405      405       405   405     405     405
library_passage       GET    200       200      200    200       200      200       200   200     200     200
library_passage       POST   405       405      405    405       405      405       405   405     405     405

timeline              GET    login     200      200    200       200      200       200   200     200     200
timeline              POST   login     405      405    405       405      405       405   405     405     405
moment_new            GET    login     200      200    200       200      302       302   302     302     302
moment_new            POST   login     422      422    422       422      302       302   302     302     302
moment                GET    login     404      200    404       404      404       404   404     404     404
moment                POST   login     405      405    405       405      405       405   405     405     405
moment_edit           GET    login     404      200    404       404      404       404   404     404     404
moment_edit           POST   login     404      422    404       404      404       404   404     404     404
moment_more           GET    login     405      405    405       405      405       405   405     405     405
moment_more           POST   login     404      302    404       404      404       404   404     404     404
moment_signals        GET    login     405      405    405       405      405       405   405     405     405
moment_signals        POST   login     404      302    404       404      404       404   404     404     404
moment_again          GET    login     405      405    405       405      405       405   405     405     405
moment_again          POST   login     404      302    404       404      404       404   404     404     404
moment_safety         GET    login     405      405    405       405      405       405   405     405     405
moment_safety         POST   login     404      302    404       404      404       404   404     404     404
moment_history        GET    login     405      405    405       405      405       405   405     405     405
moment_history        POST   login     404      302    404       404      404       404   404     404     404
moment_delete         GET    login     405      405    405       405      405       405   405     405     405
moment_delete         POST   login     404      302    404       404      404       404   404     404     404
moment_deleted        GET    login     404      200    404       404      404       404   404     404     404
moment_deleted        POST   login     405      405    405       405      405       405   405     405     405
moment_restore        GET    login     405      405    405       405      405       405   405     405     405
moment_restore        POST   login     404      302    404       404      404       404   404     404     404
moment_keep_back      GET    login     405      405    405       405      405       405   405     405     405
moment_keep_back      POST   login     404      302    404       404      404       404   404     404     404
moment_parents        GET    login     405      405    405       405      405       405   405     405     405
moment_parents        POST   login     404      302    404       404      404       404   404     404     404
suggestion_feedback   GET    login     405      405    405       405      405       405   405     405     405
suggestion_feedback   POST   login     404      302    404       404      404       404   404     404     404

child_new             GET    login     200      200    200       200      200       200   200     200     200
child_new             POST   login     422      422    422       422      422       422   422     422     422
child_edit            GET    login     404      200    200       403      404       404   404     404     404
child_edit            POST   login     404      422    422       403      404       404   404     404     404
account               GET    login     200      200    200       200      200       200   200     200     200
account               POST   login     422      422    422       422      422       422   422     422     422
own_chip_remove       GET    login     405      405    405       405      405       405   405     405     405
own_chip_remove       POST   login     404      302    404       404      404       404   404     404     404

family                GET    login     200      200    200       200      200       200   200     200     200
family                POST   login     405      405    405       405      405       405   405     405     405
family_invite         GET    login     404      200    200       403      404       404   404     404     404
family_invite         POST   login     404      422    422       403      404       404   404     404     404
family_leave          GET    login     405      405    405       405      405       405   405     405     405
family_leave          POST   login     404      302    302       302      404       404   404     404     404
family_default        GET    login     405      405    405       405      405       405   405     405     405
family_default        POST   login     404      302    302       403      404       404   404     404     404
family_remove         GET    login     405      405    405       405      405       405   405     405     405
family_remove         POST   login     404      302    404       404      404       404   404     404     404
invitation            GET    200       200      200    200       200      200       200   200     200     200
invitation            POST   200       409      409    409       409      409       409   302     409     409
invitation_cancel     GET    login     405      405    405       405      405       405   405     405     405
invitation_cancel     POST   login     404      302    404       404      404       404   404     404     404

sharing               GET    login     200      200    200       200      200       200   200     200     200
sharing               POST   login     405      405    405       405      405       405   405     405     405
share_new             GET    login     200      200    200       200      200       200   200     200     200
share_new             POST   login     422      422    422       422      422       422   422     422     422
readings              GET    login     200      200    200       200      200       200   200     200     200
readings              POST   login     405      405    405       405      405       405   405     405     405
share_preview         GET    login     404      200    404       404      404       404   404     404     404
share_preview         POST   login     405      405    405       405      405       405   405     405     405
share_change          GET    login     404      200    404       404      404       404   404     404     404
share_change          POST   login     404      422    404       404      404       404   404     404     404
share_renew           GET    login     405      405    405       405      405       405   405     405     405
share_renew           POST   login     404      302    404       404      404       404   404     404     404
share_stop            GET    login     405      405    405       405      405       405   405     405     405
share_stop            POST   login     404      302    404       404      404       404   404     404     404
share_look            GET    login     404      200    404       404      404       404   404     404     404
share_look            POST   login     405      405    405       405      405       405   405     405     405
share_look_brief      GET    login     404      200    404       404      404       404   404     404     404
share_look_brief      POST   login     405      405    405       405      405       405   405     405     405
share_look_moment     GET    login     404      200    404       404      404       404   404     404     404
share_look_moment     POST   login     405      405    405       405      405       405   405     405     405

caseload              GET    login     404      404    404       404      200       200   200     404     404
caseload              POST   login     405      405    405       405      405       405   405     405     405
practice_digest       GET    login     405      405    405       405      405       405   405     405     405
practice_digest       POST   login     404      404    404       404      302       302   302     404     404
practice_notes        GET    login     404      404    404       404      200       200   200     404     404
practice_notes        POST   login     405      405    405       405      405       405   405     405     405
shared_timeline       GET    login     404      404    404       404      200       200   404     404     404
shared_timeline       POST   login     405      405    405       405      405       405   405     405     405
shared_terms          GET    login     404      404    404       404      200       200   404     404     404
shared_terms          POST   login     405      405    405       405      405       405   405     405     405
brief                 GET    login     404      404    404       404      200       200   404     404     404
brief                 POST   login     405      405    405       405      405       405   405     405     405
brief_file            GET    login     405      405    405       405      405       405   405     405     405
brief_file            POST   login     404      404    404       404      200       200   404     404     404
shared_session        GET    login     405      405    405       405      405       405   405     405     405
shared_session        POST   login     404      404    404       404      422       422   404     404     404
recommend             GET    login     404      404    404       404      200       200   404     404     404
recommend             POST   login     404      404    404       404      422       422   404     404     404
recommend_stance      GET    login     405      405    405       405      405       405   405     405     405
recommend_stance      POST   login     404      404    404       404      302       302   404     404     404
recommend_end         GET    login     405      405    405       405      405       405   405     405     405
recommend_end         POST   login     404      404    404       404      302       302   404     404     404
shared_moment         GET    login     404      404    404       404      200       200   404     404     404
shared_moment         POST   login     405      405    405       405      405       405   405     405     405
shared_mark           GET    login     405      405    405       405      405       405   405     405     405
shared_mark           POST   login     404      404    404       404      302       302   404     404     404
shared_comment        GET    login     405      405    405       405      405       405   405     405     405
shared_comment        POST   login     404      404    404       404      422       422   404     404     404
shared_note           GET    login     405      405    405       405      405       405   405     405     405
shared_note           POST   login     404      404    404       404      422       422   404     404     404
shared_comment_remove GET    login     405      405    405       405      405       405   405     405     405
shared_comment_remove POST   login     404      404    404       404      302       302   404     404     404
"""

# Of allauth's pages these are open to somebody who is not signed in; every other one leads to the log-in.
OPEN_TO_ALL = {
    "account_login", "account_logout", "account_signup", "account_inactive", "account_email_verification_sent",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_confirm_login_code", "account_signup_by_passkey",
    "mfa_authenticate", "mfa_login_webauthn", "mfa_signup_webauthn",
}  # fmt: skip
PACKAGES = ("admin:", "account_", "mfa_", "usersessions_")


def lines() -> dict[tuple[str, str], dict[str, str]]:
    head, *rows = [line.split() for line in LINES.splitlines() if line.strip()]
    assert head == ["url", "method", *PEOPLE]
    stated = {(row[0], row[1]): dict(zip(PEOPLE, row[2:], strict=True)) for row in rows}
    assert len(stated) == len(rows), "an address is stated twice"
    return stated


def urlconf() -> Iterator[tuple[str, URLPattern, str]]:
    """Every address: its name ("admin:" where unnamed there), its pattern, and its whole route."""

    def walk(resolver: URLResolver, prefix: str, space: str) -> Iterator[tuple[str, URLPattern, str]]:
        for entry in resolver.url_patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, route, space + (f"{entry.namespace}:" if entry.namespace else ""))
            else:
                yield space + (entry.name or ""), entry, route

    yield from walk(get_resolver(), "", "")


def names(*starts: str) -> list[str]:
    return sorted({name for name, _, _ in urlconf() if name.startswith(starts)})


def answered(response: HttpResponse) -> str:
    led_to = {reverse("account_login"): "login", reverse("mfa_index"): "factor"}
    status = str(response.status_code)
    return led_to.get(response.headers["Location"].split("?")[0], status) if status == "302" else status


def send(client: Client, method: str, path: str) -> HttpResponse:
    """A form without content, as a browser sends one: the token alone."""
    return client.post(path, {"csrfmiddlewaretoken": "x"}) if method == "POST" else client.get(path)


@pytest.fixture
def shares(cast: dict[str, User | None], moment: Moment) -> dict[User, Share]:
    """By who holds or held it, each with what they left there: a comment, a note, a recommendation."""
    found = {share.therapist: share for share in Share.objects.all()}
    chips = Signal.objects.filter(slug="pushed_away")
    for share in found.values():
        review.comment(share, moment, "It sounds as if they needed you near.")
        review.keep_note(share, moment, "To be raised with care.")
        recommending.recommend(share, kind="write", text="Wait beside them.", phase="now", signals=chips)
    return found


@pytest.fixture
def invitation(parent: User, child: Child, revoked_therapist: User) -> Invitation:
    """Asks the therapist whose share was revoked to read again."""
    terms = {"from_date": timezone.localdate(), "until": timezone.now() + sharing.LEASE, "includes_words": True}
    return invitations.invite_therapist(by=parent, email=revoked_therapist.email, child=child, **terms)


@pytest.fixture
def fill(request: pytest.FixtureRequest, therapist: User) -> Callable[[str, User | None], str]:
    """The path of one of our addresses, filled with what the parent made, and with the share that its reader holds or
    held; for everybody else with the therapist's."""
    row = request.getfixturevalue
    known: dict[str, Callable[[], list[Any]]] = {
        "library_signal": lambda: ["pushed_away"],
        "library_passage": lambda: ["comfort-1"],
        "suggestion_feedback": lambda: [row("suggested").code],
        "child_edit": lambda: [row("child").code],
        "own_chip_remove": lambda: [row("own_chip").code],
        "moment_deleted": lambda: [row("deleted_moment").code],
        "moment_restore": lambda: [row("deleted_moment").code],
        "share_preview": lambda: [row("moment").code],
        "family_invite": lambda: [row("child").family.code],
        "family_leave": lambda: [row("child").family.code],
        "family_default": lambda: [row("child").code],
        "family_remove": lambda: [row("recorder").code],
        "invitation": lambda: [row("invitation").token],
        "invitation_cancel": lambda: [row("invitation").code],
    }
    of_a_moment = {"shared_moment", "shared_mark", "shared_comment", "shared_note", "share_look_moment"}

    def path(name: str, reader: User | None = None) -> str:
        if name in known:
            return reverse(name, args=known[name]())
        if name.startswith("moment") and name != "moment_new":
            return reverse(name, args=[row("moment").code])
        if not re.match(r"share_(?!new)|shared_|brief|recommend", name):
            return reverse(name)
        share = row("shares").get(reader) or row("shares")[therapist]
        codes = [share.code]
        if name in of_a_moment:
            codes.append(row("moment").code)
        elif name == "shared_comment_remove":
            codes.append(share.therapist.comments_written.get().code)
        elif name == "recommend_end":
            codes.append(share.recommendations.get().code)
        return reverse(name, args=codes)

    return path


# Our own


def test_every_address_of_ours_has_a_name_and_a_line_for_each_method() -> None:
    ours = {name for name, _, _ in urlconf() if not name.startswith(PACKAGES)}
    assert "" not in ours, "an address without a name"
    assert {name for name, _ in lines()} == ours
    assert set(lines()) == {(name, method) for name in ours for method in ("GET", "POST")}


@pytest.mark.parametrize("person", PEOPLE)
def test_each_address_answers_everybody_as_stated(
    person: str, cast: dict[str, User | None], fill: Callable[..., str], sign_in: Callable[..., Client]
) -> None:
    user, found = cast[person], {}
    client = sign_in(user)
    for name, method in lines():
        path = fill(name, user)
        with transaction.atomic():
            found[name, method] = answered(send(client, method, path))
            transaction.set_rollback(True)
    assert found == {address: stated[person] for address, stated in lines().items()}


def text_of(response: HttpResponse) -> str:
    """What can be read in a page, or in all of a document."""
    if not response.headers.get("Content-Type", "").endswith("wordprocessingml.document"):
        return response.content.decode()
    with zipfile.ZipFile(io.BytesIO(response.content)) as document:
        return "\n".join(document.read(name).decode(errors="replace") for name in document.namelist())


# The pages on which a therapist reads the child's name, and those on which they read the parent's words and own chips
# where the share includes words. Words stand on a page that was opened, never in a list.
NAME = {
    "home", "caseload", "practice_notes", "shared_timeline", "shared_session", "shared_moment", "shared_comment",
    "shared_note", "brief", "brief_file", "recommend",
}  # fmt: skip
READ = {
    "words": {"shared_moment", "shared_comment", "shared_note", "brief", "brief_file"},
    "chip": {"shared_moment", "shared_comment", "shared_note", "shared_timeline"},
}
MAY_READ = {"therapist": {"child": NAME, **READ}, "taps": {"child": NAME}}


@pytest.mark.parametrize("person", [person for person in PEOPLE if person != "parent"])
def test_nobody_but_the_parent_reads_a_word_the_parent_wrote_anywhere(
    person: str, cast: dict[str, User | None], fill: Callable[..., str], sign_in: Callable[..., Client], said: Any
) -> None:
    """Unless it is shared with them, and then on the pages of that share alone."""
    client, found = sign_in(cast[person]), defaultdict(set)
    for (name, method), stated in lines().items():
        path = fill(name, cast[person])
        if method == "GET":
            text = text_of(client.get(path, follow=True))
        elif stated[person] in ("200", "409", "422"):
            with transaction.atomic():
                text = text_of(send(client, method, path))
                transaction.set_rollback(True)
        else:
            continue
        for what, private in vars(said).items():
            if private in text:
                found[what].add(name)
    if person in ("co_parent", "recorder"):
        assert found.pop("child")
    assert found == MAY_READ.get(person, {})


def test_who_wrote_a_moment_may_change_it_and_who_decides_about_it_may_read_and_delete_it(
    co_parent: User, recorder: User, moment: Any, sign_in: Callable[..., Client]
) -> None:
    type(moment).objects.filter(pk=moment.pk).update(owner=co_parent)
    reader = sign_in(co_parent)
    assert reader.get(reverse("moment", args=[moment.code])).status_code == 200
    for name in ("edit", "more", "signals", "again", "safety", "history"):
        assert reader.post(reverse(f"moment_{name}", args=[moment.code]), {"x": "y"}).status_code == 403, name
    assert reader.post(reverse("moment_delete", args=[moment.code])).status_code == 302


def test_a_recorder_cannot_answer_for_a_childs_history(
    recorder: User, child: Any, sign_in: Callable[..., Client]
) -> None:
    own = log(recorder, child, "pushed_away")
    response = sign_in(recorder).post(reverse("moment_history", args=[own.code]), {"hard_place": "yes"})
    assert response.status_code == 403
    assert not Bond.objects.exists()


# Packages: one rule each, held on every address


def fill_package(name: str) -> list[str]:
    """Paths of a package's address; fails where one cannot be filled."""
    found = []
    for other, _, route in urlconf():
        if other == name:
            path = "/" + _route(route)
            try:
                resolve(path)
            except Exception as error:
                raise AssertionError(f"{route} cannot be filled: {path}") from error
            found.append(path)
    return found


def _route(route: str) -> str:
    model = re.search(r"admin/(guidance|journal)/(\w+)/", route)
    row = apps.get_model(model[1], model[2])._default_manager.order_by("pk").first() if model else None
    key = str(row.pk) if row else "1"
    history = str(row.history.first().pk) if row is not None and hasattr(row, "history") else "1"
    route = route.replace("([^/]+)/history/([^/]+)", f"{key}/history/{history}")
    route = route.replace("(?P<app_label>journal|guidance)", "guidance").replace("(?P<url>.*)", "nothing-here")
    route = route.replace("(?P<uidb36>[0-9A-Za-z]+)", "1a").replace("(?P<key>.+)", "no-such-key")
    samples = {"path": key, "int": key, "slug": "a-slug", "str": "text"}
    route = re.sub(r"<(?:(\w+):)?\w+>", lambda variable: samples[variable[1] or "str"], route)
    return re.sub(r"[\^$]|\\Z", "", route)


def statuses(client: Client, name: str) -> Iterator[tuple[str, HttpResponse]]:
    for path in fill_package(name):
        for method in ("GET", "POST"):
            with transaction.atomic():
                yield f"{method} {path}", send(client, method, path)
                transaction.set_rollback(True)


def test_every_address_of_a_package_can_be_filled(cast: dict[str, User | None]) -> None:
    for name in names(*PACKAGES):
        assert fill_package(name), name
    unnamed = [
        route for name, _, route in urlconf() if name.rpartition(":")[2] == "" and not route.startswith("admin/")
    ]
    assert unnamed == []
    for name in names("account_", "mfa_", "usersessions_"):
        try:
            reverse(name)
        except NoReverseMatch:
            assert name in ("account_reset_password_from_key", "mfa_remove_webauthn", "mfa_edit_webauthn"), name


@pytest.mark.parametrize("person", [person for person in PEOPLE if person not in ("curator", "superuser")])
def test_the_desk_is_closed_to_everybody_but_staff(
    person: str, cast: dict[str, User | None], sign_in: Callable[..., Client]
) -> None:
    to_log_in = {reverse("account_login"), reverse("admin:login"), reverse("admin:index")}
    for name in names("admin:"):
        client = sign_in(cast[person])
        for what, response in statuses(client, name):
            if response.status_code == 302:
                assert response.headers["Location"].split("?")[0] in to_log_in, f"{person}: {what}"
            else:
                assert response.status_code == 403 and person != "anonymous", f"{person}: {what} {response.status_code}"


def test_the_desk_shows_a_curator_guidance_and_no_account(
    curator: User, cast: dict[str, User | None], sign_in: Callable[..., Client]
) -> None:
    for name in names("admin:"):
        client = sign_in(curator)
        for what, response in statuses(client, name):
            assert response.status_code < 500, what
            if name.startswith("admin:journal_"):
                assert response.status_code == 403, what
            elif name.endswith("_changelist") and what.startswith("GET"):
                assert response.status_code == 200, what


def test_the_desk_never_shows_a_family_to_a_superuser(
    superuser: User, cast: dict[str, User | None], moment: Any, said: Any, sign_in: Callable[..., Client]
) -> None:
    for name in names("admin:"):
        client = sign_in(superuser)
        for what, response in statuses(client, name):
            assert response.status_code < 500, what
            text = getattr(response, "content", b"").decode()
            assert not any(private in text for private in (said.words, said.child, said.chip, str(moment.code))), what
    assert sign_in(superuser).get(reverse("admin:journal_user_changelist")).status_code == 200


@pytest.mark.parametrize("name", names("account_", "mfa_", "usersessions_"))
def test_allauths_pages_are_open_or_lead_to_the_log_in(
    name: str, cast: dict[str, User | None], moment: Any, said: Any, sign_in: Callable[..., Client]
) -> None:
    for person, user in cast.items():
        for what, response in statuses(sign_in(user), name):
            assert response.status_code < 500, f"{person}: {what}"
            if person == "anonymous" and name not in OPEN_TO_ALL:
                assert answered(response) == "login", f"{what}: {response.status_code}"
            elif person == "anonymous":
                assert response.status_code in (200, 302, 404, 405), f"{what}: {response.status_code}"
            text = getattr(response, "content", b"").decode()
            assert not any(private in text for private in (said.words, said.child, said.chip)), f"{person}: {what}"
