"""Only a whole and verified file gets its name, whatever the network does; keys stay at the portal."""

import base64
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import faults
import pytest
import yaml
from attprior.errors import DiskFullError, InputError
from attprior.portal import download as downloading
from attprior.portal import web
from attprior.portal.client import fetch_object
from attprior.portal.download import download
from attprior.portal.web import DEFAULT, Policy
from faults import MD5, PAYLOAD, SIGNATURE
from locks import ERRORS, without_locks

SCRIPTS = Path(__file__).parents[2] / "scripts"
SIZE = len(PAYLOAD)
HALF = SIZE // 2
FAST = Policy(hosts=(), requests_per_second=10_000)
AGENT = """
import logging, sys
from attprior.portal.download import download
from attprior.portal.web import Policy
logging.basicConfig(level=logging.INFO)
portal, target, md5, size = sys.argv[1:]
download(portal, target, md5, int(size), portal, Policy((), False, 10_000))
"""


@pytest.fixture(autouse=True)
def alone(tmp_path_factory, monkeypatch):
    """Keep the user's keys and the machine's stamp of requests out of it."""
    place = tmp_path_factory.mktemp("machine")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS))
    monkeypatch.setenv("NETRC", str(place / "netrc"))
    for key in web.KEYS:
        monkeypatch.delenv(key, raising=False)


@pytest.fixture
def waits(monkeypatch):
    """Seconds that would have been waited."""
    seconds = []
    monkeypatch.setattr(web, "sleep", seconds.append)
    return seconds


@pytest.fixture
def servers():
    with faults.running() as both:
        yield both


@pytest.fixture
def portal(servers):
    return servers[0]


@pytest.fixture
def storage(servers):
    return servers[1]


@pytest.fixture
def fetch(portal, tmp_path, waits, caplog):
    """Give the function that downloads the file of the portal, and returns where to."""
    target = tmp_path / "here/x.bam"
    caplog.set_level(logging.INFO)

    def run(md5sum=MD5, file_size=SIZE, source=portal.url, policy=FAST):
        download(source, target, md5sum, file_size, portal.url, policy)
        return target

    run.target = target
    yield run
    if target.exists():  # whatever happened
        assert hashlib.md5(target.read_bytes()).hexdigest() == MD5
    assert SIGNATURE not in caplog.text


def told(fetch, **how):
    """Error of a download."""
    with pytest.raises((InputError, DiskFullError)) as error:
        fetch(**how)
    assert SIGNATURE not in str(error.value)
    return str(error.value)


def left(fetch):
    """Names of what is on disk."""
    return sorted(file.name for file in fetch.target.parent.iterdir())


# servers that say no, or say it later


@pytest.mark.parametrize(
    ("code", "message"), [(404, "no such file"), (403, "not public.*ENCODE_ACCESS_KEY.*netrc")]
)
def test_a_file_that_is_refused_leaves_nothing(portal, fetch, waits, code, message):
    portal.faults[:] = [faults.status(code)]
    with pytest.raises(InputError, match=rf"@@download/x.bam: .*{message}"):
        fetch()
    assert (left(fetch), waits) == ([], [])


def test_the_storages_refusal_is_told_without_its_url(storage, fetch):
    storage.faults[:] = [faults.status(403)]
    assert "@@download/x.bam: not public" in told(fetch)
    assert left(fetch) == []


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        ("7", 7, 7),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True), 18, 20),
        ("86400", web.LONGEST_RETRY_AFTER, web.LONGEST_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1, 2),
        ("soon", 1, 2),
        (None, 1, 2),
    ],
)
def test_a_busy_server_is_waited_for_as_it_asks(portal, fetch, waits, given, least, most):
    value = given() if callable(given) else given
    portal.faults[:] = [faults.status(429, **({"Retry-After": value} if value else {}))]
    fetch()
    assert len(waits) == 1 and least <= waits[0] <= most
    assert left(fetch) == ["x.bam"]


def test_faults_of_a_server_that_pass_are_outlived(portal, storage, fetch, waits):
    portal.faults[:] = [faults.status(500), faults.status(500)]
    storage.faults[:] = [faults.status(503)]
    fetch()
    assert len(waits) == 3
    assert left(fetch) == ["x.bam"]


def test_waits_grow_at_random_and_end(portal, fetch, waits):
    portal.faults[:] = [faults.status(500)] * 20
    assert f"HTTP 500 Internal Server Error, {web.TRIES} times in a row" in told(fetch)
    assert len(portal.asked) == web.TRIES
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits, start=1))
    assert len(set(waits)) == len(waits) == web.TRIES - 1
    assert left(fetch) == []


def test_a_server_that_is_not_there_is_told(portal, fetch, waits):
    message = told(fetch, source="http://127.0.0.1:9/x.bam")
    assert "Connection refused" in message and "Is the network up" in message
    assert len(waits) == web.TRIES - 1
    assert left(fetch) == []


# transfers that break


@pytest.mark.parametrize(
    "fault",
    [faults.reset(HALF), faults.end(HALF), faults.end(HALF, length=False), faults.stall(HALF)],
    ids=["reset", "short body", "short body without length", "stall"],
)
def test_a_broken_transfer_goes_on_where_it_broke(storage, fetch, waits, monkeypatch, fault):
    monkeypatch.setattr(web, "TIMEOUT", (1, 0.5))
    storage.faults[:] = [fault]
    fetch()
    assert storage.ranges == [None, f"bytes={HALF}-"]
    assert len(waits) == 1
    assert left(fetch) == ["x.bam"]


def test_a_transfer_that_keeps_breaking_is_kept_for_the_next_run(storage, fetch, waits):
    storage.faults[:] = [faults.end(HALF)] * (web.TRIES + 1)
    assert "times in a row" in told(fetch)
    assert left(fetch) == ["x.bam.part"]
    storage.faults.clear()
    fetch()
    assert storage.ranges[-1] == f"bytes={HALF}-"
    assert left(fetch) == ["x.bam"]


def test_what_brings_bytes_is_no_failure(storage, fetch, waits):
    breaks = 2 * web.TRIES
    storage.faults[:] = [faults.end(HALF + n) for n in range(breaks)]
    fetch()
    assert len(waits) == breaks and max(waits) <= 2


@pytest.mark.parametrize("known", [{"md5sum": MD5}, {"md5sum": "", "file_size": 0}])
def test_a_server_without_ranges_sends_it_all_again(storage, fetch, known):
    storage.faults[:], storage.honours_range = [faults.end(HALF)], False
    storage.validators = {"ETag": '"1"'}
    fetch(**known)
    assert len(storage.asked) == 2


def test_a_server_without_ranges_that_always_breaks_ends(storage, fetch, waits):
    storage.faults[:], storage.honours_range = [faults.end(HALF)] * 20, False
    assert "times in a row" in told(fetch)


@pytest.mark.parametrize(
    ("validators", "word"),
    [
        ({"ETag": '"1"'}, '"1"'),
        ({"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, "Wed, 21 Oct 2015 07:28:00 GMT"),
        ({"ETag": 'W/"1"'}, None),  # a weak one does not hold to the byte
    ],
)
def test_a_file_is_resumed_only_if_it_is_still_the_same(storage, fetch, validators, word):
    storage.validators = validators
    storage.faults[:] = [faults.end(HALF)]
    fetch(md5sum="")
    assert storage.asked[1]["If-Range"] == word
    assert storage.ranges[1] == (f"bytes={HALF}-" if word else None)


def test_a_file_that_changed_meanwhile_starts_again(storage, fetch, waits):
    storage.validators = {"ETag": '"1"'}
    storage.payload = PAYLOAD[::-1]
    storage.faults[:] = [faults.end(HALF)] * web.TRIES
    told(fetch, md5sum="")
    storage.validators, storage.payload = {"ETag": '"2"'}, PAYLOAD
    storage.faults.clear()
    fetch(md5sum="")
    assert storage.ranges[-1] == f"bytes={HALF}-"  # was asked, and rightly not given


@pytest.mark.parametrize("size", [SIZE, 0])
def test_a_file_that_was_whole_when_its_job_was_killed_is_not_asked_for_again(storage, fetch, size):
    fetch.target.parent.mkdir()
    Path(f"{fetch.target}.part").write_bytes(PAYLOAD)
    fetch(file_size=size)
    assert len(storage.asked) == (0 if size else 1)  # 416 to a range that starts at the end


def test_more_than_the_file_was_left(storage, fetch):
    fetch.target.parent.mkdir()
    Path(f"{fetch.target}.part").write_bytes(PAYLOAD + b"more")
    fetch()
    assert storage.ranges == [None]


def test_a_job_killed_in_mid_file_is_resumed(portal, storage, fetch):
    storage.faults[:] = [faults.stall(HALF)]
    part = Path(f"{fetch.target}.part")
    job = subprocess.Popen([sys.executable, "-c", AGENT, portal.url, fetch.target, MD5, str(SIZE)])
    wait_until(lambda: part.exists() and part.stat().st_size == HALF)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert left(fetch) == ["x.bam.part"]
    fetch()
    assert storage.ranges == [None, f"bytes={HALF}-"]
    assert left(fetch) == ["x.bam"]


def test_of_two_jobs_for_one_file_one_brings_it(portal, storage, fetch):
    storage.faults[:] = [faults.stall(HALF)]
    part = Path(f"{fetch.target}.part")
    command = [sys.executable, "-c", AGENT, portal.url, fetch.target, MD5, str(SIZE)]
    jobs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    wait_until(lambda: part.exists() and part.stat().st_size == HALF)
    time.sleep(0.5)
    storage.released.set()  # the first goes on, when both have begun
    logs = [job.communicate(timeout=30)[1] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], logs
    assert storage.ranges == [None, f"bytes={HALF}-"]
    assert sum("another job is at it" in log for log in logs) == 1
    assert left(fetch) == ["x.bam"]


@pytest.mark.parametrize("error", ERRORS)
def test_of_two_jobs_where_files_cannot_be_locked_each_brings_the_file(
    portal, storage, fetch, tmp_path, error
):
    storage.faults[:] = [faults.stall(HALF), faults.stall(HALF)]
    # what a job left where there were locks is nobody's here
    fetch.target.parent.mkdir()
    Path(f"{fetch.target}.part").write_bytes(PAYLOAD[:10])
    command = [sys.executable, "-c", AGENT, portal.url, fetch.target, MD5, str(SIZE)]
    # requests wait for each other where there are locks
    environment = without_locks(tmp_path, error, elsewhere=tempfile.gettempdir())
    jobs = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    wait_until(lambda: len(left(fetch)) == 3)
    time.sleep(0.5)
    storage.released.set()
    logs = [job.communicate(timeout=30)[1] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], logs
    assert all("files can't be locked there" in log for log in logs)
    assert fetch.target.read_bytes() == PAYLOAD
    assert left(fetch) == ["x.bam", "x.bam.part"]


def wait_until(true):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


# files that are not what the portal says


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"md5sum": "0" * 32}, f"MD5 {MD5} came, the portal says {'0' * 32}"),
        ({"file_size": 5}, f"{SIZE} bytes came, the portal says 5"),
        ({"file_size": SIZE + 1}, f"says {SIZE + 1}"),
    ],
)
def test_a_file_that_differs_leaves_nothing(fetch, how, message):
    assert message in told(fetch, **how)
    assert left(fetch) == []


def test_a_size_that_the_server_does_not_tell_is_checked_too(storage, fetch):
    storage.faults[:] = [faults.unannounced]
    assert f"says {HALF}" in told(fetch, file_size=HALF)
    assert left(fetch) == []


@pytest.mark.parametrize("known", [{}, {"md5sum": "", "file_size": 0}])
def test_a_page_is_no_file(storage, fetch, known):
    storage.faults[:] = [faults.page]
    assert "answered a web page, no file" in told(fetch, **known)
    assert left(fetch) == []


def test_a_page_does_not_spoil_what_has_come(storage, fetch, waits):
    storage.faults[:] = [faults.end(HALF), faults.page]
    told(fetch)
    assert Path(f"{fetch.target}.part").read_bytes() == PAYLOAD[:HALF]


# where requests may go


def test_redirects_that_do_not_end_are_told(portal, storage, fetch, waits):
    storage.leads_to = f"{storage.url}/again?{SIGNATURE}"
    assert f"redirected more than {web.REDIRECTS} times" in told(fetch)
    assert len(portal.asked) + len(storage.asked) == web.REDIRECTS + 1
    assert (left(fetch), waits) == ([], [])


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (
            "https://evil.example/x.bam?" + SIGNATURE,
            "redirects to https://evil.example. evil.example is not among the hosts",
        ),
        ("file:///etc/passwd", "no address of a web server"),
        ("https://me:secret@127.0.0.1/", "holds no keys"),
        ("http://data.example/x", "data.example is not encrypted.*portal/allow_http"),
    ],
)
def test_a_redirect_elsewhere_is_not_followed(portal, fetch, waits, to, message):
    portal.leads_to = to
    with pytest.raises(InputError, match=message) as error:
        fetch(policy=Policy(("data.example",), False, 10_000))
    assert "secret" not in str(error.value)
    assert (left(fetch), waits) == ([], [])


def test_a_config_key_allows_more(portal, storage, fetch):
    portal.leads_to = portal.leads_to.replace("127.0.0.1", "localhost")
    assert "portal/hosts" in told(fetch)
    fetch(policy=Policy(("localhost",), False, 10_000))
    plain = "http://data.example/x"
    web.check_url(plain, "", Policy(("data.example",), True, 10_000))
    with pytest.raises(InputError, match="portal/allow_http"):
        web.check_url(plain, "", Policy(("data.example",), False, 10_000))


def test_the_host_that_is_checked_is_the_host_that_is_asked(portal, fetch):
    portal.leads_to = "https://127.0.0.1\\@evil.example/"  # understood in two ways
    assert "HTTPSConnection(host='127.0.0.1'" in told(fetch)


def test_the_defaults_are_those_of_the_schema():
    schema = yaml.safe_load((SCRIPTS.parent / "schemas/config.schema.yaml").read_text())
    keys = schema["properties"]["portal"]["properties"]
    assert tuple(keys["hosts"]["default"]) == DEFAULT.hosts
    assert keys["allow_http"]["default"] == DEFAULT.allow_http
    assert keys["requests_per_second"]["default"] == DEFAULT.requests_per_second


# keys


@pytest.fixture(params=["environment", "netrc"])
def secret(request, monkeypatch):
    """Give the user keys; what the portal is to be sent."""
    if request.param == "environment":
        monkeypatch.setenv("ENCODE_ACCESS_KEY", "my-access")
        monkeypatch.setenv("ENCODE_SECRET_KEY", "my-secret")
    else:
        place = Path(os.environ["NETRC"])
        entries = "".join(
            f"machine {host} login my-access password my-secret\n"
            for host in ("127.0.0.1", "localhost")
        )
        place.write_text(entries, encoding="utf-8")
        place.chmod(0o600)
    return "Basic " + base64.b64encode(b"my-access:my-secret").decode()


def test_keys_go_to_the_portal_alone(portal, storage, fetch, caplog, secret):
    storage.faults[:] = [faults.end(HALF), faults.status(500)]
    caplog.set_level(logging.DEBUG, logger="attprior")
    fetch()
    assert {headers["Authorization"] for headers in portal.asked} == {secret}
    assert {headers["Authorization"] for headers in storage.asked} == {None}
    assert len(storage.asked) == 3
    written = b"".join(file.read_bytes() for file in fetch.target.parent.iterdir())
    for key in ("my-access", "my-secret", secret):
        assert key not in caplog.text and key.encode() not in written


def test_keys_are_in_no_error_and_no_list_of_processes(portal, storage, fetch, secret):
    storage.faults[:] = [faults.stall(HALF)]
    part = Path(f"{fetch.target}.part")
    command = [sys.executable, "-c", AGENT, portal.url, fetch.target, "0" * 32, str(SIZE)]
    job = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_until(part.exists)
    listed = Path(f"/proc/{job.pid}/cmdline").read_text(encoding="utf-8")
    storage.released.set()
    shown = job.communicate(timeout=30)[1]
    assert f"MD5 {MD5} came" in shown
    for key in ("my-access", "my-secret", secret, SIGNATURE):
        assert key not in shown and key not in listed


def test_keys_are_sent_for_objects_too_and_not_in_clear(portal, secret):
    portal.faults[:] = [lambda handler: handler.send(200, b'{"accession": "x"}')]
    assert fetch_object(portal.url, "/files/x/", FAST) == {"accession": "x"}
    assert portal.asked[0]["Authorization"] == secret
    assert web._keys("http://portal.example") is web._anonymous


def test_half_a_key_is_told(fetch, monkeypatch):
    monkeypatch.setenv("ENCODE_ACCESS_KEY", "my-access")
    assert "only one is set" in told(fetch)


def test_cookies_are_not_kept(portal, storage, fetch):
    portal.faults[:] = [
        lambda handler: handler.send(307, Location=portal.leads_to, Set_Cookie="session=my-secret")
    ]
    fetch()
    assert storage.asked[0]["Cookie"] is None


# the disk


def test_room_is_checked_before_anything_is_asked(portal, fetch, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 93, 7))
    assert f"x.bam needs {SIZE} bytes more, 7 bytes are free" in told(fetch)
    assert (portal.asked, left(fetch)) == ([], [])
    assert f"needs {SIZE} bytes" in told(fetch, md5sum="", file_size=0)


def test_a_disk_that_fills_up_keeps_what_has_come(storage, fetch):
    fetch.target.parent.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(fetch.target.parent)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small disk can be made here")
    try:
        storage.faults[:] = [faults.unannounced]
        message = told(fetch, file_size=0)
        assert "the disk is full" in message and "bytes are free" in message
        came = Path(f"{fetch.target}.part").read_bytes()
        assert left(fetch) == ["x.bam.part"]
        assert 0 < len(came) <= 1 << 20 and PAYLOAD.startswith(came)
        subprocess.run(["mount", "-o", "remount,size=9m", str(fetch.target.parent)], check=True)
        fetch()
        assert storage.ranges[-1] == f"bytes={len(came)}-"
        assert left(fetch) == ["x.bam"]
    finally:
        subprocess.run(["umount", str(fetch.target.parent)], check=True)


def test_a_file_system_without_room_for_a_write_is_told(fetch, monkeypatch):
    def full(part, chunk):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloading.Partial, "append", full)
    assert "the disk is full (No space left on device)" in told(fetch)
    assert "x.bam" not in left(fetch)


# the rest


def test_progress_is_shown(fetch, monkeypatch, caplog):
    monkeypatch.setattr(downloading, "PROGRESS", 0)
    fetch()
    assert "x.bam: 2.0 of 2.0 MB" in caplog.text
    assert f"{SIZE} bytes, MD5 {MD5}" in caplog.text


def test_a_file_of_a_folder_is_copied_and_verified(fetch, tmp_path):
    source = tmp_path / "source.bam"
    source.write_bytes(PAYLOAD)
    fetch(source=str(source))
    assert left(fetch) == ["x.bam"]


def test_a_file_of_a_folder_that_differs_gets_no_name(fetch, tmp_path):
    source = tmp_path / "source.bam"
    source.write_bytes(PAYLOAD[1:])
    assert "the portal says" in told(fetch, source=str(source))
    assert "no such file" in told(fetch, source=str(tmp_path / "absent.bam"))
    assert left(fetch) == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.status(404), "no such accession"),
        (faults.page, "no JSON object"),
        (faults.status(403), "not public"),
        (faults.redirect("https://evil.example/"), "not among the hosts"),
    ],
)
def test_objects_that_do_not_come_are_told(portal, waits, fault, message):
    portal.faults[:] = [faults.status(503), faults.end(9), fault]
    with pytest.raises(InputError, match=message):
        fetch_object(portal.url, "/experiments/TSTSR999ZZZ/", FAST)
    assert len(waits) == 2


def test_the_rate_holds_over_jobs(portal, storage, tmp_path):
    slow = AGENT.replace("10_000", "5")
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", slow, portal.url, tmp_path / name, MD5, str(SIZE)],
            stderr=subprocess.DEVNULL,
        )
        for name in "abc"
    ]
    assert [job.wait(30) for job in jobs] == [0, 0, 0]
    times = sorted(portal.times + storage.times)
    assert len(times) == 6
    assert times[-1] - times[0] > 0.9
