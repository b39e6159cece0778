"""A loopback server that behaves as the ENCODE portal does, with its storage on another port.

It serves objects and searches as JSON, ``report.tsv`` with its time-stamp line, and each file's
``@@download``, which redirects (307) to a presigned URL of the storage; ``?soft=1`` names that URL
in a JSON object instead.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

HTML = b"<!doctype html><html><body>ENCODE</body></html>"
SIGNATURE = "X-Amz-Signature=made&X-Amz-Expires=129600"
BINARY = "binary/octet-stream"
# of a search, what does not ask for a property
VIEW = {"format", "limit", "field", "frame"}


@dataclass
class Portal:
    """What the server serves, and what it was asked."""

    url: str = ""
    storage: str = ""
    objects: dict[str, dict | bytes] = field(default_factory=dict)
    """By ``@id``, e.g. ``/files/TSTFF000001/``; bytes are served as they are."""
    payloads: dict[str, bytes] = field(default_factory=dict)
    """By accession."""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    """Path and headers of each request, to the storage too."""


@contextmanager
def serve(*records: Mapping, payloads: Mapping[str, bytes] | None = None) -> Iterator[Portal]:
    """Serve objects, each under its ``@id`` (else that of an experiment), and files."""
    objects = {
        item.get("@id", f"/experiments/{item['accession']}/"): dict(item) for item in records
    }
    portal = Portal(objects=objects, payloads=dict(payloads or {}))
    with ExitStack() as stack:
        portal.url = stack.enter_context(_running(_portal(portal)))
        portal.storage = stack.enter_context(_running(_storage(portal)))
        yield portal


@contextmanager
def _running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Server(ThreadingHTTPServer):
    """A server that keeps quiet where a client hangs up."""

    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        pass


class Handler(BaseHTTPRequestHandler):
    """Answers of either server."""

    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes | dict | list, **headers: str) -> None:
        is_json = not isinstance(body, bytes)
        content = json.dumps(body).encode() if is_json else body
        self.send_response(status)
        known = {
            "Content_Type": "application/json" if is_json else "text/html",
            "Content_Length": str(len(content)),
        }
        for name, value in {**known, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args) -> None:
        pass


def _portal(portal: Portal) -> type[Handler]:
    class PortalHandler(Handler):
        def do_GET(self):
            portal.asked.append((self.path, dict(self.headers)))
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if "@@download" in parts.path:
                return self.download(parts.path.split("/")[2], query)
            if parts.path.rstrip("/") == "/search":
                found = search(portal.objects, parts.query)
                says = {"notification": "Success" if found else "No results found"}
                return self.answer(
                    200 if found else 404, {"@graph": found, "total": len(found), **says}
                )
            if parts.path == "/report.tsv":
                body = report(portal.url + self.path, search(portal.objects, parts.query), query)
                return self.answer(200, body.encode(), Content_Type="text/tsv")
            found = portal.objects.get(parts.path)
            if found is None:
                return self.answer(404, {"status": "error", "code": 404, "title": "Not Found"})
            wants_json = "json" in query.get("format", []) or "json" in self.headers["Accept"]
            return self.answer(200, found if wants_json else HTML)

        def download(self, accession, query):
            if accession not in portal.payloads:
                return self.answer(404, {"status": "error", "code": 404, "title": "Not Found"})
            location = f"{portal.storage}/2020/01/01/{accession}?{SIGNATURE}"
            if query.get("soft"):
                return self.answer(200, {"@type": ["SoftRedirect"], "location": location})
            return self.answer(307, b"", Location=location)

    return PortalHandler


def _storage(portal: Portal) -> type[Handler]:
    class StorageHandler(Handler):
        def do_GET(self):
            portal.asked.append((self.path, dict(self.headers)))
            parts = urlsplit(self.path)
            body = portal.payloads.get(parts.path.rpartition("/")[2])
            if body is None or parts.query != SIGNATURE:
                return self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            asked = self.headers.get("Range")
            if not asked:
                return self.answer(200, body, Content_Type=BINARY, Accept_Ranges="bytes")
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            if start >= len(body):
                return self.answer(416, b"", Content_Range=f"bytes */{len(body)}")
            place = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self.answer(206, body[start:], Content_Type=BINARY, Content_Range=place)

    return StorageHandler


def search(objects: Mapping[str, dict | bytes], query: str) -> list[dict]:
    """Objects that have, for each property asked, one of the values asked; linked ones embedded."""
    asked: dict[str, set[str]] = {}
    for name, value in parse_qsl(query):
        if name not in VIEW:
            asked.setdefault(name, set()).add(value)
    fields = [value for name, value in parse_qsl(query) if name == "field"]
    found = []
    for path, item in objects.items():
        if isinstance(item, bytes):
            continue
        whole = {"@id": path, **embed(item, objects)}
        types = asked.get("type", set())
        if types & set(whole["@type"]) and all(
            values & set(map(str, values_at(whole, name.split("."))))
            for name, values in asked.items()
            if name != "type"
        ):
            found.append(project(whole, fields))
    return found


def embed(item, objects: Mapping[str, dict | bytes], deep: bool = True):
    """Put the objects that an object names in their place, as searches answer."""
    if isinstance(item, str):
        linked = objects.get(item)
        return linked if isinstance(linked, dict) and not deep else item
    if isinstance(item, list):
        return [embed(part, objects, deep=False) for part in item]
    if isinstance(item, dict) and deep:
        return {
            key: value if key == "@id" else embed(value, objects, deep=False)
            for key, value in item.items()
        }
    return item


def values_at(item, names: list[str]) -> list:
    """All values under a dotted name; lists on the way are walked through."""
    if isinstance(item, list):
        return [value for part in item for value in values_at(part, names)]
    if not names:
        return [item]
    return (
        values_at(item[names[0]], names[1:]) if isinstance(item, dict) and names[0] in item else []
    )


def project(item, fields: list[str]) -> dict:
    """Keep the fields asked, beside the identity."""
    if not fields:
        return item
    kept = {}
    for name in ["@id", "@type", *dict.fromkeys(name.partition(".")[0] for name in fields)]:
        if name not in item:
            continue
        below = [part.partition(".")[2] for part in fields if part.partition(".")[0] == name]
        value = item[name]
        if any(below) and isinstance(value, dict):
            value = project(value, below)
        elif any(below) and isinstance(value, list):
            value = [project(part, below) if isinstance(part, dict) else part for part in value]
        kept[name] = value
    return kept


def report(url: str, found: list[dict], query: Mapping[str, list[str]]) -> str:
    """Table of a search: a line of time stamp and address, a header, a row an object."""
    fields = query.get("field", ["@id", "accession", "assay_title", "biosample_summary"])
    lines = [f"2020-01-01 00:00:00.000000\t{url}"]
    lines.append("\t".join("ID" if name == "@id" else name.capitalize() for name in fields))
    for item in found:
        lines.append(
            "\t".join(",".join(map(str, values_at(item, name.split(".")))) for name in fields)
        )
    return "\n".join(lines) + "\n"
