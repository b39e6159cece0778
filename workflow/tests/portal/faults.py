"""A loopback portal that serves one file, as badly as it is told to.

The portal answers a ``@@download`` with a 307 to a presigned URL of its storage on another port,
as the real one does. Faults are queued; each answers one request in the place of the file.
"""

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAYLOAD = b"\x1f\x8b" + bytes(range(256)) * 8000
MD5 = hashlib.md5(PAYLOAD).hexdigest()
SIGNATURE = "X-Amz-Signature=secret"
PAGE = b"<!DOCTYPE html><html>Please sign in</html>"

Fault = Callable[["Handler"], None]


@dataclass
class Server:
    """A running portal or storage."""

    faults: list[Fault] = field(default_factory=list)
    asked: list[Message] = field(default_factory=list)
    """Headers of each request."""
    times: list[float] = field(default_factory=list)
    """When each request came, in seconds."""
    validators: dict[str, str] = field(default_factory=dict)
    """Headers that name the version of the file."""
    honours_range: bool = True
    payload: bytes = PAYLOAD
    leads_to: str = ""
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    """Ends stalls."""

    @property
    def ranges(self) -> list[str | None]:
        return [headers["Range"] for headers in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_: Server

    def do_GET(self):
        server = self.server_
        server.times.append(time.monotonic())
        server.asked.append(self.headers)
        if server.faults and (fault := server.faults.pop(0)):
            fault(self)
        elif server.leads_to:
            redirect(server.leads_to)(self)
        else:
            self.send_file()

    def send_file(self, body: bytes | None = None, length: bool = True):
        """Send the file from where it is asked for, or only a part of it."""
        server, whole = self.server_, len(self.server_.payload)
        start = 0
        known = server.validators.get("ETag", server.validators.get("Last-Modified"))
        if server.honours_range and self.headers["If-Range"] in (None, known):
            start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        if start >= whole:
            return self.send(416, b"", **{"Content-Range": f"bytes */{whole}"})
        self.send_response(206 if start else 200)
        for name, value in server.validators.items():
            self.send_header(name, value)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        if length:
            self.send_header("Content-Length", str(whole - start))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(server.payload[start:] if body is None else body[start:])

    def send(self, status: int, body: bytes = b"", **headers: str):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def status(code: int, **headers: str) -> Fault:
    """Answer with a status and a page."""
    return lambda handler: handler.send(code, PAGE, **headers)


def redirect(to: str) -> Fault:
    return lambda handler: handler.send(307, PAGE, Location=to)


def page(handler: Handler) -> None:
    """Answer a page as if it were the file."""
    handler.send(200, PAGE, Content_Type="text/html; charset=utf-8")


def reset(after: int) -> Fault:
    """Reset the connection after some bytes of the file."""

    def fault(handler):
        handler.send_file(handler.server_.payload[:after])
        time.sleep(0.1)  # a reset discards what is still under way
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        # the handler's two streams hold the socket open
        handler.rfile.close()
        handler.wfile.close()
        handler.connection.close()
        handler.close_connection = True

    return fault


def stall(after: int) -> Fault:
    """Send some bytes of the file, then nothing, with the connection open."""

    def fault(handler):
        handler.send_file(handler.server_.payload[:after])
        handler.server_.released.wait(30)
        handler.close_connection = True

    return fault


def end(after: int, length: bool = True) -> Fault:
    """Close the connection after some bytes of the file, whose length was told or not."""

    def fault(handler):
        handler.send_file(handler.server_.payload[:after], length)
        handler.close_connection = True

    return fault


def unannounced(handler: Handler) -> None:
    """Send the file without its length."""
    handler.send_file(length=False)


@contextmanager
def running() -> Iterator[tuple[Server, Server]]:
    """Run a portal and its storage; the portal's URL is that of its file."""
    with ExitStack() as stack:
        portal, storage = Server(), Server()
        for server in (storage, portal):
            handler = type("Bound", (Handler,), {"server_": server})
            http = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            http.handle_error = lambda *args: None  # connections that faults closed
            thread = threading.Thread(target=http.serve_forever, args=[0.01], daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(http.shutdown)
            stack.callback(server.released.set)
            server.url = f"http://127.0.0.1:{http.server_port}"
        portal.leads_to = f"{storage.url}/2020/x.bam?{SIGNATURE}"
        portal.url += "/files/x/@@download/x.bam"
        yield portal, storage
