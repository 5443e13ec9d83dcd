from typing import Any

from django.core.management.base import BaseCommand, CommandError

from journal import keys


class Command(BaseCommand):
    help = "Check that FIELD_KEYS can read this database; run after migrate, at every start."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys.check()
        except keys.KeyTrouble as error:
            raise CommandError(str(error)) from error
        if options["verbosity"] > 1:
            self.stdout.write("keys: right")
