"""What a therapist adds: marks, comments, notes, sessions, and what they recommend."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guidance.models import Passage, Response, Signal

from ..encryption import EncryptedTextField
from .moments import Moment
from .sharing import Share


class Appointment(models.Model):
    """A session, past or to come, in the therapist's own calendar of one share."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="appointments")
    on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(name="appointment_once_a_day", fields=["share", "on"])]

    def __str__(self) -> str:
        return f"{self.share_id} {self.on}"


class Mark(models.Model):
    """How far a therapist is with one moment."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="marks")
    moment = models.ForeignKey(Moment, on_delete=models.CASCADE, related_name="marks")
    read_at = models.DateTimeField(null=True, blank=True)
    to_raise = models.BooleanField(default=False, help_text=_("To be raised in the next session."))
    acted_at = models.DateTimeField(null=True, blank=True, help_text=_("A risk note was read and acted on."))

    class Meta:
        constraints = [models.UniqueConstraint(name="mark_once_a_moment", fields=["reader", "moment"])]

    def __str__(self) -> str:
        return f"{self.reader_id} on {self.moment_id}"


class Comment(models.Model):
    """A therapist's words to the moment's owner."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    moment = models.ForeignKey(Moment, on_delete=models.CASCADE, related_name="comments")
    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comments_written")
    text = EncryptedTextField()
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True, help_text=_("When the owner first had it before them."))

    def __str__(self) -> str:
        return str(self.code)


class Note(models.Model):
    """The practice's record: added to, never changed, never shown to the family. It outlives the share."""

    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes")
    share = models.ForeignKey(Share, on_delete=models.SET_NULL, null=True, related_name="notes")
    moment = models.ForeignKey(Moment, on_delete=models.SET_NULL, null=True, related_name="notes")
    text = EncryptedTextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.pk)


class Recommendation(models.Model):
    """What a therapist wants the family to see, or not to see, while the share lives. Its text is never changed."""

    class Kind(models.TextChoices):
        PIN = "pin", _("comes first")
        HIDE = "hide", _("is not shown")
        REWORD = "reword", _("say it like this")
        WRITE = "write", _("in your own words")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="recommendations")
    kind = models.CharField(max_length=10, choices=Kind)
    passage = models.ForeignKey(Passage, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    response = models.ForeignKey(Response, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    text = EncryptedTextField(blank=True, default="")
    phase = models.CharField(max_length=10, choices=Response.Phase, blank=True)
    signals = models.ManyToManyField(Signal, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="recommendation_of_one_thing",
                condition=Q(kind="write", passage=None, response=None)
                | (~Q(kind="write") & Q(passage__isnull=False, response=None))
                | (~Q(kind="write") & Q(passage=None, response__isnull=False)),
            ),
            models.UniqueConstraint(
                name="recommendation_live_once_a_passage",
                fields=["share", "kind", "passage"],
                condition=Q(ended_at=None, passage__isnull=False),
            ),
            models.UniqueConstraint(
                name="recommendation_live_once_a_response",
                fields=["share", "kind", "response"],
                condition=Q(ended_at=None, response__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"
