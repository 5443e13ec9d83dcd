from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guidance.models import Signal
from journal import demo


class Command(BaseCommand):
    help = "Load the made-up demonstration family and its curator, in development only; once there, nothing changes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--logins", action="store_true", help="Print the log-ins.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demonstration data is for development only (DEBUG and DEMO).")
        if demo.exists():
            said = "demo: already there"
        elif not Signal.objects.exists():
            raise CommandError("The library is empty. Run load_library first.")
        else:
            said = f"demo: {demo.load()} made-up moments recorded"
        if options["logins"]:
            self.stdout.write(f"made-up parent: {demo.PARENT} {demo.PASSWORD}")
            self.stdout.write(f"made-up therapist: {demo.THERAPIST} {demo.PASSWORD}")
            self.stdout.write(f"made-up curators: {demo.CURATOR} and {demo.SECOND_CURATOR} {demo.PASSWORD}")
            self.stdout.write(
                f"therapist and curators need a second step: {demo.second_step_now()} now "
                f"(key {demo.SECOND_STEP} for an authenticator app)"
            )
        elif options["verbosity"]:
            self.stdout.write(said)
