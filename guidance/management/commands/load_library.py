from typing import Any

from django.core.management.base import BaseCommand

from guidance.shipping import load_library


class Command(BaseCommand):
    help = "Load the shipped library into the database; an unchanged library changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        written = load_library()
        if options["verbosity"]:
            self.stdout.write(f"library: {written} rows written" if written else "library: unchanged")
