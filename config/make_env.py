"""Write a `.env` with fresh keys for development, once. Standard library only: it runs before anything is installed."""

import base64
import pathlib
import secrets
import sys

ENV = pathlib.Path(__file__).resolve().parent.parent / ".env"

if not ENV.exists():
    ENV.touch(mode=0o600)
    ENV.write_text(
        "# Made once by `make run`. Keep FIELD_KEYS: without it nobody can read what was written.\n"
        "DEBUG=true\n"
        f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
        f"FIELD_KEYS={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}\n"
    )
    sys.stdout.write("wrote .env with fresh keys\n")
