"""A run ends with what it found or what failed, in few lines."""

import pandas as pd
from attprior.terminal import failures, findings

ROW = {"comparison": "prior", "condition": "SPI1", "model": "profile", "seeds": 3}
LOG = """
Error in rule train:
    message: None
    jobid: 3
    log: train.log (check log file(s) for error details)

Error in localrule download:
    jobid: 4
    log: lost.log (check log file(s) for error details)
"""


def table(*verdicts, **other):
    return pd.DataFrame([{**ROW, **other, "verdict": verdict} for verdict in verdicts])


def test_findings_count_verdicts_of_each_comparison():
    many = [table("better", condition=f"TF{n}") for n in range(4)]
    first = table("better", "worse", "cannot tell", "better")
    assert findings(first) == [
        "SPI1, prior: of 4 metrics 2 better, 1 worse, 1 cannot be told with 3 seeds"
    ]
    assert findings(pd.concat([first, *many]))[-1] == "2 more comparisons are in the report"
    both = pd.concat([first, table("worse", model="binary")])
    assert [line.split(":")[0] for line in findings(both)] == [
        "SPI1, profile, prior",
        "SPI1, binary, prior",
    ]


def test_failures_show_the_error_its_log_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = ["08:00 one", "", "Error: peaks.bed, line 3: no number. Mend it.", "", ""]
    (tmp_path / "train.log").write_text("\n".join(log))
    (tmp_path / "run.log").write_text(LOG)
    assert failures(["run.log"]) == [
        "train failed; its log is train.log:",
        "  Error: peaks.bed, line 3: no number. Mend it.",
        "download failed; its log is lost.log:",
        "  (no log was written)",
        "Once that is mended, the same command goes on from here.",
    ]
    (tmp_path / "run.log").write_text("all went well")
    assert failures([tmp_path / "run.log"]) == []


def test_failures_are_at_most_ten_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = ""
    for n in range(5):
        (tmp_path / f"{n}.log").write_text("Traceback\n" + "deep\n" * 30)
        text += LOG.replace("train", f"r{n}").replace("lost.log", f"{n}.log")
    (tmp_path / "run.log").write_text(text)
    assert 0 < len(failures(["run.log"])) <= 10
