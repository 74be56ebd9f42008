"""The command line as a person or a script meets it: real processes, their exit codes and what they print."""

import contextlib
import json
import os
import re
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest

HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = {"ANWANG_LANG": "en"}
CHINESE = {"ANWANG_LANG": "zh"}

RECORD = """
import django; django.setup()
from django.utils import timezone
from anwang.ground.audit import services as audit
for n in range({n}):
    audit.record("audit.proved", by=None, at=timezone.now(), data={{"n": n}})
"""


def record(house, n=5):
    process = house.python("-c", RECORD.format(n=n))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out


def commands():
    """Every command as its words: ("audit", "verify"), …"""
    import typer

    from anwang.config.cli import app

    def walk(command, words):
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*words, name))

    return list(walk(typer.main.get_command(app), ()))


class TestWords:
    """Help and mistakes need no database, so an empty house will do."""

    def test_every_command_tells_what_it_does_in_chinese_and_in_english(self, bare_house):
        script = "import runpy, sys, contextlib, io\nfrom anwang.config.cli import app\nimport typer, json\n"
        script += (
            "c = typer.main.get_command(app)\nout = {}\n"
            "for words in json.loads(sys.argv[1]):\n"
            "    try:\n        said = io.StringIO()\n"
            "        with contextlib.redirect_stdout(said):\n"
            "            c.main([*words, '--help'], prog_name='anwang', standalone_mode=False)\n"
            "    except SystemExit:\n        pass\n    out[' '.join(words)] = said.getvalue()\n"
            "print(json.dumps(out))\n"
        )
        said = {}
        for language, env in (("zh", CHINESE), ("en", ENGLISH)):
            process = bare_house.python("-c", script, json.dumps(commands()), env=env)
            out, _ = process.communicate(timeout=60)
            assert process.returncode == 0, out
            said[language] = json.loads(out.splitlines()[-1])
        assert len(said["zh"]) >= 18
        for words, text in said["zh"].items():
            plain = re.sub(r"[A-Z_]{3,}|--?[\w/-]+|<[^>]+>|anwang|\.jsonl|\.xlsx|Excel|JSON|county_office", "", text)
            lines = [line for line in plain.splitlines() if len(line.strip()) > 12]
            assert HAN.search(text), words
            assert not re.search(r"Usage|Options:|Commands:|Show this message|required|default", text), words
            assert lines, words
        for words, text in said["en"].items():
            assert not HAN.search(text), words
            assert "Usage: " in text, words

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (["nonsense"], "没有 'nonsense' 这个命令"),
            (["up", "--nonsense"], "没有 --nonsense 这个选项"),
            (["up", "--port", "x"], "--port 的值不对"),
            (["user", "password"], "缺少参数 账号"),
            (["audit", "archive"], "缺少选项 --before"),
        ],
    )
    def test_a_mistake_is_told_in_the_reader_s_language(self, bare_house, call, words):
        chinese = bare_house.anwang(*call, env=CHINESE)
        english = bare_house.anwang(*call, env=ENGLISH)
        assert (chinese.returncode, english.returncode) == (2, 2)
        assert words in chinese.stderr
        assert not HAN.search(english.stderr)
        assert "Traceback" not in chinese.stderr + english.stderr

    def test_a_house_without_a_database_says_what_to_do(self, bare_house):
        found = bare_house.anwang("audit", "verify", env=CHINESE)
        assert found.returncode == 1
        assert "anwang migrate" in found.stderr
        assert "Traceback" not in found.stderr
        assert len(found.stderr.strip().splitlines()) == 1

    def test_a_server_that_is_not_there_is_one_sentence(self, bare_house):
        found = bare_house.anwang("check", env={**ENGLISH, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"})
        assert found.returncode == 1
        assert "✗ Database: " in found.stdout
        assert "Traceback" not in found.stdout + found.stderr


@pytest.fixture
def bare_house(tmp_path):
    from conftest import House

    return House(tmp_path, "")


class TestAudit:
    def test_an_untouched_trail_is_exit_0(self, house):
        record(house)
        found = house.anwang("audit", "verify", "--json")
        assert found.returncode == 0, found.stderr
        assert json.loads(found.stdout)["sound"] is True

    def test_somebody_who_edited_the_database_is_exit_1_and_the_first_broken_row(self, house):
        record(house)
        row = house.sql("SELECT id FROM audit_auditrow WHERE seq = 3")[0][0]
        if house.vendor == "sqlite":
            house.sql("DROP TRIGGER audit_auditrow_no_update")
        else:
            house.sql("ALTER TABLE audit_auditrow DISABLE TRIGGER USER")
        house.sql("UPDATE audit_auditrow SET by_name = 'nobody' WHERE seq >= 3")
        found = house.anwang("audit", "verify", "--json")
        assert found.returncode == 1
        assert json.loads(found.stdout)["broken"] == [{"chain": "system", "seq": 3, "id": row, "reason": "content"}]
        plain = house.anwang("audit", "verify", env=ENGLISH)
        assert f"chain system, row 3 [{row}]" in plain.stdout

    def test_seal_export_archive(self, house, tmp_path):
        record(house)
        assert json.loads(house.anwang("audit", "seal", "--json").stdout) == {"sealed": 1, "refused": []}
        assert list((house.home / "seals").glob("*.jsonl"))
        file = tmp_path / "trail.jsonl"
        assert json.loads(house.anwang("audit", "export", str(file), "--json").stdout)["rows"] == 5
        assert len(file.read_text().splitlines()) == 5
        young = house.anwang("audit", "archive", "--before", "2026-11-01", env=ENGLISH)
        assert young.returncode == 1
        assert "12 months" in young.stderr
        old = house.anwang("audit", "archive", "--before", "2020-01-01", "--json")
        assert json.loads(old.stdout) == {"rows": 0, "files": []}


def test_check_says_how_the_house_stands(house):
    found = house.anwang("check", "--json")
    assert found.returncode == 0, found.stdout + found.stderr
    answer = json.loads(found.stdout)
    assert answer["ok"] is True
    assert len(answer["items"]) >= 8


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, seconds=150.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as page,
        ):
            return page.status == 200
        time.sleep(0.2)
    return False


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pids, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def up(sqlite_house):
    port = free_port()
    process = sqlite_house.python("-m", "anwang.config.cli", "up", "--port", str(port), env=ENGLISH)
    yield sqlite_house, process, port
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.slow
class TestUp:
    def test_it_serves_restarts_what_dies_and_stops_whole(self, up):
        house, process, port = up
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        assert answers(port)
        web = next(pid for pid in children(process.pid) if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes())
        for pid in [*children(web), web]:
            os.kill(pid, signal.SIGKILL)
        assert gone([web])
        assert answers(port), "the web server was not started again"

        taken = house.anwang("up", "--port", str(port), env=ENGLISH)
        assert taken.returncode == 1
        assert "is taken" in taken.stderr

        mine = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert gone(mine)

    def test_nothing_stays_behind_when_it_is_killed(self, up):
        _house, process, port = up
        assert answers(port)
        mine = children(process.pid)
        assert len(mine) == 3  # web, worker, gateway
        process.kill()
        assert gone(mine)


@pytest.mark.slow
class TestCopies:
    def test_a_backup_taken_in_use_comes_back_whole(self, house, tmp_path):
        record(house)
        (house.home / "files").mkdir(exist_ok=True)
        (house.home / "files" / "photo").write_bytes(b"picture")
        house.anwang("audit", "seal")
        from anwang.work.telemetry.tests.test_kill import prepared
        from anwang.work.telemetry.tests.test_replay import MINE, START, cddy, cdss, code, definition, reading

        prepared(house)

        def sent(house, *files):
            for name, content in files:
                (tmp_path / name).write_bytes(content)
                assert house.anwang("gas", "ingest", str(tmp_path / name)).returncode == 0

        def asked(house, *words):
            return json.loads(house.anwang("gas", "query", *words, "--json").stdout)

        scan = [
            cdss(START + n * 20_000, [reading(code(1), value, 0, START + n * 20_000)])
            for n, value in enumerate((0.4, 1.2, 1.3, 0.2))
        ]
        sent(house, cddy(definition(1, "1.0;0.9;;;1.5;1.0;;")), *scan[:2])
        day = asked(house, "--point", code(1), "--day", "2026-11-20")
        assert [row["value"] for row in day] == [0.4, 1.2]
        copy = house.anwang("backup", str(tmp_path / "copies"), "--json")
        assert copy.returncode == 0, copy.stderr
        folder = json.loads(copy.stdout)["folder"]

        from conftest import House, _postgres_database

        empty = tmp_path / "empty"
        with contextlib.ExitStack() as stack:
            url = stack.enter_context(_postgres_database()) if house.vendor == "postgresql" else ""
            other = House(empty, url)
            back = other.anwang("restore", folder)
            assert back.returncode == 0, back.stderr
            assert (empty / "files" / "photo").read_bytes() == b"picture"
            found = other.anwang("audit", "verify", "--json")
            assert json.loads(found.stdout)["sound"] is True, found.stdout
            # The history came with it, and the mine goes on where it was: its open over-limit ends as it would have.
            assert asked(other, "--point", code(1), "--day", "2026-11-20") == day
            sent(other, *scan[1:])
            assert asked(other, "--mine", MINE)[0]["value"] == 0.2
            (episode,) = other.sql("SELECT n, max, \"end\" IS NOT NULL FROM telemetry_episode WHERE what = '001'")
            assert tuple(episode) == (2, 1.3, True)
            again = other.anwang("restore", folder, env=ENGLISH)
            assert again.returncode == 1
            assert "is not empty" in again.stderr

    def test_what_is_no_backup_is_said(self, bare_house, tmp_path):
        found = bare_house.anwang("restore", str(tmp_path), env=ENGLISH)
        assert found.returncode == 1
        assert "no backup" in found.stderr


@pytest.mark.slow
def test_a_new_house_from_nothing(bare_house):
    """migrate, then an account; twice, because the second time everything is there."""
    for _ in range(2):
        found = bare_house.anwang("migrate", "--quiet")
        assert found.returncode == 0, found.stderr
        assert found.stderr == ""
    made = bare_house.anwang(
        "user", "create", "zhang", "--name", "张三", "--role", "county_office", "--region", "140930", "--json"
    )
    assert made.returncode == 0, made.stderr
    password = json.loads(made.stdout)["password"]
    fresh = bare_house.anwang("user", "password", "zhang", "--json")
    assert json.loads(fresh.stdout)["password"] != password
    assert bare_house.anwang("user", "password", "nobody").returncode == 1
    assert bare_house.anwang("user", "create", "li", "--name", "李四", "--region", "999999").returncode == 1
