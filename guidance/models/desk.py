"""What the desk keeps beside the guidance: test cases, added risk phrases, originals, and what families lacked."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from .library import Passage, Response, Signal, Source, plain_text


class BenchCase(models.Model):
    """A made-up situation, and the passages that should come among the three."""

    class HardPlace(models.TextChoices):
        UNKNOWN = "unknown", _("not known")
        YES = "yes", _("a hard place")
        NO = "no", _("no hard place")

    name = models.CharField(max_length=120, unique=True)
    words = models.TextField(
        max_length=3000, blank=True, help_text=_("Made up at the desk, never copied from a family.")
    )
    signals = models.ManyToManyField(Signal, blank=True, related_name="+", verbose_name=_("chips"))
    age_months = models.PositiveSmallIntegerField(null=True, blank=True, verbose_name=_("age in months"))
    hard_place = models.CharField(
        max_length=10, choices=HardPlace, default=HardPlace.UNKNOWN, verbose_name=_("hard place")
    )
    great_intensity = models.BooleanField(default=False, verbose_name=_("as big as it gets"))
    still_going = models.BooleanField(default=False, verbose_name=_("still going"))
    passages = models.ManyToManyField(
        Passage, related_name="+", help_text=_("Each of these should come among the three.")
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    added_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(m2m_fields=[signals, passages])

    class Meta:
        ordering = ("name",)
        verbose_name = _("test case")

    def __str__(self) -> str:
        return self.name


class RiskPhrase(models.Model):
    """A phrase that the desk adds to the shipped ones; it counts once a second curator has approved it."""

    class Level(models.TextChoices):
        URGENT = "urgent", _("urgent: help comes first")
        CONCERN = "concern", _("concern: a gentle note")
        SOFT = "soft", _("only ask if everyone is safe")
        UNLESS = "unless", _("harmless: drops what it overlaps")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("approved")
        RETIRED = "retired", _("retired")

    kind = models.SlugField(max_length=40, help_text=_("The sort of danger."))
    level = models.CharField(max_length=10, choices=Level)
    phrase = models.CharField(
        max_length=200,
        validators=[plain_text],
        help_text=_(
            "Words in a row, small letters; word* begins so; a|b is one of these; .. stands for up to 3 words."
        ),
    )
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED, editable=False)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    proposed_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(name="risk_phrase_once", fields=["kind", "level", "phrase"])]

    def __str__(self) -> str:
        return self.phrase


class Original(models.Model):
    """The text of a founding document, loaded by whoever holds it; a paragraph a line."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="original")
    text = models.TextField()
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    loaded_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return str(self.source)


# What families lacked, and how they took what was shown: numbers of families, counted by the journal and handed over.


class TallyRun(models.Model):
    """One row: when the journal last counted."""

    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.counted_at)


class UnmetNeed(models.Model):
    """In how many families something with this signal was met with nothing, or with "not us".

    With neither age nor history it is the whole of its signal. Fewer families than five are never kept."""

    class Why(models.TextChoices):
        NOTHING = "nothing", _("nothing fitted")
        NOT_US = "not_us", _("“not us”")

    why = models.CharField(max_length=10, choices=Why)
    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="unmet")
    age_band = models.CharField(max_length=20, blank=True)
    history = models.CharField(max_length=10, blank=True)
    families = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="unmet_once_a_cell", fields=["why", "signal", "age_band", "history"]),
            models.CheckConstraint(name="unmet_five_families_at_least", condition=Q(families__gte=5)),
        ]

    def __str__(self) -> str:
        return f"{self.signal_id} {self.age_band} {self.history}"


class Reception(models.Model):
    """In how many families a passage or response was shown, helped, or was "not us"; empty where fewer than five."""

    passage = models.OneToOneField(Passage, on_delete=models.CASCADE, null=True, blank=True, related_name="reception")
    response = models.OneToOneField(Response, on_delete=models.CASCADE, null=True, blank=True, related_name="reception")
    shown = models.PositiveIntegerField(null=True, blank=True)
    helped = models.PositiveIntegerField(null=True, blank=True)
    not_us = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reception_of_one_thing",
                condition=Q(passage__isnull=False, response=None) | Q(passage=None, response__isnull=False),
            ),
            models.CheckConstraint(
                name="reception_five_families_at_least",
                condition=(Q(shown=None) | Q(shown__gte=5))
                & (Q(helped=None) | Q(helped__gte=5))
                & (Q(not_us=None) | Q(not_us__gte=5)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.passage or self.response)
