"""The cast, and the database they live in: SQLite, or with TEST_POSTGRES=1 a real PostgreSQL."""

import datetime as dt
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from guidance import curation, shipping
from guidance.matching import load
from guidance.models import LibraryVersion, Passage, Signal, Source, Wording
from guidance.shipping import load_library
from journal import families, moments
from journal.models import Caregiver, Child, Moment, OwnChip, Share, SuggestionItem, User
from tests import postgres
from tests.browser import browser_for_tests, open_page  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
WORDS = "Zebra afternoon: she slammed the door and pushed me away."
CHILD = "Quillon"
CHIP = "lost the blue rabbit"


# The database


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: walks through the product in Chromium")
    config.addinivalue_line("filterwarnings", "ignore:No directory at")  # nothing is collected for tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = os.environ.get("TEST_POSTGRES_MISSING")
    for item in items if missing else ():
        item.add_marker(pytest.mark.skip(reason=missing))


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {settings.DATABASES['default']['ENGINE'].rsplit('.', 1)[-1]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = os.environ.get("TEST_POSTGRES_MISSING")
    if missing:
        terminalreporter.write_line(f"!!!! NOT TESTED ON POSTGRESQL: {missing} !!!!", red=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    postgres.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """The shipped library, loaded once into each worker's database."""
    with django_db_blocker.unblock():
        load_library()
        _SHIPPED[:] = [(model, list(model._base_manager.all())) for model in _library_tables()]
    yield


_SHIPPED: list[tuple[type[Model], list[Model]]] = []


def _library_tables() -> list[type[Model]]:
    return list(apps.get_app_config("guidance").get_models(include_auto_created=True))


def _put_library() -> None:
    """The rows as they were shipped: a browser test leaves an empty database behind, and loading takes seconds."""
    with transaction.atomic():
        for model, rows in _SHIPPED:
            model._base_manager.all().delete()
            model._base_manager.bulk_create(rows)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), _library_tables()):
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> Iterator[None]:
    """No rate limit, no library from another test; the library again where a browser test has emptied the database."""
    cache.clear()
    marked = request.node.get_closest_marker("django_db")
    if marked or {"db", "transactional_db", "live_server"} & set(request.fixturenames):
        transactional = "live_server" in request.fixturenames or bool(marked and marked.kwargs.get("transaction"))
        request.getfixturevalue("transactional_db" if transactional else "db")
        if not Source.objects.exists():
            _put_library()
            load._kept = None
        version = LibraryVersion.objects.get().number
        if load._kept is not None and load._kept.version != version:
            load._kept = None
    yield


# The cast


def _user(name: str, **fields: object) -> User:
    return User.objects.create_user(f"{name}@example.org", "a long enough password", country="GB", **fields)


@pytest.fixture
def parent(db: None) -> User:
    """A parent with one child, an own chip and (where asked for) a saved moment."""
    user = _user("parent")
    families.add_child(by=user, name=CHILD, pronouns="they/them")
    return user


@pytest.fixture
def child(parent: User) -> Child:
    return Child.objects.get(family__caregivers__user=parent)


@pytest.fixture
def own_chip(parent: User) -> OwnChip:
    return OwnChip.objects.create(owner=parent, label=CHIP)


@pytest.fixture
def co_parent(child: Child) -> User:
    """Another parent of the same family."""
    user = _user("co-parent")
    Caregiver.objects.create(user=user, family=child.family, role=Caregiver.Role.PARENT)
    return user


@pytest.fixture
def recorder(child: Child, parent: User) -> User:
    """A sitter who logs for the parent."""
    user = _user("recorder")
    Caregiver.objects.create(user=user, family=child.family, role=Caregiver.Role.RECORDER, invited_by=parent)
    return user


@pytest.fixture
def stranger(db: None) -> User:
    """A parent of another family."""
    user = _user("stranger")
    families.add_child(by=user, name="Wendeline")
    return user


def give_share(therapist: User, parent: User, child: Child, **fields: object) -> Share:
    """A share as an accepted invitation leaves it, from ninety days ago, words included, for ninety days."""
    terms = {
        "from_date": timezone.localdate() - dt.timedelta(days=90),
        "until": timezone.now() + dt.timedelta(days=90),
        "includes_words": True,
    }
    User.objects.filter(pk=therapist.pk).update(is_therapist=True)
    return Share.objects.create(owner=parent, therapist=therapist, child=child, **(terms | fields))


def second_factor(user: User) -> None:
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")


@pytest.fixture
def therapist(parent: User, child: Child) -> User:
    """Holds a live share of the parent's moments, words included, and has a second factor."""
    user = _user("therapist", is_therapist=True)
    second_factor(user)
    give_share(user, parent, child)
    return user


@pytest.fixture
def share(therapist: User) -> Share:
    """The therapist's live share, words included."""
    return Share.objects.get(therapist=therapist)


@pytest.fixture
def taps_therapist(parent: User, child: Child) -> User:
    """Holds a live share of the parent's moments without their words."""
    user = _user("taps", is_therapist=True)
    second_factor(user)
    give_share(user, parent, child, includes_words=False)
    return user


@pytest.fixture
def revoked_therapist(parent: User, child: Child) -> User:
    """Held a share that the parent has taken back."""
    user = _user("revoked", is_therapist=True)
    second_factor(user)
    give_share(user, parent, child, revoked_at=timezone.now())
    return user


@pytest.fixture
def curator(db: None) -> User:
    user = _user("curator", is_staff=True)
    second_factor(user)
    return user


@pytest.fixture
def second_curator(db: None) -> User:
    """Another curator: nobody approves what they typed at themselves."""
    user = _user("second-curator", is_staff=True)
    second_factor(user)
    return user


@pytest.fixture
def superuser(db: None) -> User:
    user = User.objects.create_superuser("super@example.org", "a long enough password", country="GB")
    second_factor(user)
    return user


PEOPLE = (
    "anonymous", "stranger", "parent", "co_parent", "recorder", "therapist", "taps", "revoked", "curator", "superuser",
)  # fmt: skip


@pytest.fixture
def cast(
    stranger: User, parent: User, co_parent: User, recorder: User, therapist: User, taps_therapist: User,
    revoked_therapist: User, curator: User, superuser: User,
) -> dict[str, User | None]:  # fmt: skip
    """Everybody, by name; nobody is signed in as "anonymous"."""
    family = (parent, co_parent, recorder)
    therapists = (therapist, taps_therapist, revoked_therapist)
    return dict(zip(PEOPLE, (None, stranger, *family, *therapists, curator, superuser), strict=True))


@pytest.fixture
def sign_in() -> Callable[[User | None], Client]:
    """A browser in which somebody is signed in, or nobody."""

    def browser(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return browser


@pytest.fixture
def parents(parent: User, sign_in: Callable[[User | None], Client]) -> Client:
    """The parent's own browser."""
    return sign_in(parent)


# What they made


def log(author: User, child: Child, *signals: str, words: str = "", days_ago: float = 0, **details: object) -> Moment:
    """A moment recorded as the product records it."""
    return moments.record(
        author=author,
        child=child,
        client_key=uuid.uuid4(),
        signals=list(Signal.objects.filter(slug__in=signals)),
        words=words,
        **({"when": "date", "happened_at": timezone.now() - dt.timedelta(days=days_ago), "zone": "UTC"} | details),
    )


@pytest.fixture
def moment(parent: User, child: Child, own_chip: OwnChip) -> Moment:
    """The parent's saved moment with the guidance that was shown."""
    saved = log(parent, child, "pushed_away", "refused_comfort", words=WORDS, own_chips=[own_chip])
    assert SuggestionItem.objects.filter(suggestion__moment=saved).exists(), "the moment came back without guidance"
    return saved


def text_of(
    slug: str, *, by: User, state: str = "draft", reviewer: User | None = None, text: str = "Knock, and wait."
) -> Wording:
    """A text of a passage, written at the desk and moved as far as said through the curator's verbs."""
    wording = curation.write(Passage.objects.get(slug=slug), by=by, title="A closed door", text=text)
    for reached in ("in_review", "approved", "retired")[: Wording.State.values.index(state)]:
        if reached == "in_review":
            curation.submit(wording, by=by)
        elif reached == "approved":
            curation.approve(wording, by=reviewer)
        else:
            curation.retire(wording, by=by)
    wording.refresh_from_db()
    return wording


@pytest.fixture
def deleted_moment(parent: User, child: Child) -> Moment:
    saved = log(parent, child, "ran_off", words="Deleted again.")
    moments.delete(saved, by=parent)
    return saved


@pytest.fixture
def suggested(moment: Moment) -> SuggestionItem:
    return SuggestionItem.objects.filter(suggestion__moment=moment).order_by("position")[0]


@pytest.fixture
def form(child: Child) -> dict[str, object]:
    """A log form as a browser sends it: one chip and Save."""
    return {"client_key": str(uuid.uuid4()), "child": str(child.code), "signals": ["pushed_away"], "when": "just_now"}


@pytest.fixture
def said() -> SimpleNamespace:
    """The words that stand in the rows above and nowhere else."""
    return SimpleNamespace(words=WORDS, child=CHILD, chip=CHIP)


@pytest.fixture
def own_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the shipped files that a test may change."""
    copy = tmp_path / "library"
    shutil.copytree(shipping.SHIPPED, copy)
    monkeypatch.setattr(shipping, "SHIPPED", copy)
    return copy
