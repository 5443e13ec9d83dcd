"""Families, their moments, and who may see them."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.models import Signal, Wording

from .encryption import EncryptedTextField


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Whoever logs in. No name is kept; the e-mail address is the only clear text about a person."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(_("curator"), default=False)
    country = models.CharField(max_length=2, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.email


class Family(models.Model):
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.code)


class Caregiver(models.Model):
    """A user's place in a family."""

    class Role(models.TextChoices):
        PARENT = "parent", _("parent")
        RECORDER = "recorder", _("recorder")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="places")
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="caregivers")
    role = models.CharField(max_length=10, choices=Role, default=Role.PARENT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="caregiver_once_a_family", fields=["user", "family"])]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"


class Child(models.Model):
    class HardPlace(models.TextChoices):
        YES = "yes", _("Yes")
        NO = "no", _("No")
        RATHER_NOT = "rather_not", _("I'd rather not say")
        NOT_SURE = "not_sure", _("I'm not sure")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="children")
    name = EncryptedTextField()
    pronouns = EncryptedTextField(blank=True, default="")
    born_on = models.DateField(null=True, blank=True, help_text=_("The first day of the month of birth."))
    hard_place = models.CharField(max_length=10, choices=HardPlace, blank=True)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When birth month and history were answered or skipped.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.code)


class OwnChip(models.Model):
    """A chip in the parent's own words; the matcher never sees it."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="own_chips")
    label = EncryptedTextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.code)


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

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client_key = models.UUIDField(default=uuid.uuid4)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="moments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moments_written")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moments_owned")
    when = models.CharField(max_length=15, choices=When)
    happened_at = models.DateTimeField()
    zone = models.CharField(max_length=64, help_text=_("The time zone of the place where it happened."))
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
    own_chips = models.ManyToManyField(OwnChip, blank=True, related_name="moments")
    # Worked out from words: read with the words only.
    risk_level = models.CharField(max_length=10, choices=RiskLevel, default=RiskLevel.NONE)
    risk_kinds = models.JSONField(default=list)
    soft_check = models.BooleanField(default=False)
    safe_answer = models.CharField(max_length=10, choices=SafeAnswer, blank=True)
    dying_answer = models.CharField(max_length=5, choices=DyingAnswer, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="moment_once_a_form", fields=["author", "client_key"])]
        indexes = [
            models.Index(name="moment_owner_timeline", fields=["owner", "-happened_at", "-id"]),
            models.Index(name="moment_author_timeline", fields=["author", "-happened_at", "-id"]),
            models.Index(name="moment_child_timeline", fields=["child", "-happened_at"]),
        ]

    def __str__(self) -> str:
        return str(self.code)


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
    words_unread = models.BooleanField(default=False, help_text=_("The words are in a language that cannot be read."))
    library_version = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="suggestion_numbered_once", fields=["moment", "number"])]

    def __str__(self) -> str:
        return f"{self.moment_id} #{self.number}"


class SuggestionItem(models.Model):
    """One wording as it was shown: which, where, why, and what the parent thought of it."""

    class Feedback(models.TextChoices):
        HELPED = "helped", _("helped")
        NOT_US = "not_us", _("not us")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="items")
    wording = models.ForeignKey(Wording, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list, help_text=_("Codes, never quotations."))
    feedback = models.CharField(max_length=10, choices=Feedback, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="suggestion_position_once", fields=["suggestion", "position"])]

    def __str__(self) -> str:
        return f"{self.suggestion_id}.{self.position}"


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


class Audit(models.Model):
    """Who did what to which row, and when: names of changed fields, never values. Written, never changed."""

    who = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    concerns = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="audit_rows")
    verb = models.CharField(max_length=30)
    code = models.UUIDField()
    fields = models.JSONField(default=list)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(name="audit_of_person", fields=["concerns", "-at"])]

    def __str__(self) -> str:
        return f"{self.verb} {self.code}"


class Canary(models.Model):
    """One row whose text only the right key can read; read at every start."""

    text = EncryptedTextField()

    def __str__(self) -> str:
        return "canary"
