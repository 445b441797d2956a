"""What is heard while work goes on."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import stdfu
from conftest import F405, L476


def test_progress_is_told_phase_by_phase(firmware: Path) -> None:
    heard: list[stdfu.Progress] = []
    stdfu.flash(firmware, sim="f405", progress=heard.append)
    phases = list(dict.fromkeys(progress.phase for progress in heard))
    assert phases == ["compare", "survey", "write", "head", "verify", "leave", "end"]
    assert {(progress.serial, progress.path) for progress in heard} == {(F405, "1-1")}
    begin, end = (progress for progress in heard if progress.phase == "verify")
    assert (begin.done, begin.total, begin.ended) == (0, 6144, False)
    assert (end.done, end.total, end.ended) == (6144, 6144, True)
    assert (heard[-1].exit, heard[-1].ended) == (0, True)
    assert heard[0].exit is None


def test_each_board_has_its_own(firmware: Path) -> None:
    ends: dict[str, int | None] = {}

    def hear(progress: stdfu.Progress) -> None:
        if progress.phase == "end":
            ends[progress.path] = progress.exit

    with pytest.raises(stdfu.BoardFailed):
        stdfu.flash(firmware, sim=["f405", "l476,fault=unplug@20"], every=True, progress=hear)
    assert ends == {"1-1": 0, "1-2": 8}


def test_the_rest_is_logged(firmware: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="stdfu")
    stdfu.flash(bytes(400), address=0x08000000, sim="f405", verbose=1)
    told = {record.levelno: record.getMessage() for record in caplog.records}
    assert "nothing can start from the vector table" in told[logging.WARNING]
    assert logging.DEBUG in told
    caplog.clear()
    with pytest.raises(stdfu.Differs):
        stdfu.verify(firmware, sim=["f405", "l476"], serial=L476)
    (retry,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert retry.getMessage().startswith(f"{L476} at 1-2: verification failed: ")
    caplog.clear()
    with pytest.raises(stdfu.NoBoard):
        stdfu.serial(sim="f405", serial="NOSUCH", wait=0.1)
    assert any(record.getMessage().startswith("waiting: ") for record in caplog.records)
