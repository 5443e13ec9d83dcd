import datetime as dt
import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from guidance.management.commands.match_moments import situation_of
from guidance.matching import match
from guidance.matching.load import current_library
from guidance.models import LibraryVersion, Passage, Signal, Weight, Wording
from guidance.shipping import SHIPPED
from journal import families
from journal.models import Attempt, Moment, MomentSignal, Share, Suggestion, SuggestionItem, User

PASSAGES = 5_035
SHARED = 10_000
FAMILIES = 200
WORDS = "He shoved me off and ran to his room. I stood there and I snapped at him, and then I went after him."
COLD = """
import pathlib, time, django
django.setup()
from guidance import safety
from guidance.matching import Situation, match
from guidance.matching.load import current_library
def held():
    pages = pathlib.Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 if pages.exists() else 0
before = held()
start = time.perf_counter()
words = "he pushed me away and ran off"
match(Situation(words=words, risk=safety.judge([words])), current_library())
print(time.perf_counter() - start, before, held())
"""
FIGURES = "figures of design section 6 that exist so far; medians, one process, this machine"


class Command(BaseCommand):
    help = "Print the product's figures. Everything it writes is rolled back."

    def handle(self, *args: Any, **options: Any) -> None:
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        self.stdout.write(FIGURES)
        self._matching()
        with transaction.atomic():
            self._pages()
            self._practice()
            self._desk()
            transaction.set_rollback(True)

    def _matching(self) -> None:
        lines = (SHIPPED / "judged" / "moments.jsonl").read_text(encoding="utf-8").splitlines()
        library = current_library()
        asked = [json.loads(line) for line in lines]
        judging = _times(lambda line: situation_of(line), asked * 4)
        situations = [situation_of(line | {"chips": line["signals"]}) for line in asked]
        matching = _times(lambda situation: match(situation, library), situations * 10)
        self._line("one match, words and chips", matching)
        self._line("risk of one text", judging)
        many = replace(
            library,
            passages=tuple(
                replace(one, slug=f"{one.slug}-{copy}") for copy in range(PASSAGES // 53) for one in library.passages
            ),
        )
        match(situations[0], many)
        grown = _times(lambda situation: match(situation, many), situations * 2)
        self._line(f"one match among {len(many.passages)} passages", grown)
        self._cold_start()

    def _cold_start(self) -> None:
        """A fresh process: how long until the first match, and what the models and the library weigh."""
        answer = subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True, check=True)  # noqa: S603
        seconds, before, after = answer.stdout.split()
        self.stdout.write(
            f"cold start: library and models loaded and one match in {float(seconds) * 1000:.0f} ms, "
            f"{(int(after) - int(before)) / 1e6:.0f} MB"
        )

    def _pages(self) -> None:
        user = User.objects.create_user(f"bench-{uuid.uuid4()}@example.org")
        child = families.add_child(by=user, name="B")
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])

        def save(_number: int) -> None:
            form = {
                "client_key": str(uuid.uuid4()),
                "child": str(child.code),
                "signals": ["pushed_away", "limit_set"],
                "when": "just_now",
                "words": "he shoved me off and ran to his room, i snapped",
            }
            answer = client.post("/moments/new/", form, follow=True)
            if answer.status_code != 200:
                raise RuntimeError(f"saving answered {answer.status_code}")

        save(0)
        self._line("save a moment and show guidance", _times(save, range(60)))
        with CaptureQueriesContext(connection) as queries:
            client.get("/moments/")
        self.stdout.write(f"timeline of {Moment.objects.filter(owner=user).count()} moments: {len(queries)} queries")
        self._line("timeline of 50 moments", _times(lambda _number: client.get("/moments/"), range(20)))
        self.stdout.write(f"({timezone.now():%Y-%m-%d}, {connection.vendor})")

    def _practice(self) -> None:
        """Ten thousand shared moments: of one child, for the brief, and of two hundred families, for the caseload."""
        therapist = User.objects.create_user(f"bench-{uuid.uuid4()}@example.org", is_therapist=True)
        Authenticator.objects.create(user=therapist, type=Authenticator.Type.TOTP, data={})
        client = Client()
        client.force_login(therapist, backend=settings.AUTHENTICATION_BACKENDS[0])
        one = _shared(therapist, SHARED)
        self._asked("brief of", client, reverse("brief", args=[one.code]))
        one.delete()
        for _family in range(FAMILIES):
            _shared(therapist, SHARED // FAMILIES)
        self._asked(f"caseload of {FAMILIES} families,", client, reverse("caseload"))

    def _desk(self) -> None:
        """The curators' bench among as many passages: a situation and a change of a weight, with its effect."""
        passages = list(Passage.objects.select_related("current").prefetch_related("weights"))
        for copy in range(PASSAGES // len(passages) - 1):
            _copy(passages, f"-{copy}")
        LibraryVersion.raise_by_one()
        curator = User.objects.create_user(f"bench-{uuid.uuid4()}@example.org", is_staff=True)
        Authenticator.objects.create(user=curator, type=Authenticator.Type.TOTP, data={})
        client = Client()
        client.force_login(curator, backend=settings.AUTHENTICATION_BACKENDS[0])
        asked = {"words": WORDS, "signals": ["pushed_away"], "age_months": 48, "hard_place": "unknown"}
        change = {"passage": passages[0].pk, "feature": "pushed_away", "weight": "2.5"}
        for what, sent in (("a situation", asked), ("a weight and its effect", asked | change)):
            times = _times(partial(self._try, client, sent), range(11))
            self._line(f"the bench among {Passage.objects.count()} passages, {what}, first {times[0]:.0f} ms", times)

    def _try(self, client: Client, sent: dict[str, Any], _number: int) -> None:
        if client.post(reverse("admin:guidance_bench"), sent).status_code != 200:
            raise RuntimeError("the bench did not answer")

    def _asked(self, what: str, client: Client, path: str) -> None:
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        count = len(queries.captured_queries)
        times = _times(lambda _number: client.get(path), range(45))
        self._line(f"{what} {SHARED} shared moments, {count} queries", times)

    def _line(self, what: str, times: list[float]) -> None:
        ordered = sorted(times)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        self.stdout.write(f"{what}: p50 {statistics.median(ordered):.2f} ms, p99 {p99:.2f} ms ({len(ordered)} runs)")


def _copy(passages: list[Passage], suffix: str) -> None:
    """The passages again under other slugs, with their texts and weights."""
    made = Passage.objects.bulk_create(
        Passage(
            slug=one.slug + suffix,
            source_id=one.source_id,
            first_paragraph=one.first_paragraph,
            last_paragraph=one.last_paragraph,
            audience=one.audience,
            stance=one.stance,
            frame=one.frame,
        )
        for one in passages
    )
    texts = Wording.objects.bulk_create(
        Wording(passage=new, title=one.title, text=one.text, state=Wording.State.IN_REVIEW)
        for one, new in zip(passages, made, strict=True)
    )
    for new, text in zip(made, texts, strict=True):
        new.current = text
    Passage.objects.bulk_update(made, ["current"])
    Weight.objects.bulk_create(
        Weight(passage=new, signal_id=weight.signal_id, condition=weight.condition, fitted=weight.fitted)
        for one, new in zip(passages, made, strict=True)
        for weight in one.weights.all()
    )


def _shared(therapist: User, how_many: int) -> Share:
    """One family whose parent shares its moments, words included."""
    parent = User.objects.create_user(f"bench-{uuid.uuid4()}@example.org")
    child = families.add_child(by=parent, name="B")
    now = timezone.now()
    signals = list(Signal.objects.order_by("order")[:12])
    moments = Moment.objects.bulk_create(
        Moment(
            child=child,
            author=parent,
            owner=parent,
            when="date",
            happened_at=now - dt.timedelta(hours=7 * number),
            zone="UTC",
            day=(now - dt.timedelta(hours=7 * number)).date(),
            words=WORDS,
            reconnected="5_15",
            parent_state="tense",
            for_therapy=number % 50 == 0,
            risk_level="concern" if number % 40 == 0 else "none",
        )
        for number in range(how_many)
    )
    MomentSignal.objects.bulk_create(
        MomentSignal(moment=moment, signal=signals[(number + place) % len(signals)], state="tapped")
        for number, moment in enumerate(moments)
        for place in range(3)
    )
    Attempt.objects.bulk_create(Attempt(moment=moment, what="stayed_near", outcome="helped") for moment in moments)
    suggestions = Suggestion.objects.bulk_create(
        Suggestion(moment=moment, number=1, stance="near", risk_level="none", history="near", library_version=1)
        for moment in moments
    )
    wordings = list(Wording.objects.exclude(passage=None)[:20])
    SuggestionItem.objects.bulk_create(
        SuggestionItem(suggestion=one, position=place, wording=wordings[(number + place) % len(wordings)])
        for number, one in enumerate(suggestions)
        for place in range(3)
    )
    share = Share.objects.create(
        owner=parent,
        therapist=therapist,
        child=child,
        from_date=moments[-1].day,
        includes_words=True,
        until=now + dt.timedelta(days=90),
    )
    share.appointments.create(on=moments[how_many // 2].day)
    return share


def _times(act: Callable[[Any], object], inputs: Any) -> list[float]:
    """Milliseconds for each input."""
    found = []
    for one in inputs:
        start = time.perf_counter()
        act(one)
        found.append((time.perf_counter() - start) * 1000)
    return found
