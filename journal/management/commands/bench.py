import json
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guidance.management.commands.match_moments import situation_of
from guidance.matching import match
from guidance.matching.load import current_library
from guidance.shipping import SHIPPED
from journal import families
from journal.models import Moment, User

FIGURES = "figures of design section 6 that exist so far; medians, one process, this machine"


class Command(BaseCommand):
    help = "Print the product's figures. Everything it writes is rolled back."

    def handle(self, *args: Any, **options: Any) -> None:
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        self.stdout.write(FIGURES)
        self._matching()
        with transaction.atomic():
            self._pages()
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

    def _line(self, what: str, times: list[float]) -> None:
        ordered = sorted(times)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        self.stdout.write(f"{what}: p50 {statistics.median(ordered):.2f} ms, p99 {p99:.2f} ms ({len(ordered)} runs)")


def _times(act: Callable[[Any], object], inputs: Any) -> list[float]:
    """Milliseconds for each input."""
    found = []
    for one in inputs:
        start = time.perf_counter()
        act(one)
        found.append((time.perf_counter() - start) * 1000)
    return found
