"""Which boards are there."""

from __future__ import annotations

import pytest
import stdfu
from conftest import F405, L476


def test_a_board_has_all_that_the_program_tells_of_it() -> None:
    (board,) = stdfu.boards(sim="f405")
    assert (board.protocol, board.chip) == ("dfuse", "STM32F405/407/415/417")
    assert (board.serial, board.path) == (F405, "1-1")
    assert (board.vendor_id, board.product_id) == (0x0483, 0xDF11)
    assert board.transfer_size == 2048
    assert board.read_protected is None
    assert [memory.name for memory in board.memories] == [
        "Internal Flash",
        "Option Bytes",
        "OTP Memory",
        "Device Feature",
    ]
    flash = board.memories[0]
    assert sum(segment.sectors * segment.sector_size for segment in flash.segments) == 1 << 20
    assert flash.segments[0] == stdfu.Segment(0x08000000, 4, 16384, True, True, True)
    assert board.raw["manifestation_tolerant"] is False


def test_several_boards_are_listed_and_chosen_from() -> None:
    sim = ["f405", "l476"]
    assert [board.serial for board in stdfu.boards(sim=sim)] == [F405, L476]
    assert [board.serial for board in stdfu.boards(sim=sim, serial=L476)] == [L476]
    assert [board.serial for board in stdfu.boards(sim=sim, path="1-1")] == [F405]
    assert [board.serial for board in stdfu.boards(sim=sim, serial=[F405, L476])] == [F405, L476]
    assert stdfu.serial(sim=sim, path="1-2") == L476


def test_whether_a_board_is_protected_is_told_to_those_who_ask() -> None:
    (board,) = stdfu.boards(sim="f405,quirk=read-protected", verbose=1)
    assert board.read_protected is True


def test_no_board_is_an_empty_list_and_the_others_say_why() -> None:
    sim = "f405,quirk=application"
    assert stdfu.boards(sim=sim) == []
    (other,) = stdfu.others(sim=sim)
    assert (other.path, other.reason) == ("1-1", "is running its application")
    assert other.hint is not None
    assert stdfu.others(sim="f405") == []
    assert stdfu.boards(sim="f405", serial="NOSUCH") == []


def test_boards_that_none_may_use_are_an_error() -> None:
    with pytest.raises(stdfu.NoAccess) as caught:
        stdfu.boards(sim="f405,quirk=no-access")
    assert "permission denied" in caught.value.message


def test_the_doctor_tells_and_raises_nothing() -> None:
    well = stdfu.doctor(sim="f405")
    assert (well.exit, well.error, well.simulated) == (0, None, True)
    assert {finding.state for finding in well.findings} == {"ok"}
    ill = stdfu.doctor(sim="f405,quirk=no-access")
    assert ill.exit == 5
    assert ill.error is not None
    assert any(finding.state == "failed" and finding.hint for finding in ill.findings)
    with pytest.raises(stdfu.UsageError):
        stdfu.doctor(sim="f999")


def test_a_prompt_shows_what_matters() -> None:
    told = repr(stdfu.Segment(0x08000000, 4, 16384, True, True, True))
    assert told == (
        "Segment(address=0x08000000, sectors=4, sector_size=16384, readable=True, erasable=True, writable=True)"
    )
    assert repr(stdfu.Result(serial="A", path="1-1", left=True)) == "Result(serial='A', path='1-1', left=True)"


def test_fields_and_events_that_a_newer_program_adds_break_nothing(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    program = tmp_path / "stdfu"
    program.write_text(
        "#!/bin/sh\n"
        'echo \'{"schema":1,"event":"fanfare","volume":11}\' >&2\n'
        'echo \'{"schema":1,"event":"progress","path":"1-1","phase":"dance","mood":"good"}\' >&2\n'
        'echo \'{"schema":1,"boards":[{"path":"1-1","exit":0,"colour":"red"}],"weather":{}}\'\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("STDFU", str(program))
    heard: list[stdfu.Progress] = []
    (result,) = stdfu.flash("any.dfu", progress=heard.append)
    assert result.raw["colour"] == "red"
    assert [(progress.phase, progress.raw["mood"]) for progress in heard] == [("dance", "good")]
    assert stdfu.boards()[0].path == "1-1"
