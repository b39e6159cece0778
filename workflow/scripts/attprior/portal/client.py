"""Objects and files of an ENCODE-like portal, over HTTP or from a folder that mirrors it.

A folder holds ``experiments/{accession}.json``, ``files/{accession}.json`` and each file at its
``href``, e.g. ``files/{accession}/@@download/{accession}.bam``.
"""

import hashlib
import json
import logging
import os
import shutil
from functools import cache
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from urllib3.util import Retry

from attprior.errors import InputError

log = logging.getLogger(__name__)

TIMEOUT = (10, 60)  # seconds to connect, and between two bytes
CHUNK = 1 << 20  # bytes
BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def is_remote(place: str) -> bool:
    """Whether a place is a URL; all else is a path."""
    return place.startswith(("http://", "https://"))


@cache
def session() -> requests.Session:
    """Give the process's one session: it retries what passes, and heeds ``Retry-After``."""
    retry = Retry(total=5, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504))
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=retry))
    return made


def fetch_object(portal: str, path: str) -> dict:
    """Read an object of the portal.

    Parameters
    ----------
    portal
        URL or folder.
    path
        The object's ``@id``, e.g. ``/experiments/ENCSR000BGQ/``.

    Returns
    -------
    dict
        The object's JSON.

    Raises
    ------
    InputError
        If there is no such object, if it is not public, or if the answer is no JSON object.
    """
    if is_remote(portal):
        place = f"{portal.rstrip('/')}/{path.strip('/')}/"
        text = _get(place)
    else:
        file = Path(portal) / f"{path.strip('/')}.json"
        place, text = str(file), file.read_text() if file.is_file() else None
    if text is None:
        raise InputError(
            f"{path.strip('/').rpartition('/')[2]}: the portal {portal} has no such accession "
            f"({place}). Correct it in the table of experiments, or give local files in its "
            "columns alignments and peaks."
        )
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError(
            f"{place}: answered {text[:60]!r}, no JSON object. "
            "Is portal/url the address of an ENCODE portal?"
        )
    return found


def _get(url: str) -> str | None:
    """Text of a JSON page; None where there is no such page."""
    try:
        response = session().get(
            url,
            params={"format": "json"},
            headers={"Accept": "application/json"},
            timeout=TIMEOUT,
        )
    except requests.RequestException as error:
        raise InputError(f"{url}: no answer ({error}). Is portal/url right, and up?") from error
    if response.status_code == 404:
        return None
    if response.status_code in (401, 403):
        raise InputError(f"{url}: not public (HTTP {response.status_code}). Use released data.")
    if not response.ok:
        raise InputError(f"{url}: HTTP {response.status_code} {response.reason}. Try again later.")
    return response.text


def payload(portal: str, href: str) -> str:
    """URL or path of a file by its ``href``."""
    return f"{portal.rstrip('/')}/{href.lstrip('/')}"


def download(source: str, target: str | Path, md5sum: str = "", file_size: int = 0) -> None:
    """Bring a file here, and verify it before it gets its name.

    What a broken transfer left in ``{target}.part`` is resumed, by this call and by later ones.

    Parameters
    ----------
    source
        URL or path.
    target
        Where to put the file.
    md5sum
        Expected MD5, in hexadecimal; not checked if empty.
    file_size
        Expected size in bytes; not checked if 0.

    Raises
    ------
    InputError
        If there is no such file, or if it differs from what the portal says of it. Nothing is left
        then.
    requests.RequestException
        If the transfer keeps breaking. What has come is kept to be resumed.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    if is_remote(source):
        retrying = Retrying(
            retry=retry_if_exception_type(BROKEN),
            wait=wait_random_exponential(max=60),
            stop=stop_after_attempt(6),
            before_sleep=lambda state: log.warning("%s; going on", state.outcome.exception()),
            reraise=True,
        )
        retrying(_continue, source, partial)
    elif Path(source).is_file():
        shutil.copyfile(source, partial)
    else:
        raise InputError(f"{source}: no such file, though the portal lists it.")
    try:
        _verify(partial, source, md5sum, file_size)
    except InputError:
        partial.unlink()
        raise
    os.replace(partial, target)
    log.info("%s: %d bytes, verified", target, target.stat().st_size)


def _continue(url: str, partial: Path) -> None:
    """Append what is missing to a partial file; a server without ranges sends it all again."""
    start = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with session().get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == 416:  # nothing is missing; verification judges what is there
            return
        if not response.ok:
            raise InputError(f"{url}: HTTP {response.status_code} {response.reason}.")
        with partial.open("ab" if response.status_code == 206 else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)


def _verify(file: Path, source: str, md5sum: str, file_size: int) -> None:
    """Compare a file with what is known of it."""
    size = file.stat().st_size
    if file_size and size != file_size:
        raise InputError(
            f"{source}: {size} bytes came, the portal says {file_size}. Run again; if it stays so, "
            "the portal's file is damaged."
        )
    if md5sum:
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "md5").hexdigest()
        if found != md5sum:
            raise InputError(
                f"{source}: MD5 {found}, the portal says {md5sum}. Run again; if it stays so, "
                "the portal's file is damaged."
            )
