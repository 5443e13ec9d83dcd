"""Who may read whose moments, who did read them, and who did what."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from guidance.models import StanceChoice

from ..encryption import EncryptedTextField
from .moments import Moment
from .people import Child


class Unchangeable(Exception):
    """A row of the record was to be changed or deleted."""


class WrittenOnce(models.QuerySet[Any]):
    """Rows are added and read. They go only with the account they are about."""

    def update(self, **kwargs: Any) -> int:
        raise Unchangeable

    def delete(self) -> tuple[int, dict[str, int]]:
        raise Unchangeable


def refuse_change(row: models.Model) -> None:
    if not row._state.adding:
        raise Unchangeable


class Share(models.Model):
    """A lease of reading rights on one owner's moments of one child."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares_given")
    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares_held")
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="shares")
    from_date = models.DateField()
    includes_words = models.BooleanField(default=False)
    until = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    announced_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the owner was told that it ends soon.")
    )
    stance = models.CharField(
        max_length=10, choices=StanceChoice, blank=True, help_text=_("How near to be, set by the therapist.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="share_live_once", fields=["owner", "therapist", "child"], condition=Q(revoked_at=None)
            ),
            models.CheckConstraint(name="share_not_with_oneself", condition=~Q(owner=F("therapist"))),
        ]

    def __str__(self) -> str:
        return str(self.code)

    @property
    def terms(self) -> str:
        """What it lets one read, as one word: an open page compares it."""
        return f"{self.from_date}-{'words' if self.includes_words else 'taps'}"


class Receipt(models.Model):
    """That somebody read somebody's moments: written before the page is sent, never changed."""

    class Kind(models.TextChoices):
        MOMENT = "moment", _("opened a moment")
        TIMELINE = "timeline", _("read the timeline")
        SEARCH = "search", _("searched")
        BRIEF = "brief", _("read the brief")
        EXPORT = "export", _("took the brief away as a file")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="receipts")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    moment = models.ForeignKey(Moment, on_delete=models.SET_NULL, null=True, blank=True, related_name="receipts")
    day = models.DateField()
    at = models.DateTimeField(auto_now_add=True)
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    codes = models.JSONField(default=list, help_text=_("The moments that the page showed."))
    counted = models.PositiveIntegerField(default=0, help_text=_("Moments that only went into its numbers."))

    objects = WrittenOnce.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="receipt_once_a_day", fields=["reader", "moment", "day"], condition=Q(kind="moment")
            )
        ]
        indexes = [models.Index(name="receipt_of_owner", fields=["owner", "-at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        refuse_change(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Unchangeable


class Audit(models.Model):
    """Who did what to which row, and when: names of changed fields, never values. Written, never changed."""

    who = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    concerns = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="audit_rows")
    verb = models.CharField(max_length=30)
    code = models.UUIDField()
    fields = models.JSONField(default=list)
    at = models.DateTimeField(auto_now_add=True)

    objects = WrittenOnce.as_manager()

    class Meta:
        indexes = [models.Index(name="audit_of_person", fields=["concerns", "-at"])]

    def __str__(self) -> str:
        return f"{self.verb} {self.code}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        refuse_change(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Unchangeable


class Canary(models.Model):
    """One row whose text only the right key can read; read at every start."""

    text = EncryptedTextField()

    def __str__(self) -> str:
        return "canary"
