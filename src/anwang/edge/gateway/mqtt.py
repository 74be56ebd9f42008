"""The broker: one session that outlives the process, and acknowledgements of our own.

Everything is subscribed with QoS 1 under a lasting session, so what comes while no gateway runs waits at the broker.
"""

import asyncio
import time
from collections.abc import Sequence
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

_KIND, _PUBLISH = 0xF6, 0x32
"""Of the first byte: kind and QoS, and those of a message published with QoS 1."""
_PUBACK = b"\x40\x02"
"""Its kind and length; without a reason code it means that all is well (MQTT 5, 3.4.2.1)."""
_SHORTEST = 7
_new = tuple.__new__
"""A named tuple made without its own constructor, which takes as long as all else here."""

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
            _read_by_the_packet(client, self._intake)
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
            self._intake.put(Message(topic, bytes(payload), _link(handler), mid))

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


class _Link:
    """Acknowledges over the connection a message came by; on another one its number means nothing."""

    __slots__ = ("_connection", "_handler")

    def __init__(self, handler: Any, connection: Any) -> None:
        self._handler, self._connection = handler, connection

    def acknowledge(self, mids: Sequence[int]) -> None:
        if self._handler.current_connection is self._connection and not self._connection.is_closing():
            self._connection.send_package(b"".join([_PUBACK + mid.to_bytes(2) for mid in mids]))


def _link(handler: Any) -> _Link:
    """One a connection, so that what came by it can be acknowledged together."""
    connection = handler.current_connection
    found: _Link | None = getattr(connection, "anwang_link", None)
    if found is None:
        found = connection.anwang_link = _Link(handler, connection)
    return found


def _read_by_the_packet(client: Any, intake: Intake) -> None:
    """Take published messages straight out of what the socket gave, without gmqtt's five calls and an object for each.

    That is the plain case: QoS 1, no properties. Everything else goes gmqtt's way, packet by packet and in its turn.
    """
    handler, connection = client._package_handler, client._connection  # noqa: SLF001
    protocol = connection._protocol  # noqa: SLF001
    one_by_one = protocol._read_packet  # noqa: SLF001
    link = _link(handler)
    fifth = protocol.proto_ver >= gmqtt.constants.MQTTv50

    def read(data: bytes) -> int:
        if handler.current_connection is not connection:
            return int(one_by_one(data))
        connection._last_data_in = time.monotonic()  # noqa: SLF001
        found: list[Message] = []
        at, size = 0, len(data)
        while size - at >= _SHORTEST:
            length, shift, body = 0, 0, at + 1
            while body < size and shift < 28:
                byte = data[body]
                length |= (byte & 0x7F) << shift
                body, shift = body + 1, shift + 7
                if byte < 0x80:
                    break
            else:
                break
            end = body + length
            if end > size:
                break
            topic_end = body + 2 + (data[body] << 8 | data[body + 1])
            payload = topic_end + 2 + fifth
            topic = ""
            if data[at] & _KIND == _PUBLISH and payload <= end and not (fifth and data[payload - 1]):
                try:
                    topic = data[body + 2 : topic_end].decode()
                except UnicodeDecodeError:
                    topic = ""
            if topic:
                mid = data[topic_end] << 8 | data[topic_end + 1]
                found.append(_new(Message, (topic, data[payload:end], link, mid)))
            else:
                intake.put(*found)
                found = []
                if one_by_one(data[at:end]) < 0:
                    return -1
            at = end
        intake.put(*found)
        # What is left begins with a packet that has not come whole, or with one too short to be published.
        if at < size and (rest := one_by_one(data[at:])) != 0:
            return int(rest) if rest < 0 else at + int(rest)
        return at

    protocol._read_packet = read  # noqa: SLF001
