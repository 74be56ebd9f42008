"""JSON lines with a request id and without personal data."""

import logging
import os
from typing import Any

import structlog

_SECRET = ("password", "token", "secret", "csrfmiddlewaretoken", "authorization", "phone", "cookie")


def _scrub(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key in list(event):
        if any(word in key.lower() for word in _SECRET):
            event[key] = "***"
    return event


def configure(_: dict[str, Any]) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _scrub,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("ANWANG_LOG", "WARNING").upper())
    logging.getLogger("anwang").setLevel(os.environ.get("ANWANG_LOG", "INFO").upper())
    logging.getLogger("axes").setLevel(logging.ERROR)
