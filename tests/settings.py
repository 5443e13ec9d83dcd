"""The shipped settings as a production server reads them, with what tests need put in their place."""

import os
import secrets
from base64 import urlsafe_b64encode

# Before config.settings reads the environment; what is set here wins over a developer's `.env`.
os.environ.update({"DEBUG": "false", "HTTPS": "false", "EMAIL_URL": "memorymail://", "ADDRESS": "http://testserver"})
os.environ.setdefault("TEST_SECRET", secrets.token_urlsafe(32))  # one for all workers of a run
os.environ["SECRET_KEY"] = os.environ["TEST_SECRET"]
os.environ["FIELD_KEYS"] = urlsafe_b64encode(os.environ["TEST_SECRET"][:32].encode()).decode()
if os.environ.get("TEST_POSTGRES") == "1" or os.environ.get("TEST_DATABASE_URL"):
    from tests import postgres

    os.environ["DATABASE_URL"] = postgres.url()
else:
    os.environ["DATABASE_URL"] = "sqlite:///" + os.path.join(os.path.dirname(__file__), "not-used.sqlite3")

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
# Each test client would read through what is collected.
STATIC_ROOT = BASE_DIR / "nothing-is-collected-for-tests"  # noqa: F405
