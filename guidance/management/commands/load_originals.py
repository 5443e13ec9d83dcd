from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from guidance import originals


class Command(BaseCommand):
    help = "Load the founding documents, by those who hold them: plain text in UTF-8, named by source, as slug.txt."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Each file for itself: one that is refused keeps no other from being loaded."""
        names = {slug: f"{slug}.txt" for slug in originals.known()}
        try:
            there = {path.name: path for path in options["directory"].iterdir()}
        except OSError as error:
            told = {"path": options["directory"], "why": error.strerror}
            raise CommandError(_("The directory %(path)s cannot be read: %(why)s.") % told) from error
        if there.keys().isdisjoint(names.values()):
            raise CommandError(
                _("None of the files is there. They are called: %(names)s.") % {"names": ", ".join(names.values())}
            )
        refused = 0
        for slug, name in names.items():
            try:
                self.stdout.write(f"{slug}: {_load(slug, there[name]) if name in there else _('not there')}")
            except originals.Refused as why:
                refused += 1
                self.stderr.write(_("%(slug)s: refused. %(why)s") % {"slug": slug, "why": why})
        if refused:
            raise CommandError(_("Refused: %(number)s. What was loaded before stays.") % {"number": refused})


def _load(slug: str, path: Path) -> str:
    return _("loaded") if originals.load(slug, originals.read(path)) else _("unchanged")
