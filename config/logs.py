"""Logs that say what failed and never whose words it was."""

import logging
import re
import traceback
from typing import Any

# E-mail addresses, quoted values and codes in paths may name a person or a moment.
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_CODE = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_QUERY = re.compile(r"\?\S*")


class WithoutPersonalData(logging.Formatter):
    """Type and place of an error, not its message or its locals: a message may quote what a parent typed."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return _CODE.sub("<code>", _QUERY.sub("", _PERSONAL.sub("<e-mail>", text)))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        kind, _error, trace = ei
        lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([*lines, kind.__name__])
