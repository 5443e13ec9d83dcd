"""Curators: appointed by an administrator, they may do with guidance what the desk offers, and nothing with people."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db import transaction

from .audit import note
from .models import User

DESK = "guidance"


class CuratorBackend(BaseBackend):
    """Being a curator is the permission: no list of rights has to be kept beside it."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return self.has_module_perms(user_obj, perm.partition(".")[0])

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return app_label == DESK and user_obj.is_active and user_obj.is_staff


@transaction.atomic
def appoint(user: User, *, by: User, curator: bool) -> None:
    user.is_staff = curator
    user.save(update_fields=["is_staff"])
    note(by, "appoint" if curator else "dismiss", user, concerns=user)
