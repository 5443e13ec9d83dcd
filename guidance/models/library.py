"""What is known: sources, passages, responses and their wordings, signals and weights, help lines."""

import datetime as dt
import html
import math
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from ..matching.ranking import CONDITIONS
from ..matching.values import Gate

# Something that a browser would take for HTML: a tag, a comment, or a character by its code.
MARKUP = re.compile(r"</?[A-Za-z!][^<>]{0,60}>?|&#?\w{1,20};")


class Source(models.Model):
    class Kind(models.TextChoices):
        FOUNDING = "founding", _("founding document")
        SAFETY = "safety", _("checked public source")

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    author = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=300, blank=True)
    kind = models.CharField(max_length=10, choices=Kind)
    history = HistoricalRecords()

    def __str__(self) -> str:
        return self.title


class Signal(models.Model):
    class Group(models.TextChoices):
        CHILD = "child", _("what your child did")
        AROUND = "around", _("what was going on")
        AFTER = "after", _("how it went on")
        PARENT = "parent", _("about me")

    slug = models.SlugField(unique=True)
    group = models.CharField(max_length=10, choices=Group)
    label = models.CharField(max_length=60, help_text=_("The chip, in a parent's words."))
    seen = models.CharField(max_length=120, help_text=_("How it reads in a reason: “they pushed you away”."))
    order = models.PositiveSmallIntegerField(default=0)
    is_judged = models.BooleanField(default=True, help_text=_("Part of the judged vocabulary."))
    is_good = models.BooleanField(default=False, help_text=_("Coming back together, or a good moment."))
    under_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Offered below this age only."))
    phrases = models.TextField(blank=True, help_text=_("How parents write it, one phrase a line."))
    history = HistoricalRecords()

    def __str__(self) -> str:
        return self.label


class StanceChoice(models.TextChoices):
    SPACE = "space", _("space: stay near, let the child come")
    CLOSER = "closer", _("closer: move in gently")


class Passage(models.Model):
    class Audience(models.TextChoices):
        PARENT = "parent", _("parents")
        BOTH = "both", _("parents and therapists")
        THERAPIST = "therapist", _("therapists")

    class Frame(models.TextChoices):
        PRACTICE = "practice", _("learning to calm alone")
        LOSS = "loss", _("early hurt")

    slug = models.SlugField(unique=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="passages")
    first_paragraph = models.PositiveSmallIntegerField()
    last_paragraph = models.PositiveSmallIntegerField()
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.PARENT)
    stance = models.CharField(max_length=10, choices=StanceChoice, blank=True)
    frame = models.CharField(max_length=10, choices=Frame, blank=True)
    offers = models.SlugField(
        blank=True,
        help_text=_("A word for what it offers. Of passages with the same word only one stands among the three shown."),
    )
    quoted = models.CharField(max_length=100, blank=True, help_text=_("Whose words the passage reports."))
    current = models.ForeignKey(
        "Wording", on_delete=models.PROTECT, null=True, blank=True, related_name="current_passages", editable=False
    )
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="passage_paragraphs_in_order",
                condition=Q(last_paragraph__gte=F("first_paragraph")),
                violation_error_message=_("The last paragraph comes before the first."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.slug}: {self.title}"

    @property
    def title(self) -> str:
        return self.current.title if self.current else ""

    @property
    def text(self) -> str:
        return self.current.text if self.current else ""


class Response(models.Model):
    class Phase(models.TextChoices):
        NOW = "now", _("now")
        WAITING = "waiting", _("while you wait")
        AFTERWARDS = "afterwards", _("afterwards")
        FOR_YOU = "for_you", _("for you")

    class Kind(models.TextChoices):
        SAY = "say", _("say")
        DO = "do", _("do")

    class HardPlace(models.TextChoices):
        YES = "yes", _("only for a child from a hard place")
        NO = "no", _("only for an ordinary history")

    slug = models.SlugField(unique=True, max_length=80)
    phase = models.CharField(max_length=10, choices=Phase)
    kind = models.CharField(max_length=5, choices=Kind)
    passages = models.ManyToManyField(Passage, blank=True, related_name="responses")
    source = models.ForeignKey(
        Source,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="responses",
        help_text=_("For safety advice that the founding documents do not give."),
    )
    signals = models.ManyToManyField(
        Signal, blank=True, related_name="responses", help_text=_("Where given, one of them must be there.")
    )
    risks = models.JSONField(
        default=list,
        blank=True,
        help_text=_("Kinds of risk. Where signals or kinds are given, one of either must hold."),
    )
    stance = models.CharField(max_length=10, choices=StanceChoice, blank=True)
    hard_place = models.CharField(max_length=5, choices=HardPlace, blank=True)
    from_months = models.PositiveSmallIntegerField(null=True, blank=True)
    to_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Below this age."))
    gates = models.JSONField(default=list, blank=True, help_text=_("Also offered while one of these is so."))
    not_when = models.JSONField(default=list, blank=True, help_text=_("Withheld while one of these is so."))
    current = models.ForeignKey(
        "Wording", on_delete=models.PROTECT, null=True, blank=True, related_name="current_responses", editable=False
    )
    history = HistoricalRecords(m2m_fields=[passages, signals])

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="response_ages_in_order",
                condition=Q(from_months=None) | Q(to_months=None) | Q(to_months__gt=F("from_months")),
                violation_error_message=_("It must end at a later age than it begins."),
            )
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def text(self) -> str:
        return self.current.text if self.current else ""

    def clean(self) -> None:
        for name in ("gates", "not_when"):
            value = getattr(self, name)
            if not isinstance(value, list) or not set(value) <= {gate.value for gate in Gate}:
                raise ValidationError({name: _("Please choose from the list.")})


def published(path: str = "") -> Q:
    """A condition on passages or responses, or on rows that lead to one by `path`: its text reaches parents."""
    reviewed = Q(**{path + "current__approved_at__isnull": False})
    return reviewed if settings.REQUIRE_REVIEW else Q(**{path + "current__isnull": False})


def plain_text(value: str) -> None:
    """Texts are shown as they are typed: marks of HTML would stand there as letters, and were hardly meant to."""
    found = next((one for one in MARKUP.finditer(value) if one[0][0] == "<" or html.unescape(one[0]) != one[0]), None)
    if found:
        raise ValidationError(_("Please write plain text, without HTML: take out %(mark)s"), params={"mark": found[0]})


class Wording(models.Model):
    """The text of one passage or response in one language at one time; never changed once approved."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_REVIEW = "in_review", _("in review")
        APPROVED = "approved", _("approved")
        RETIRED = "retired", _("retired")

    class Origin(models.TextChoices):
        SHIPPED = "shipped", _("shipped with the product")
        DESK = "desk", _("written at the desk")

    passage = models.ForeignKey(Passage, on_delete=models.PROTECT, null=True, blank=True, related_name="wordings")
    response = models.ForeignKey(Response, on_delete=models.PROTECT, null=True, blank=True, related_name="wordings")
    language = models.CharField(max_length=10, default="en")
    title = models.CharField(max_length=100, blank=True, validators=[plain_text])
    text = models.TextField(max_length=2000, validators=[plain_text])
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.DESK)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    written_at = models.DateTimeField(auto_now_add=True)
    revision = models.PositiveIntegerField(
        default=1, editable=False, help_text=_("Rises each time the draft is saved: who saved last is known by it.")
    )
    remark = models.CharField(
        max_length=500, blank=True, validators=[plain_text], help_text=_("What should change, where it is sent back.")
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    review_by = models.DateField(null=True, blank=True, help_text=_("To be read again by then."))
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="wording_of_one_thing",
                condition=Q(passage__isnull=False, response__isnull=True)
                | Q(passage__isnull=True, response__isnull=False),
            ),
            models.CheckConstraint(
                name="wording_approved_at_some_time", condition=~Q(state="approved") | Q(approved_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.text[:60]

    @staticmethod
    def overdue() -> Q:
        """A condition on wordings: approved, and due to be read again."""
        return Q(state="approved", review_by__lt=timezone.localdate())

    @property
    def is_reviewed(self) -> bool:
        return self.approved_at is not None

    @property
    def of(self) -> "Passage | Response":
        return self.passage or self.response  # type: ignore[return-value]  # a constraint: one of the two


def finite(value: float) -> None:
    if not math.isfinite(value):
        raise ValidationError(_("Please give a plain number."))


MOST_WEIGHT = 10.0
WEIGHT_VALIDATORS: list[Callable[[float], None]] = [MinValueValidator(0.0), MaxValueValidator(MOST_WEIGHT), finite]


class Weight(models.Model):
    """How much one signal, or one condition (history, age, intensity), speaks for a passage."""

    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="weights")
    signal = models.ForeignKey(Signal, on_delete=models.PROTECT, null=True, blank=True, related_name="weights")
    condition = models.CharField(max_length=20, blank=True, choices=[(name, name) for name in CONDITIONS])
    fitted = models.FloatField(default=0.0, validators=WEIGHT_VALIDATORS)
    override = models.FloatField(null=True, blank=True, validators=WEIGHT_VALIDATORS)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="weight_of_signal_or_condition",
                condition=Q(signal__isnull=False, condition="") | (Q(signal__isnull=True) & ~Q(condition="")),
                violation_error_message=_("Please choose either a signal or a condition."),
            ),
            models.CheckConstraint(
                name="weight_in_range",
                condition=Q(fitted__gte=0, fitted__lte=MOST_WEIGHT)
                & (Q(override=None) | Q(override__gte=0, override__lte=MOST_WEIGHT)),
            ),
            models.UniqueConstraint(
                name="weight_once_a_signal", fields=["passage", "signal"], condition=Q(signal__isnull=False)
            ),
            models.UniqueConstraint(
                name="weight_once_a_condition", fields=["passage", "condition"], condition=~Q(condition="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.passage_id} · {self.condition or self.signal_id}"

    @property
    def value(self) -> float:
        return self.fitted if self.override is None else self.override


def not_to_come(day: dt.date) -> None:
    if day > timezone.localdate():
        raise ValidationError(_("This day is still to come."))


callable_number = RegexValidator(
    r"^\+?[0-9][0-9 ()/.-]*$", _("Please give a number as one dials it: digits, spaces, a plus in front.")
)


class HelpLine(models.Model):
    class Kind(models.TextChoices):
        EMERGENCY = "emergency", _("Emergency")
        CRISIS = "crisis", _("If somebody may want to die or hurt themselves")
        CHILD_ABUSE = "child_abuse", _("If a child is being hurt, or you are afraid you might")
        VIOLENCE_AT_HOME = "violence_at_home", _("If somebody at home hurts or frightens you")
        MEDICAL_ADVICE = "medical_advice", _("Medical advice")
        PARENTS = "parents", _("Somebody to talk to as a parent")

    country = models.CharField(max_length=2)
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=40, blank=True, validators=[callable_number])
    sms = models.CharField(max_length=120, blank=True)
    url = models.URLField(max_length=300, blank=True)
    hours = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=200)
    source_url = models.URLField(max_length=300, blank=True)
    looked_up_on = models.DateField()
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    checked_on = models.DateField(
        null=True, blank=True, validators=[not_to_come], help_text=_("When somebody last called or looked.")
    )
    order = models.PositiveSmallIntegerField(default=0)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="help_line_once", fields=["country", "kind", "name"]),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.name}"

    @staticmethod
    def oldest_check() -> dt.date:
        """A line that a person checked before this day, or never, has to be checked again."""
        return timezone.localdate() - dt.timedelta(days=183)

    @property
    def is_checked(self) -> bool:
        return self.checked_on is not None and self.checked_on >= self.oldest_check()


class LibraryVersion(models.Model):
    """One row: a number that every writer of guidance raises in its own transaction."""

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def raise_by_one(cls) -> None:
        row, _created = cls.objects.get_or_create(pk=1)
        cls.objects.filter(pk=row.pk).update(number=F("number") + 1)
