"""The picture of the prior is what its script draws."""

import re
import subprocess
import sys

from in_keras import WORKFLOW

SHIPPED = WORKFLOW / "notebooks/images/prior.svg"


def test_shipped_picture_says_what_the_script_draws(tmp_path):
    script = WORKFLOW / "notebooks/draw_prior.py"
    subprocess.run([sys.executable, script, tmp_path / "prior.svg"], check=True)
    drawn, shipped = (
        re.findall(r"<text[^>]*>([^<]+)", path.read_text())
        for path in (tmp_path / "prior.svg", SHIPPED)
    )
    assert drawn == shipped
    assert len([text for text in drawn if re.fullmatch(r"0\.\d\d", text)]) == 2
