"""Countries for help lines, and a first guess from the browser's language."""

from functools import cache
from importlib import resources

from django.http import HttpRequest
from django.utils.translation import gettext as _

# ISO 3166 codes with English names; "" is "somewhere else".
NAMES = {
    "AU": "Australia", "AT": "Austria", "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CZ": "Czechia",
    "DK": "Denmark", "FI": "Finland", "FR": "France", "DE": "Germany", "GR": "Greece", "HK": "Hong Kong",
    "HU": "Hungary", "IN": "India", "IE": "Ireland", "IL": "Israel", "IT": "Italy", "JP": "Japan", "KE": "Kenya",
    "MX": "Mexico", "NL": "Netherlands", "NZ": "New Zealand", "NG": "Nigeria", "NO": "Norway", "PH": "Philippines",
    "PL": "Poland", "PT": "Portugal", "RO": "Romania", "SG": "Singapore", "ZA": "South Africa", "ES": "Spain",
    "SE": "Sweden", "CH": "Switzerland", "TR": "Türkiye", "UA": "Ukraine", "AE": "United Arab Emirates",
    "GB": "United Kingdom", "US": "United States",
}  # fmt: skip


def country_choices() -> list[tuple[str, str]]:
    return [("", _("Somewhere else")), *NAMES.items()]


def guess_country(request: HttpRequest) -> str:
    """The country of the first browser language that names one ("en-GB"), or ""."""
    for part in request.headers.get("Accept-Language", "").split(","):
        pieces = part.split(";")[0].strip().split("-")
        if len(pieces) > 1 and pieces[-1].upper() in NAMES:
            return pieces[-1].upper()
    return ""


@cache
def _first_zones() -> dict[str, str]:
    """The first time zone that the zone database lists for each country."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[0]: row[2] for row in reversed(rows)}


def guess_time_zone(country: str) -> str:
    """A zone of the country, to be corrected by the browser or the parent; UTC where nothing is known."""
    return _first_zones().get(country, "UTC")
