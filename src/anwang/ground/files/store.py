"""Bytes on disk, named by their SHA-256: ``FILES_ROOT/ab/cd/abcd…``, with what was made from them beside it.

What is there is whole: everything is written under a temporary name in the same folder, flushed to the disk, then
renamed; the content itself comes last, so that where it stands its pictures stand too. A full disk is a refusal and
leaves nothing behind. Knows no database: who may read what is the models' business.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from django.conf import settings

from anwang.ground.base.errors import Refused

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NAME = re.compile(r"[0-9a-f]{64}")
_SUFFIX = re.compile(r"[a-z0-9]{1,10}")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def path(sha256: str, suffix: str = "") -> Path:
    """Where a content lies, or what was made from it (``"320"``). Takes nothing that is not a hash."""
    if not _NAME.fullmatch(sha256) or (suffix and not _SUFFIX.fullmatch(suffix)):
        raise ValueError(f"not a name in the store: {sha256!r} {suffix!r}")
    name = f"{sha256}.{suffix}" if suffix else sha256
    return Path(settings.FILES_ROOT) / sha256[:2] / sha256[2:4] / name


def put(data: bytes, made: Mapping[str, bytes] | None = None) -> str:
    """Keep ``data`` and what was made from it; returns its SHA-256. Putting the same content again changes nothing.

    Raises Refused("files.no_space") on a full disk, with nothing of it left behind.
    """
    sha256 = digest(data)
    parts = {**(made or {}), "": data}  # the content itself comes last
    folder = path(sha256).parent
    written: list[Path] = []
    try:
        _folder(folder)
        with _locked(folder.parent):
            if _whole(sha256, parts):
                # Young again: the sweep leaves alone what somebody is just putting to use.
                os.utime(path(sha256))
                return sha256
            for suffix, content in parts.items():
                target = path(sha256, suffix)
                _write(target, content)
                written.append(target)
            _flush(folder)
    except OSError as error:
        for target in written:
            target.unlink(missing_ok=True)
        if error.errno in FULL:
            raise Refused("files.no_space") from error
        raise
    return sha256


def read(sha256: str, suffix: str = "") -> bytes:
    """Raises FileNotFoundError where it is not there."""
    return path(sha256, suffix).read_bytes()


def intact(sha256: str) -> bool:
    """Is the content there, and is it still what its name says?"""
    try:
        return digest(read(sha256)) == sha256
    except FileNotFoundError:
        return False


def drop(sha256: str, *, older_than: datetime) -> bool:
    """Remove a content nobody names any more, unless it was put to use since ``older_than``."""
    target = path(sha256)
    if not target.parent.is_dir():
        return False
    with _locked(target.parent.parent):
        try:
            if target.stat().st_mtime >= older_than.timestamp():
                return False
        except FileNotFoundError:
            return False
        # The content goes first: what is left without it is swept as a stray.
        for each in (target, *target.parent.glob(f"{sha256}.*")):
            each.unlink(missing_ok=True)
    return True


def strays(prefix: str, *, older_than: datetime) -> Iterator[str]:
    """Hashes under the folder ``prefix`` ("ab") not touched since; half-written leftovers of a kill are removed.

    A crash between the write and the commit leaves a content that no row names; the caller asks the rows.
    """
    for folder in sorted((Path(settings.FILES_ROOT) / prefix).glob("[0-9a-f][0-9a-f]")):
        names: set[str] = set()
        for each in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if each.stat().st_mtime >= older_than.timestamp():
                    continue
                if each.name.startswith("."):
                    each.unlink()
                elif _NAME.fullmatch(each.name):
                    names.add(each.name)
                elif not path(each.name[:64]).exists():
                    each.unlink()
        yield from sorted(names)


def _whole(sha256: str, parts: Mapping[str, bytes]) -> bool:
    try:
        return all(path(sha256, suffix).stat().st_size == len(content) for suffix, content in parts.items())
    except FileNotFoundError:
        return False


def _write(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    # A new folder is an entry in its parent, which must reach the disk too.
    for parent in (folder.parent, folder.parent.parent):
        _flush(parent)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer or sweeper at a time in one of the 256 folders, across processes."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
