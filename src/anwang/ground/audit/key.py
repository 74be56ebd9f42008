"""The key of seals and heads. It lives beside the database, not in it: who can edit the one cannot sign with the other."""

import os
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings


def path() -> Path:
    """``ANWANG_HOME/audit.key``; several machines on one database share it by ANWANG_AUDIT_KEY."""
    return Path(os.environ.get("ANWANG_AUDIT_KEY") or Path(settings.HOME) / "audit.key")


def load() -> bytes:
    """The key, made at first use, readable by the owner alone."""
    return _read(path())


def exists() -> bool:
    return path().is_file()


@lru_cache(maxsize=8)
def _read(file: Path) -> bytes:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_hex(32) + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)  # whole or not at all, and the first of two processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return bytes.fromhex(file.read_text().strip())
