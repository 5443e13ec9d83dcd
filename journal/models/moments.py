"""A moment, what is known of it, and the guidance that was shown with it."""

import uuid
import zoneinfo
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.models import Signal, Wording

from ..encryption import EncryptedTextField
from .people import Child, OwnChip


class Moment(models.Model):
    """What a parent logs: a storm, or a good moment or repair."""

    class When(models.TextChoices):
        STILL_GOING = "still_going", _("It's still going")
        JUST_NOW = "just_now", _("Just now")
        MINUTES_AGO = "minutes_ago", _("Some minutes ago")
        EARLIER_TODAY = "earlier_today", _("Earlier today")
        LAST_NIGHT = "last_night", _("Last night")
        DATE = "date", _("Another day")

    class Intensity(models.TextChoices):
        SMALL = "small", _("Small")
        BIG = "big", _("Big")
        GREAT = "great", _("As big as it gets")

    class Length(models.TextChoices):
        UNDER_5 = "under_5", _("Under 5 minutes")
        UP_TO_15 = "5_15", _("5 to 15 minutes")
        UP_TO_30 = "15_30", _("15 to 30 minutes")
        UP_TO_60 = "30_60", _("30 to 60 minutes")
        LONGER = "longer", _("Longer")

    class Reconnected(models.TextChoices):
        UNDER_5 = "under_5", _("Under 5 minutes")
        UP_TO_15 = "5_15", _("5 to 15 minutes")
        UP_TO_30 = "15_30", _("15 to 30 minutes")
        UP_TO_60 = "30_60", _("30 to 60 minutes")
        LONGER = "longer", _("Longer")
        NOT_YET = "not_yet", _("Not yet")

    class Ended(models.TextChoices):
        CAME_BACK = "came_back", _("They came to me")
        SETTLED_ALONE = "settled_alone", _("They settled on their own")
        SETTLED_TOGETHER = "settled_together", _("We settled together")
        SOMEBODY_ELSE = "somebody_else", _("Somebody else helped")
        FADED = "faded", _("It faded, or sleep came")
        NOT_ENDED = "not_ended", _("It hasn't really ended")

    class ParentState(models.TextChoices):
        CALM = "calm", _("Calm enough")
        TENSE = "tense", _("Tense")
        AT_THE_EDGE = "at_the_edge", _("Close to the edge")
        LOST_IT = "lost_it", _("I lost it")

    class RiskLevel(models.TextChoices):
        NONE = "none", _("none")
        CONCERN = "concern", _("concern")
        URGENT = "urgent", _("urgent")

    class SafeAnswer(models.TextChoices):
        YES = "yes", _("Yes")
        NOT_SURE = "not_sure", _("I'm not sure")

    class DyingAnswer(models.TextChoices):
        YES = "yes", _("Yes")
        NO = "no", _("No")

    class WithParents(models.TextChoices):
        """The switch of one moment; empty follows what its owner set for the child."""

        YES = "yes", _("Yes")
        NO = "no", _("No")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client_key = models.UUIDField(default=uuid.uuid4)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="moments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moments_written")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moments_owned")
    when = models.CharField(max_length=15, choices=When)
    happened_at = models.DateTimeField()
    zone = models.CharField(max_length=64, help_text=_("The time zone of the place where it happened."))
    day = models.DateField(editable=False, help_text=_("The date where it happened; kept by save()."))
    intensity = models.CharField(max_length=5, choices=Intensity, blank=True)
    length = models.CharField(max_length=10, choices=Length, blank=True)
    reconnected = models.CharField(max_length=10, choices=Reconnected, blank=True)
    ended = models.CharField(max_length=20, choices=Ended, blank=True)
    parent_state = models.CharField(max_length=15, choices=ParentState, blank=True)
    words = EncryptedTextField(blank=True, default="")
    felt = EncryptedTextField(blank=True, default="")
    they_felt = EncryptedTextField(blank=True, default="")
    next_time = EncryptedTextField(blank=True, default="")
    for_therapy = models.BooleanField(default=False)
    kept_back = models.BooleanField(default=False, help_text=_("No therapist sees it."))
    with_parents = models.CharField(max_length=5, choices=WithParents, blank=True)
    with_parents_at = models.DateTimeField(null=True, blank=True, help_text=_("When that was switched."))
    own_chips = models.ManyToManyField(OwnChip, blank=True, related_name="moments")
    # Worked out from words: read with the words only.
    risk_level = models.CharField(max_length=10, choices=RiskLevel, default=RiskLevel.NONE)
    risk_kinds = models.JSONField(default=list)
    names_somebody = models.BooleanField(
        default=True, help_text=_("The words speak of another grown-up, or have not been judged.")
    )
    soft_check = models.BooleanField(default=False)
    safe_answer = models.CharField(max_length=10, choices=SafeAnswer, blank=True)
    dying_answer = models.CharField(max_length=5, choices=DyingAnswer, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(name="moment_once_a_form", fields=["author", "client_key"])]
        indexes = [
            models.Index(name="moment_owner_timeline", fields=["owner", "-happened_at", "-id"]),
            models.Index(name="moment_author_timeline", fields=["author", "-happened_at", "-id"]),
            models.Index(name="moment_child_timeline", fields=["child", "-happened_at"]),
            # Which moments a share covers, and what is counted of them, without reading the rows.
            models.Index(
                name="moment_shared",
                fields=[
                    "owner",
                    "child",
                    "deleted_at",
                    "day",
                    "kept_back",
                    "author",
                    "reconnected",
                    "parent_state",
                    "for_therapy",
                    "risk_level",
                    "ended",
                    "intensity",
                    "happened_at",
                ],
            ),
        ]

    def __str__(self) -> str:
        return str(self.code)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.day = timezone.localdate(self.happened_at, zoneinfo.ZoneInfo(self.zone))
        fields = kwargs.get("update_fields")
        if fields is not None and {"happened_at", "zone"} & set(fields):
            kwargs["update_fields"] = {*fields, "day"}
        super().save(*args, **kwargs)

    @property
    def people(self) -> tuple[int, int]:
        """Whose it is: by key, its owner and its author."""
        return self.owner_id, self.author_id


class MomentSignal(models.Model):
    """One signal of a moment, and how it is known. Only tapped and confirmed ones are ever counted."""

    class State(models.TextChoices):
        TAPPED = "tapped", _("tapped")
        READ = "read", _("read from the words")
        CONFIRMED = "confirmed", _("read and confirmed")
        REFUSED = "refused", _("read and unticked")

    moment = models.ForeignKey(Moment, on_delete=models.CASCADE, related_name="signals")
    signal = models.ForeignKey(Signal, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State)

    class Meta:
        constraints = [models.UniqueConstraint(name="signal_once_a_moment", fields=["moment", "signal"])]

    def __str__(self) -> str:
        return f"{self.signal_id} {self.state}"


class Attempt(models.Model):
    """Something that was tried in a moment, and how it went."""

    class What(models.TextChoices):
        STAYED_NEAR = "stayed_near", _("Stayed near, quietly")
        SAID_IM_HERE = "said_im_here", _("Said I'm here")
        NAMED_FEELING = "named_feeling", _("Named the feeling")
        HELD_LIMIT = "held_limit", _("Held the limit")
        OFFERED_HUG = "offered_hug", _("Offered a hug")
        GAVE_SPACE = "gave_space", _("Gave them space")
        MOVED_CLOSER = "moved_closer", _("Moved closer, gently")
        PLAY_OR_RHYTHM = "play_or_rhythm", _("Play, song or movement")
        QUIET_AND_DIM = "quiet_and_dim", _("Made it quiet and dim")
        BREATHED_FIRST = "breathed_first", _("Breathed first")
        SOMEBODY_ELSE = "somebody_else", _("Handed over to somebody")

    class Outcome(models.TextChoices):
        HELPED = "helped", _("Helped")
        NO_DIFFERENCE = "no_difference", _("No difference")
        HARDER = "harder", _("Made it harder")

    moment = models.ForeignKey(Moment, on_delete=models.CASCADE, related_name="attempts")
    what = models.CharField(max_length=20, choices=What)
    outcome = models.CharField(max_length=15, choices=Outcome)

    class Meta:
        constraints = [models.UniqueConstraint(name="attempt_once_a_moment", fields=["moment", "what"])]

    def __str__(self) -> str:
        return f"{self.what}: {self.outcome}"


class Suggestion(models.Model):
    """Guidance as it was shown with a moment, kept. A new match adds a numbered one; earlier ones stay."""

    moment = models.ForeignKey(Moment, on_delete=models.CASCADE, related_name="suggestions")
    number = models.PositiveSmallIntegerField()
    stance = models.CharField(max_length=10)
    risk_level = models.CharField(max_length=10, choices=Moment.RiskLevel)
    risk_kinds = models.JSONField(default=list)
    gates = models.JSONField(default=list)
    history = models.CharField(max_length=10, help_text=_("The child's history as it was counted."))
    history_conflict = models.BooleanField(default=False)
    marks = models.JSONField(default=list, help_text=_("Where in the words signals were read: [start, end]."))
    used_words = models.BooleanField(
        default=True, help_text=_("Worked out from words too: only who may read the words sees it.")
    )
    words_unread = models.BooleanField(default=False, help_text=_("The words are in a language that cannot be read."))
    library_version = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="suggestion_numbered_once", fields=["moment", "number"])]

    def __str__(self) -> str:
        return f"{self.moment_id} #{self.number}"


class SuggestionItem(models.Model):
    """One wording, or a therapist's words, as it was shown: which, where, why, and what the parent thought of it."""

    class Feedback(models.TextChoices):
        HELPED = "helped", _("helped")
        NOT_US = "not_us", _("not us")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="items")
    wording = models.ForeignKey(Wording, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recommendation = models.ForeignKey(
        "journal.Recommendation", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    position = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list, help_text=_("Codes, never quotations."))
    feedback = models.CharField(max_length=10, choices=Feedback, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="suggestion_position_once", fields=["suggestion", "position"]),
            models.CheckConstraint(
                name="item_shows_something", condition=Q(wording__isnull=False) | Q(recommendation__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.suggestion_id}.{self.position}"
