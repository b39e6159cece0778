"""The version is in one place, and all that names it agrees."""

import re
from pathlib import Path

import attprior
import pytest
import yaml

ROOT = Path(__file__).parents[3]
PAGES = sorted(path for path in ROOT.glob("**/*.md") if not {".venv", "results"} & set(path.parts))


def test_citation_has_the_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == attprior.__version__


def test_newest_entry_of_the_changelog_is_of_the_version():
    entries = re.findall(r"^## (.*)$", (ROOT / "workflow/CHANGELOG.md").read_text(), re.MULTILINE)
    assert entries[0] == attprior.__version__
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_a_page_name_the_tag_of_the_version(page):
    tags = re.findall(r"""(?:--tag |tag=")(v[\w.]+)""", page.read_text())
    assert set(tags) <= {f"v{attprior.__version__}"}
