"""Objects of an ENCODE-like portal, over HTTP or from a folder that mirrors it.

A folder holds ``experiments/{accession}.json``, ``files/{accession}.json`` and each file at its
``href``, e.g. ``files/{accession}/@@download/{accession}.bam``.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from attprior.errors import InputError
from attprior.portal.web import DEFAULT, Policy, get, is_remote, persist


def fetch_object(
    portal: str, path: str, policy: Policy = DEFAULT, query: Mapping[str, str] | None = None
) -> dict:
    """Read an object of the portal.

    Parameters
    ----------
    portal
        URL or folder.
    path
        The object's ``@id``, e.g. ``/experiments/ENCSR000BGQ/``.
    policy
        Where requests may go.
    query
        Of the URL, e.g. ``{"type": "Experiment", "limit": "all"}`` of a search; a folder has none.

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
        text = persist(lambda: _text(place, portal, policy, query or {}), place)
    else:
        file = Path(portal) / f"{path.strip('/')}.json"
        place, text = str(file), file.read_text(encoding="utf-8") if file.is_file() else None
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


def _text(url: str, portal: str, policy: Policy, query: Mapping[str, str]) -> str | None:
    """Text of a JSON page; None where there is no such page."""
    accept = {"Accept": "application/json"}
    with get(url, portal, policy, accept, {"format": "json", **query}) as response:
        return None if response.status_code == 404 else response.content.decode(errors="replace")


def payload(portal: str, href: str) -> str:
    """URL or path of a file by its ``href``."""
    return f"{portal.rstrip('/')}/{href.lstrip('/')}"
