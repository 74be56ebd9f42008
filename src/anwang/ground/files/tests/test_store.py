import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anwang.ground.base.errors import Refused
from anwang.ground.files import store


@pytest.fixture(autouse=True)
def root(tmp_path, settings):
    settings.FILES_ROOT = tmp_path / "files"
    return settings.FILES_ROOT


def everything(root: Path) -> list[str]:
    return sorted(each.name for each in root.rglob("*") if each.is_file() and each.name != ".lock")


def aged(sha256: str, hours: float = 48) -> None:
    moment = datetime.now(UTC).timestamp() - hours * 3600
    for each in store.path(sha256).parent.glob(f"{sha256}*"):
        os.utime(each, (moment, moment))


EDGE = timedelta(hours=24)


def test_content_lies_under_its_own_hash(root):
    sha256 = store.put(b"photo", {"320": b"small"})
    assert store.path(sha256) == root / sha256[:2] / sha256[2:4] / sha256
    assert store.read(sha256) == b"photo"
    assert store.read(sha256, "320") == b"small"
    assert everything(root) == [sha256, f"{sha256}.320"]
    assert store.intact(sha256)


def test_the_same_content_is_kept_once(root):
    first = store.put(b"photo", {"320": b"small"})
    before = store.path(first).stat().st_ino
    assert store.put(b"photo", {"320": b"small"}) == first
    assert store.path(first).stat().st_ino == before


def test_a_half_kept_content_is_made_whole():
    sha256 = store.put(b"photo", {"320": b"small"})
    store.path(sha256, "320").write_bytes(b"sm")
    store.put(b"photo", {"320": b"small"})
    assert store.read(sha256, "320") == b"small"


def test_damage_is_noticed():
    sha256 = store.put(b"photo")
    store.path(sha256).write_bytes(b"other")
    assert not store.intact(sha256)
    store.path(sha256).unlink()
    assert not store.intact(sha256)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "g" * 64, "a" * 63])
def test_only_hashes_are_names(name):
    with pytest.raises(ValueError):
        store.path(name)
    with pytest.raises(ValueError):
        store.path("a" * 64, "../x")


def test_what_is_unused_and_old_is_dropped(root):
    sha256 = store.put(b"photo", {"320": b"small"})
    edge = datetime.now(UTC) - EDGE
    assert not store.drop(sha256, older_than=edge), "young"
    aged(sha256)
    store.put(b"photo", {"320": b"small"})
    assert not store.drop(sha256, older_than=edge), "put to use again just now"
    aged(sha256)
    assert store.drop(sha256, older_than=edge)
    assert everything(root) == []
    assert not store.drop(sha256, older_than=edge)
    assert not store.drop("ab" * 32, older_than=edge)


def test_strays_are_found_and_leftovers_of_a_kill_removed(root):
    sha256 = store.put(b"photo")
    half = store.path(sha256).with_name(".tmpabc")
    half.write_bytes(b"half")
    lonely = store.path(sha256).with_name("ab" * 32 + ".320")
    lonely.write_bytes(b"thumb without its photo")
    edge = datetime.now(UTC) - EDGE
    assert list(store.strays(sha256[:2], older_than=edge)) == []
    assert half.exists()
    aged(sha256)
    for each in (half, lonely):
        os.utime(each, (0, 0))
    assert list(store.strays(sha256[:2], older_than=edge)) == [sha256]
    assert everything(root) == [sha256]


def test_many_writers_of_one_content(root):
    """Whoever comes first writes it; nobody sees half of it."""
    data = os.urandom(300_000)
    seen = []

    def write() -> None:
        seen.append(store.intact(store.put(data, {"320": b"x" * 1000})))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 8
    assert len(everything(root)) == 2


def test_a_file_size_limit_is_a_refusal_and_leaves_nothing(root):
    """The kernel stops the write half-way, as a full disk does."""
    script = """
import resource, sys
from pathlib import Path
from django.conf import settings
settings.configure(FILES_ROOT=Path(sys.argv[1]), USE_I18N=False)
from anwang.ground.base.errors import Refused
from anwang.ground.files import store
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.put(b"x" * 200_000, {"320": b"y" * 1000})
except Refused as refused:
    print(refused.key)
"""
    source = str(Path(store.__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": source},
    )
    assert done.stdout.strip() == "files.no_space"
    assert everything(root) == []


def _tiny_disk(at: Path) -> str:
    """Why no file system of 256 kB can be had here, or ""."""
    if os.geteuid() != 0:
        return "needs root to mount a tiny file system"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(at)], capture_output=True, text=True, check=False
    )
    return f"mount: {done.stderr.strip()}" if done.returncode else ""


def test_a_full_disk_is_a_refusal_and_leaves_nothing(tmp_path, settings):
    disk = tmp_path / "disk"
    disk.mkdir()
    if reason := _tiny_disk(disk):
        pytest.skip(reason)
    try:
        settings.FILES_ROOT = disk / "files"
        kept = store.put(b"k" * 50_000, {"320": b"s" * 5_000})
        with pytest.raises(Refused) as caught:
            store.put(os.urandom(150_000), {"320": os.urandom(30_000), "1280": os.urandom(100_000)})
        assert caught.value.key == "files.no_space"
        assert everything(disk) == [kept, f"{kept}.320"]
        assert store.intact(kept)
        (disk / "filler").write_bytes(b"")
        assert store.put(b"n" * 20_000), "small things still find room"
    finally:
        subprocess.run(["umount", str(disk)], check=False)
