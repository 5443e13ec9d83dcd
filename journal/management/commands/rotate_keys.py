from typing import Any

from django.core.management.base import BaseCommand, CommandError

from journal import keys


class Command(BaseCommand):
    help = "Put every encrypted text under the first key of FIELD_KEYS; the older keys can go afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys.check()
            done = keys.rotate()
        except keys.KeyTrouble as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            for label, rows in done.items():
                self.stdout.write(f"{label}: {rows}")
            self.stdout.write("Everything is under the first key. Older keys can go once no backup needs them.")
