"""Throughput of a verified download against curl's, from a server on the loopback.

    python workflow/benchmarks/download.py [--megabytes 1000] [--repeats 5] [--folder DIR]

They are timed in turn; the last lines are ``md5_vs_curl<TAB>ratio`` and
``download_vs_curl<TAB>ratio``, the ratios of the median throughputs, where curl checks nothing of
what came. A download is bound by the MD5, which one thread computes: no ratio can be above that of
the MD5 alone. It needs two idle cores, one for the MD5 and one for the transfer; curl needs one.
"""

import argparse
import hashlib
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from attprior.portal.download import download
from attprior.portal.web import Policy


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the file")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each")
    parser.add_argument("--folder", help="where to write; the system's temporary one if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        md5sum = write(source, options.megabytes)
        size = source.stat().st_size
        here, there = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(source, there), daemon=True)
        server.start()
        url = f"http://127.0.0.1:{here.recv()}/x.bam"
        policy = Policy(hosts=("127.0.0.1",))
        curl = ["curl", "-sfo", target, url]
        ways = {
            "curl": lambda: subprocess.run(curl, check=True),
            "curl, then md5sum": lambda: (
                subprocess.run(curl, check=True),
                subprocess.run(["md5sum", target], check=True, stdout=subprocess.DEVNULL),
            ),
            "MD5 alone": lambda: digest(options.megabytes),
            "download": lambda: download(url, target, md5sum, size, policy=policy),
        }
        rates = {name: [] for name in ways}
        for _ in range(options.repeats):
            for name, way in ways.items():
                rates[name].append(size / 1e6 / seconds(way))
                target.unlink(missing_ok=True)
        server.terminate()
    medians = {name: statistics.median(each) for name, each in rates.items()}
    print("way\tMB/s (median)\tMB/s (each)")
    for name, each in rates.items():
        print(f"{name}\t{medians[name]:.0f}\t{' '.join(f'{rate:.0f}' for rate in each)}")
    print(f"md5_vs_curl\t{medians['MD5 alone'] / medians['curl']:.2f}")
    print(f"download_vs_curl\t{medians['download'] / medians['curl']:.2f}")


def write(path: Path, megabytes: int) -> str:
    """Write a file of random bytes, and give its MD5."""
    megabyte, md5 = random.Random(1).randbytes(10**6), hashlib.md5()
    with path.open("wb") as file:
        for number in range(megabytes):
            block = number.to_bytes(8, "big") + megabyte[8:]
            file.write(block)
            md5.update(block)
        os.fsync(file.fileno())
    return md5.hexdigest()


def digest(megabytes: int) -> None:
    """Compute the MD5 of bytes in memory."""
    megabyte, md5 = bytes(10**6), hashlib.md5()
    for _ in range(megabytes):
        md5.update(megabyte)


def serve(path: Path, port: Connection) -> None:
    """Serve a file to all who ask, and tell the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            with path.open("rb") as file:
                self.send_response(200)
                self.send_header("Content-Length", str(path.stat().st_size))
                self.end_headers()
                self.wfile.flush()
                self.connection.sendfile(file)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        port.send(server.server_port)
        server.serve_forever()


def seconds(way: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
