import datetime as dt
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from journal import moments

UNDO = dt.timedelta(minutes=30)


class Command(BaseCommand):
    help = "What must happen every day: erase deleted moments, forget expired sessions. Harmless to run more often."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        erased = moments.erase_deleted(now - UNDO)
        call_command("clearsessions")
        # The list of a user's log-ins holds addresses of machines: it goes with the session it was about. A session
        # just begun may not be stored yet, hence the day of grace.
        gone = UserSession.objects.filter(created_at__lt=now - dt.timedelta(days=1)).exclude(
            session_key__in=Session.objects.values("session_key")
        )
        forgotten, _ = gone.delete()
        if options["verbosity"]:
            self.stdout.write(f"erased {erased} moments, forgot {forgotten} ended sessions")
