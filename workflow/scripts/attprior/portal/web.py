"""Requests within bounds: to hosts that are allowed, at a bounded rate, with keys for the portal."""

import ipaddress
import logging
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from time import sleep
from typing import TypeVar
from urllib.parse import urljoin

import requests
from requests.utils import get_netrc_auth
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from attprior.errors import InputError
from attprior.portal import limit

log = logging.getLogger(__name__)

TIMEOUT = (10, 60)  # seconds to connect, and between two bytes
REDIRECTS = 10  # in a row
TRIES = 6  # in a row that bring nothing
LONGEST_BACKOFF = 60  # seconds
LONGEST_RETRY_AFTER = 300  # seconds
TRANSIENT = (408, 429, 500, 502, 503, 504)  # statuses
Answer = TypeVar("Answer")
KEYS = ("ENCODE_ACCESS_KEY", "ENCODE_SECRET_KEY")  # environment variables


@dataclass(frozen=True)
class Policy:
    """Where requests may go, and how often.

    Parameters
    ----------
    hosts
        Hosts that may be asked, beside the portal's own.
    allow_http
        Whether plain http may leave this machine.
    requests_per_second
        Most requests a second, over all processes of the user on this machine.
    """

    hosts: tuple[str, ...] = (
        "www.encodeproject.org",
        "encode-public.s3.amazonaws.com",
        "encode-private.s3.amazonaws.com",
        "hgdownload.soe.ucsc.edu",
    )
    allow_http: bool = False
    requests_per_second: float = 10


DEFAULT = Policy()


class TransientError(Exception):
    """A fault that may pass: try again, but not before `wait` seconds."""

    def __init__(self, reason: str, wait: float = 0):
        super().__init__(reason)
        self.wait = wait


def is_remote(place: str) -> bool:
    """Whether a place is a URL; all else is a path."""
    return place.lower().startswith(("http://", "https://"))


@cache
def _session() -> requests.Session:
    """Give the process's one session, which takes no cookies: they know no ports."""
    made = requests.Session()
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return made


@contextmanager
def get(
    url: str,
    portal: str,
    policy: Policy,
    headers: Mapping[str, str],
    query: Mapping[str, str] | None = None,
) -> Iterator[requests.Response]:
    """Ask for a URL, and follow where it leads as far as the policy allows.

    Parameters
    ----------
    url
        What to ask for.
    portal
        URL of the portal: its origin alone is given the user's keys.
    policy
        Where requests may go.
    headers
        Of the request, and of those that redirects lead to.
    query
        Of the first request.

    Yields
    ------
    requests.Response
        The last answer, of status 2xx, 401, 403, 404 or 416, its body unread. Its own ``url`` may
        hold a signature: never show it.

    Raises
    ------
    InputError
        If the policy forbids a host, if redirects do not end, or if the server refuses for good.
    TransientError
        If the server is busy, or if the connection breaks, in the block as well.
    """
    at = url
    try:
        for _ in range(REDIRECTS + 1):
            check_url(at, portal, policy, asked="" if at == url else url)
            limit.wait_turn(policy.requests_per_second)
            with _session().get(
                at,
                params=query if at == url else None,
                headers=headers,
                # a function, be it an idle one, keeps requests from looking into netrc itself
                auth=_keys(portal) if _origin(at) == _origin(portal) else _anonymous,
                allow_redirects=False,
                stream=True,
                timeout=TIMEOUT,
            ) as response:
                if not response.is_redirect:
                    _refuse(response, url)
                    yield response
                    return
            at = urljoin(at, response.headers["location"])
    except (requests.RequestException, HTTPError) as error:
        raise TransientError(_reason(error)) from None
    raise InputError(
        f"{url}: redirected more than {REDIRECTS} times. The portal is at fault; try again later."
    )


def persist(
    attempt: Callable[[], Answer], what: str, progress: Callable[[], int] = lambda: 0
) -> Answer:
    """Try until it succeeds, with random waits that grow as long as nothing comes.

    Parameters
    ----------
    attempt
        What to do; a `TransientError` is a reason to do it again.
    what
        Its name in the log.
    progress
        How much is there; an attempt that adds to it is no failure.

    Raises
    ------
    InputError
        If `TRIES` attempts in a row brought nothing.
    """
    failed, most = 0, progress()
    while True:
        try:
            return attempt()
        except TransientError as fault:
            reached = progress()
            failed = 1 if reached > most else failed + 1
            most = max(most, reached)
            if failed == TRIES:
                raise InputError(
                    f"{what}: {fault}, {TRIES} times in a row. Is the network up, and the address "
                    "right? Run again later."
                ) from None
            backoff = min(2**failed, LONGEST_BACKOFF) * random.uniform(0.5, 1)
            seconds = max(fault.wait, backoff)
            log.warning("%s: %s; trying again in %.0f s", what, fault, seconds)
            sleep(seconds)


def _parse(url: str) -> Url:
    """Take a URL apart as the library does that will follow it."""
    try:
        return parse_url(url)
    except LocationParseError:
        return Url()


def _origin(url: str) -> tuple[str | None, str | None, int | None]:
    """Scheme, host and port; a path has none of them."""
    if not is_remote(url):
        return None, None, None
    parts = _parse(url)
    return parts.scheme, parts.host, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def check_url(url: str, portal: str, policy: Policy = DEFAULT, asked: str = "") -> None:
    """Refuse a URL that the policy does not allow.

    Parameters
    ----------
    url
        What is to be asked for.
    portal
        URL or folder of the portal, whose host is allowed too.
    policy
        Where requests may go.
    asked
        The URL that led here, if another one did.

    Raises
    ------
    InputError
    """
    parts = _parse(url)
    place = f"{parts.scheme}://{parts.host}"
    told = f"{_shown(asked or url)}: " + (f"redirects to {place}. " if asked else "")
    if parts.scheme not in ("http", "https") or not parts.host:
        raise InputError(
            f"{told}That is no address of a web server: only https:// can be fetched, and http:// if "
            "the config key portal/allow_http is set. Download the file yourself, and give its path."
        )
    if parts.auth:
        raise InputError(
            f"{told}A URL holds no keys here: put them into {' and '.join(KEYS)}, or into netrc."
        )
    if parts.host not in (*policy.hosts, _origin(portal)[1]):
        raise InputError(
            f"{told}{parts.host} is not among the hosts that may be asked: "
            f"{', '.join(policy.hosts)}. If you trust it, add it to the config key portal/hosts."
        )
    if parts.scheme == "http" and not policy.allow_http and not _is_loopback(parts.host):
        raise InputError(
            f"{told}{place} is not encrypted. Give an https address, or set the config key "
            "portal/allow_http."
        )


def _shown(url: str) -> str:
    """Give a URL without keys."""
    return re.sub(r"//[^/@]*@", "//", url)


def _keys(portal: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Give the user's keys for the portal, from the environment or else netrc, if there are any."""
    given = [os.environ.get(key, "") for key in KEYS]
    if any(given) and not all(given):
        raise InputError(f"Of {' and '.join(KEYS)} only one is set. Set both, or none.")
    keys = tuple(given) if all(given) else get_netrc_auth(portal)
    scheme, host, _ = _origin(portal)
    if not keys:
        return _anonymous
    if scheme == "http" and not _is_loopback(host):
        log.warning("%s is not encrypted, so it is not given your keys", portal)
        return _anonymous
    return requests.auth.HTTPBasicAuth(*keys)


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing to a request."""
    return request


def _refuse(response: requests.Response, url: str) -> None:
    """Raise what a status means."""
    status = f"HTTP {response.status_code} {response.reason}"
    if response.status_code in TRANSIENT:
        raise TransientError(status, _retry_after(response))
    if response.status_code in (401, 403):
        raise InputError(
            f"{url}: not public ({status}). Use released data, or give your keys: set "
            f"{' and '.join(KEYS)}, or write the portal's host into netrc."
        )
    if not response.ok and response.status_code not in (404, 416):
        raise InputError(f"{url}: {status}. Try again later.")


def _retry_after(response: requests.Response) -> float:
    """Give the seconds that a server wants us to wait; it gives a number or a date."""
    given = response.headers.get("Retry-After", "").strip()
    try:
        seconds = (
            float(given)
            if given.isdecimal()
            else (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
        )
    except (ValueError, TypeError):  # none, or nonsense
        return 0
    return min(max(seconds, 0), LONGEST_RETRY_AFTER)


def _reason(error: Exception) -> str:
    """Say what broke, without the query of the URL, which may hold a signature."""
    inner = error
    while isinstance(inner, Exception):
        error, inner = inner, getattr(inner, "reason", None) or next(reversed(inner.args), None)
    return re.sub(r"\?\S*", "", str(error))
