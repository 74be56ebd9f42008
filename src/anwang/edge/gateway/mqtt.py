"""The broker: one session that outlives the process, and acknowledgements of our own.

Everything is subscribed with QoS 1 under a lasting session, so what comes while no gateway runs waits at the broker.
"""

import asyncio
from typing import Any
from urllib.parse import unquote, urlsplit

import gmqtt
import structlog

from anwang.edge.gateway import rules
from anwang.edge.gateway.messages import Message
from anwang.edge.gateway.running import Intake, Say

SESSION = 7 * 86_400
"""Seconds for which the broker keeps our session, and what came meanwhile."""
IN_FLIGHT = 65_535
CONNECT_WITHIN = 10.0
BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0)

log = structlog.get_logger("anwang.gateway")


class Broker:
    """A connection that is made when it can be made, and made again when it is lost."""

    def __init__(self, url: str, intake: Intake, *, client_id: str, say: Say) -> None:
        """Raises ValueError for an address that is none."""
        found = urlsplit(url)
        if found.scheme not in {"mqtt", "mqtts"} or not found.hostname:
            raise ValueError(url)
        self.host, self.tls = found.hostname, found.scheme == "mqtts"
        self.port = found.port or (8883 if self.tls else 1883)
        self._user, self._password = unquote(found.username or ""), unquote(found.password or "")
        self._intake, self._client_id, self._say = intake, client_id, say
        self._client: Any = None
        intake.hold = self._hold

    @property
    def address(self) -> str:
        """Without the password."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    async def stay(self) -> None:
        """Connect, and stay connected, until cancelled."""
        run, failed, said = self._intake.run, 0, ""
        while True:
            lost = asyncio.Event()
            client = self._made(lost)
            try:
                async with asyncio.timeout(CONNECT_WITHIN):
                    await client.connect(self.host, self.port, ssl=self.tls, keepalive=20)
            except Exception as error:  # noqa: BLE001 - of many kinds; all mean: not now
                client.stop_reconnect()
                words = f"{self.address}: {str(error) or type(error).__name__}"
                run.connected = False
                if words != said:
                    self._say(f"no broker yet, trying on: {words}")
                    said = words
                await asyncio.sleep(BACKOFF[min(failed, len(BACKOFF) - 1)])
                failed += 1
                continue
            self._client = client
            run.connected, failed, said = True, 0, ""
            self._say(f"connected: {self.address}")
            try:
                await lost.wait()
                self._say(f"connection lost: {self.address}")
            finally:
                run.connected = False
                self._client = None
                client.stop_reconnect()
                if not lost.is_set():
                    await client.disconnect(session_expiry_interval=SESSION)
            await asyncio.sleep(BACKOFF[0])

    def _made(self, lost: asyncio.Event) -> Any:
        client = gmqtt.Client(
            self._client_id,
            clean_session=False,
            optimistic_acknowledgement=False,
            session_expiry_interval=SESSION,
            receive_maximum=IN_FLIGHT,
            maximum_packet_size=rules.MOST + 1024,
        )
        client.set_config({"reconnect_retries": 0, "reconnect_delay": 1})
        if self._user:
            client.set_auth_credentials(self._user, self._password)
        handler = client._package_handler  # noqa: SLF001 - gmqtt acknowledges when a callback returns; we do when it is kept

        def taken(mid: int, payload: bytes, topic: str, _properties: Any) -> None:
            self._intake.put(Message(topic, payload, _Ack(handler, handler.current_connection, mid)))

        def subscribe(_client: Any, _flags: int, _code: int, _properties: Any) -> None:
            client.subscribe(f"{rules.ROOT}/#", qos=1)

        def message(_client: Any, topic: str, payload: bytes, _qos: int, _properties: Any) -> int:
            """What a mine sends with QoS 0 cannot be acknowledged; it is taken all the same."""
            self._intake.put(Message(topic, bytes(payload)))
            return 0

        handler._handle_qos_1_publish_packet = taken  # noqa: SLF001
        client.on_connect = subscribe
        client.on_message = message
        client.on_disconnect = lambda *_: lost.set()
        return client

    def _hold(self, hold: bool) -> None:
        connection = getattr(self._client, "_connection", None)
        transport = getattr(connection, "_transport", None)
        if transport is not None and not transport.is_closing():
            transport.pause_reading() if hold else transport.resume_reading()


class _Ack:
    """Acknowledges over the connection a message came by; on another one its number means nothing."""

    __slots__ = ("_connection", "_handler", "_mid")

    def __init__(self, handler: Any, connection: Any, mid: int) -> None:
        self._handler, self._connection, self._mid = handler, connection, mid

    def __call__(self) -> None:
        if self._handler.current_connection is self._connection and not self._connection.is_closing():
            self._handler._send_puback(self._mid)  # noqa: SLF001
