import datetime as dt
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone
from django_tasks import default_task_backend
from django_tasks_db import DatabaseBackend

from journal import invitations, jobs, moments, sharing, unmet

UNDO = dt.timedelta(minutes=30)


class Command(BaseCommand):
    help = (
        "What must happen every day: erase deleted moments, forget what has ended, announce shares that end soon, "
        "queue the weekly mails, and count for the curators what families lacked. Harmless to run more often."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        erased = moments.erase_deleted(now - UNDO)
        invitations.forget_old(now - invitations.KEPT)
        ending = sharing.announce_ends(now)
        digests = jobs.send_digests(now)
        cells = unmet.count(now)
        call_command("clearsessions")
        if isinstance(default_task_backend, DatabaseBackend):
            call_command("prune_db_task_results", verbosity=0)
        # The list of a user's log-ins holds addresses of machines: it goes with the session it was about. A session
        # just begun may not be stored yet, hence the day of grace.
        gone = UserSession.objects.filter(created_at__lt=now - dt.timedelta(days=1)).exclude(
            session_key__in=Session.objects.values("session_key")
        )
        forgotten, _ = gone.delete()
        if options["verbosity"]:
            self.stdout.write(
                f"erased {erased} moments, forgot {forgotten} ended sessions, "
                f"announced {ending} ending shares, queued {digests} digests, "
                f"kept {cells} cells of unmet need"
            )
