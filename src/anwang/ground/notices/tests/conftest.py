import asyncio
import contextlib
import http.server
import socket
import threading
from email import message_from_bytes, policy

import pytest


class MailServer:
    """A small SMTP server: takes letters as the real thing does, keeps them, and can be told to refuse."""

    def __init__(self):
        self.letters = []
        self.refuse = False
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        assert self._ready.wait(5)

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.close()

    async def _serve(self, reader, writer):
        async def say(line):
            writer.write(line.encode() + b"\r\n")
            await writer.drain()

        with contextlib.suppress(ConnectionError):
            await say("220 test")
            while line := (await reader.readline()).decode().strip():
                verb = line.split(maxsplit=1)[0].upper()
                if verb == "EHLO":
                    await say("250-test")
                    await say("250 SMTPUTF8")
                elif verb == "RCPT" and self.refuse:
                    await say("450 mailbox busy")
                elif verb == "DATA":
                    await say("354 go on")
                    self.letters.append(message_from_bytes(await self._body(reader), policy=policy.default))
                    await say("250 taken")
                elif verb == "QUIT":
                    await say("221 bye")
                    break
                else:
                    await say("250 ok")
        writer.close()

    async def _body(self, reader):
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)


@pytest.fixture
def mail(settings):
    server = MailServer()
    server.start()
    settings.ANWANG_MAIL_URL = f"mailto://127.0.0.1:{server.port}?from=anwang@example.cn&smtp=127.0.0.1&mode=insecure"
    yield server
    server.stop()


class Gateway:
    """An HTTP gateway (a robot, a text-message service) that keeps what it was sent and can be down."""

    def __init__(self):
        gateway = self
        self.bodies, self.paths, self.status = [], [], 200

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                gateway.paths.append(self.path)
                gateway.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(gateway.status)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.stop()


@pytest.fixture
def dead_port():
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
