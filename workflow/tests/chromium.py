"""A page in a real browser, opened as a file and without a network."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def in_chromium(
    page: Path, folder: Path, listen: str, look: str, size: str, seconds: int
) -> tuple[Any, list[str]]:
    """What a page tells of itself, and what the console says.

    Parameters
    ----------
    folder
        For the page that is watched, and the browser's profile.
    listen, look
        Scripts before and after all else of the page; `look` leaves JSON in an element `told`.
    size
        Of the window, as `1400,1200`.
    seconds
        That the page may take, by its own clock.
    """
    # scripts hold the words </body> too
    text = page.read_text(encoding="utf-8").replace("<head>", f"<head>{listen}", 1)
    before, end, after = text.rpartition("</body>")
    watched = folder / "watched.html"
    watched.write_text(f"{before}{look}{end}{after}")
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu"),
            *(f"--user-data-dir={folder / 'profile'}", f"--window-size={size}"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"),
            *(f"--virtual-time-budget={1000 * seconds}", "--dump-dom", watched.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=400,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told, "\n".join(console) or done.stderr[-2000:]
    return json.loads(html.unescape(told[1])), console
