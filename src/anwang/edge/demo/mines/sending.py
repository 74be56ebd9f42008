"""Where simulated mines send to: a folder as an SFTP server fills it, an address that takes files by HTTP, an MQTT broker."""

import asyncio
import contextlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

import gmqtt
import msgpack
import numpy as np
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.storage import PersistentStorage

from anwang.edge.demo.mines import writing
from anwang.edge.demo.mines.mine import Scan
from anwang.edge.demo.mines.plan import MinePlan
from anwang.edge.demo.mines.writing import File
from anwang.work.telemetry.dialects.grammar import stamp_of

TOPICS = "anwang/v1"
WAIT = 15.0
"""Seconds for an answer."""


class SendingFailed(Exception):  # noqa: N818 - the one sentence for whoever started it
    """Nobody took it, with what was said instead."""


class Sender(Protocol):
    async def open(self, plans: Sequence[MinePlan]) -> None: ...

    async def files(self, plan: MinePlan, files: Sequence[File]) -> None:
        """Definitions, abnormal events, substations."""

    async def scan(self, plan: MinePlan, scan: Scan) -> None: ...

    async def close(self) -> None: ...


class Folder:
    """Each file is written beside its name and then renamed, as a careful SFTP client does. ``by_mine``: a folder each."""

    def __init__(self, folder: Path, *, by_mine: bool = False) -> None:
        self.folder, self.by_mine = folder, by_mine

    async def open(self, plans: Sequence[MinePlan]) -> None:
        for plan in plans:
            self._of(plan).mkdir(parents=True, exist_ok=True)

    async def files(self, plan: MinePlan, files: Sequence[File]) -> None:
        for name, content in files:
            target = self._of(plan) / name
            part = target.with_suffix(".part")
            part.write_bytes(content)
            part.replace(target)

    async def scan(self, plan: MinePlan, scan: Scan) -> None:
        await self.files(plan, [writing.realtime(plan, scan)])

    async def close(self) -> None:
        """Nothing is held."""

    def _of(self, plan: MinePlan) -> Path:
        return self.folder / plan.code if self.by_mine else self.folder


class Http:
    """Every file is posted to ``{url}/{name}`` with a token; ``{mine}`` in the token stands for the mine's code."""

    def __init__(self, url: str, token: str) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError(url)
        self.url, self.token = url.rstrip("/"), token

    async def open(self, plans: Sequence[MinePlan]) -> None:
        """Connections are made one by one."""

    async def files(self, plan: MinePlan, files: Sequence[File]) -> None:
        for name, content in files:
            await asyncio.to_thread(self._post, plan, name, content)

    async def scan(self, plan: MinePlan, scan: Scan) -> None:
        await self.files(plan, [writing.realtime(plan, scan)])

    async def close(self) -> None:
        """Nothing is held."""

    def _post(self, plan: MinePlan, name: str, content: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            f"{self.url}/{quote(name)}",
            data=content,
            headers={
                "Authorization": f"Bearer {self.token.replace('{mine}', plan.code)}",
                "Content-Type": "text/plain",
            },
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=WAIT) as answer:  # noqa: S310
                answer.read()
        except urllib.error.HTTPError as error:
            said = error.read(300).decode(errors="replace")
            raise SendingFailed(f"HTTP {error.code}: {said}") from error
        except OSError as error:
            raise SendingFailed(str(error)) from error


class Mqtt:
    """One connection per mine, user name = the mine's code unless the address says otherwise.

    ``url``: mqtt://user:password@host:port, in which ``{mine}`` stands for the mine's code. ``form``: cdss, json, msgpack.
    The broker has acknowledged a message before the mine sends the next one.
    """

    def __init__(self, url: str, *, form: str = "cdss") -> None:
        found = urlsplit(url)
        if found.scheme not in {"mqtt", "mqtts"} or not found.hostname or form not in FORMS:
            raise ValueError(url)
        self.host, self.tls = found.hostname, found.scheme == "mqtts"
        self.port = found.port or (8883 if self.tls else 1883)
        self.user, self.password = unquote(found.username or ""), unquote(found.password or "")
        self.form = form
        self._clients: dict[str, gmqtt.Client] = {}
        self._waiting: dict[str, PersistentStorage] = {}

    async def open(self, plans: Sequence[MinePlan]) -> None:
        for plan in plans:
            gone = gmqtt.Message(f"{TOPICS}/{plan.code}/state", b"offline", qos=1, retain=True)
            waiting = self._waiting[plan.code] = PersistentStorage()
            client = gmqtt.Client(
                f"sim-{plan.code}-{os.getpid()}", clean_session=False, will_message=gone, persistent_storage=waiting
            )
            if self.user:
                client.set_auth_credentials(
                    self.user.replace("{mine}", plan.code), self.password.replace("{mine}", plan.code)
                )
            try:
                async with asyncio.timeout(WAIT):
                    await client.connect(self.host, self.port, ssl=self.tls, keepalive=20, version=MQTTv311)
            except (OSError, TimeoutError, MQTTConnectError) as error:
                client.stop_reconnect()
                raise SendingFailed(f"mqtt://{self.host}:{self.port}: {error}") from error
            self._clients[plan.code] = client
            client.publish(f"{TOPICS}/{plan.code}/state", b"online", qos=1, retain=True)

    async def files(self, plan: MinePlan, files: Sequence[File]) -> None:
        for name, content in files:
            await self._publish(plan, f"file/{name}", content)

    async def scan(self, plan: MinePlan, scan: Scan) -> None:
        await self._publish(plan, "scan", FORMS[self.form](plan, scan))

    async def close(self) -> None:
        for code, client in self._clients.items():
            client.publish(f"{TOPICS}/{code}/state", b"offline", qos=1, retain=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAIT):
                    await self._waiting[code].wait_empty()
            await client.disconnect()

    async def _publish(self, plan: MinePlan, topic: str, content: bytes) -> None:
        self._clients[plan.code].publish(f"{TOPICS}/{plan.code}/{topic}", content, qos=1)
        await self._waiting[plan.code].wait_empty()


def as_cdss(plan: MinePlan, scan: Scan) -> bytes:
    return writing.realtime(plan, scan)[1]


def as_json(plan: MinePlan, scan: Scan) -> bytes:
    """Columns, as the API and the gateway take them; status left out where all are 0."""
    sent = np.flatnonzero(scan.sent)
    found = {
        "at": stamp_of(scan.at),
        "point": [plan.points[n].code for n in sent],
        "value": [round(float(scan.value[n]), 4) for n in sent],
    }
    if scan.status.any():
        found["status"] = [int(scan.status[n]) for n in sent]
    return json.dumps(found, separators=(",", ":")).encode()


def as_msgpack(plan: MinePlan, scan: Scan) -> bytes:
    """The same with packed columns: points joined by commas, values f64 and status u16, both little-endian."""
    sent = np.flatnonzero(scan.sent)
    packed: bytes = msgpack.packb(
        {
            "at": scan.at,
            "point": ",".join(plan.points[n].code for n in sent).encode(),
            "value": scan.value[sent].astype("<f8").tobytes(),
            "status": scan.status[sent].astype("<u2").tobytes(),
        }
    )
    return packed


FORMS = {"cdss": as_cdss, "json": as_json, "msgpack": as_msgpack}
