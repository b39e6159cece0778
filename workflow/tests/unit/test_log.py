"""What a job says, to its log and to the terminal."""

import errno
import logging
import os
import signal
import warnings

import pytest
from attprior.errors import InputError
from attprior.files import atomic_write
from attprior.log import logged


@pytest.fixture(autouse=True)
def _logging_as_before():
    root = logging.getLogger()
    handlers, level, root.handlers = root.handlers, root.level, []
    yield
    for handler in root.handlers:
        handler.close()
    logging.captureWarnings(False)
    root.handlers = handlers
    root.setLevel(level)


def test_records_go_to_the_file_and_warnings_to_stderr_too(tmp_path, capsys):
    with logged(tmp_path / "new" / "job.log"):
        logging.getLogger("attprior.somewhere").info("%d reads", 7)
        logging.getLogger("attprior.somewhere").debug("a detail")
        logging.getLogger("attprior.somewhere").warning("few reads")
    text, said = (tmp_path / "new" / "job.log").read_text(), capsys.readouterr().err
    assert "7 reads" in text and "few reads" in text and "done in" in text
    assert "a detail" not in text
    assert said.endswith("few reads\n") and said.count("\n") == 1


def test_input_error_is_one_block_without_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_, logged(tmp_path / "job.log"):
        raise InputError("sheet.tsv, line 3: wrong")
    assert exit_.value.code == 1
    for text in ((tmp_path / "job.log").read_text(), capsys.readouterr().err):
        assert "\nError: sheet.tsv, line 3: wrong\n" in text
        assert text.count("sheet.tsv") == 1
        assert "Traceback" not in text
        assert "done in" not in text


def test_other_errors_are_logged_whole(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_, logged(tmp_path / "job.log"):
        raise KeyError("lost")
    assert exit_.value.code == 1
    for text in ((tmp_path / "job.log").read_text(), capsys.readouterr().err):
        assert "Traceback" in text
        assert "KeyError: 'lost'" in text


def test_full_disk_is_told_without_traceback_wherever_it_is(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_, logged(tmp_path / "job.log"):
        raise RuntimeError("not written") from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert exit_.value.code == 1
    for text in ((tmp_path / "job.log").read_text(), capsys.readouterr().err):
        assert "\nError: the disk is full (not written). Make room" in text
        assert "Traceback" not in text


def test_job_that_is_asked_to_end_leaves_no_temporary_file(tmp_path):
    before = signal.getsignal(signal.SIGTERM)

    def end():
        with logged(tmp_path / "job.log"), atomic_write(tmp_path / "made.txt") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as exit_:
        end()
    assert exit_.value.code == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_interrupts_pass(tmp_path):
    with pytest.raises(KeyboardInterrupt), logged(tmp_path / "job.log"):
        raise KeyboardInterrupt


def test_log_is_written_anew(tmp_path):
    (tmp_path / "job.log").write_text("of the last run")
    with logged(tmp_path / "job.log"):
        pass
    assert "of the last run" not in (tmp_path / "job.log").read_text()


def test_warnings_are_logged(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with logged(tmp_path / "job.log"):
            warnings.warn("take care", stacklevel=1)
        logging.captureWarnings(False)
    assert "take care" in (tmp_path / "job.log").read_text()
