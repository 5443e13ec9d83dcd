"""Who there is: users, families, their children, and who is asked in."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core import signing
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..encryption import EncryptedTextField

SALT = "journal.invitation"


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
    is_therapist = models.BooleanField(default=False, help_text=_("Has accepted a parent's invitation to read."))
    wants_digest = models.BooleanField(default=False)
    digest_sent_at = models.DateTimeField(null=True, blank=True)
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
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="places_given",
        help_text=_("Who asked them in; for a recorder, the parent who decides about what they log."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="caregiver_once_a_family", fields=["user", "family"])]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"


class HardPlace(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    RATHER_NOT = "rather_not", _("I'd rather not say")
    NOT_SURE = "not_sure", _("I'm not sure")


class Child(models.Model):
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="children")
    name = EncryptedTextField()
    pronouns = EncryptedTextField(blank=True, default="")
    born_on = models.DateField(null=True, blank=True, help_text=_("The first day of the month of birth."))
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.code)


class Bond(models.Model):
    """What one caregiver knows and decides about a child; no other caregiver is shown it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bonds")
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="bonds")
    hard_place = models.CharField(max_length=10, choices=HardPlace, blank=True)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When birth month and history were answered or skipped.")
    )
    for_parents_since = models.DateTimeField(
        null=True, blank=True, help_text=_("Moments logged from then on are shared with the other parent by default.")
    )

    class Meta:
        constraints = [models.UniqueConstraint(name="bond_once", fields=["user", "child"])]

    def __str__(self) -> str:
        return f"{self.user_id} and {self.child_id}"


class Invitation(models.Model):
    """Asks one address to join a family or to read as a therapist. Its link works once and not for long."""

    class Kind(models.TextChoices):
        PARENT = "parent", _("the other parent")
        RECORDER = "recorder", _("somebody who logs for you")
        THERAPIST = "therapist", _("a therapist")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    email = models.EmailField(max_length=254)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations")
    family = models.ForeignKey(Family, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    # The share that a therapist accepts.
    child = models.ForeignKey(Child, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    from_date = models.DateField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    includes_words = models.BooleanField(default=False)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True, help_text=_("Accepted or taken back."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="invitation_names_what_it_opens",
                condition=Q(kind="therapist", child__isnull=False, from_date__isnull=False, until__isnull=False)
                | (~Q(kind="therapist") & Q(family__isnull=False)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"

    @property
    def token(self) -> str:
        """The last part of the mailed link: signed, made again whenever it is needed, stored nowhere."""
        return signing.Signer(salt=SALT).sign(str(self.code))

    @staticmethod
    def code_of(token: str) -> str:
        """The code in a link. Raises signing.BadSignature."""
        return signing.Signer(salt=SALT).unsign(token)


class OwnChip(models.Model):
    """A chip in the parent's own words; the matcher never sees it."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="own_chips")
    label = EncryptedTextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.code)
