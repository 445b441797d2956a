"""What is done with boards."""

from __future__ import annotations

from pathlib import Path

import pytest
import stdfu
from conftest import F405, L476


@pytest.fixture
def sim(tmp_path: Path) -> str:
    """A board that keeps its flash."""
    return f"f405,flash={tmp_path / 'board.bin'}"


def test_a_flash_is_checked_and_read_back(sim: str, firmware: Path, raw: bytes) -> None:
    (result,) = stdfu.flash(firmware, sim=sim)
    assert (result.serial, result.path, result.exit, result.error) == (F405, "1-1", 0, None)
    assert result.written_bytes == result.verified_bytes == len(raw)
    assert result.left is True
    assert stdfu.read_bytes(f"0x08000000+{len(raw)}", sim=sim) == raw
    (again,) = stdfu.flash(str(firmware), sim=sim, stay=True)
    assert (again.written_bytes, again.skipped_bytes, again.left) == (0, len(raw), False)
    (checked,) = stdfu.verify(firmware, sim=sim)
    assert (checked.verified_bytes, checked.differing_bytes) == (len(raw), 0)


def test_firmware_can_come_from_memory(sim: str, firmware: Path, raw: bytes) -> None:
    stdfu.flash(firmware.read_bytes(), sim=sim)
    stdfu.verify(bytearray(firmware.read_bytes()), sim=sim)
    stdfu.flash(memoryview(raw), address=0x08000000, sim=sim)
    (info,) = stdfu.info(firmware.read_bytes())
    assert info.format == "dfu"


def test_a_dry_run_has_a_plan_and_changes_nothing(sim: str, firmware: Path) -> None:
    (result,) = stdfu.flash(firmware, sim=sim, dry_run=True)
    assert result.plan is not None
    assert result.plan["start"] == 0x08000000
    assert result.plan["targets"][0]["sectors"] == [
        {"address": 0x08000000, "size": 16384, "work": "write", "beyond_bytes": 0}
    ]
    with pytest.raises(stdfu.Differs):
        stdfu.verify(firmware, sim=sim)


def test_exactly_the_sectors_of_the_ranges_are_erased(sim: str, firmware: Path) -> None:
    stdfu.flash(firmware, sim=sim)
    (two,) = stdfu.erase(0x08000000, range(0x08004000, 0x08008000), sim=sim)
    assert two.erased_sectors == 2
    (one,) = stdfu.erase("0x08020000+128K", sim=sim)
    assert one.erased_sectors == 1
    (everything,) = stdfu.erase(all=True, sim=sim)
    assert everything.erased_sectors == 12
    with pytest.raises(ValueError, match="has gaps"):
        stdfu.erase(range(0x08000000, 0x08004000, 2), sim=sim)


def test_flash_is_read_into_a_file(sim: str, firmware: Path, raw: bytes, tmp_path: Path) -> None:
    stdfu.flash(firmware, sim=sim)
    out = tmp_path / "read.bin"
    result = stdfu.read(out, range(0x08000000, 0x08000000 + len(raw)), sim=sim, twice=True)
    assert (result.output, result.format, result.readings) == (str(out), "bin", 2)
    assert result.ranges == [{"address": 0x08000000, "size": len(raw)}]
    assert out.read_bytes() == raw
    with pytest.raises(stdfu.StdfuError, match="already exists"):
        stdfu.read(out, sim=sim)
    stdfu.read(out, "0x08000000+16", sim=sim, force=True, format="hex")
    assert out.read_text().startswith(":")
    assert len(stdfu.read_bytes(sim=sim)) == 1 << 20


def test_the_application_is_started() -> None:
    assert stdfu.leave(sim="f405")[0].left is True
    assert stdfu.leave(0x08004000, sim="f405")[0].left is True
    assert stdfu.leave("0x08004000", sim="f405")[0].left is True


def test_protection_is_lifted_with_a_yes_only() -> None:
    sim = "f405,quirk=read-protected"
    with pytest.raises(stdfu.UsageError, match="--yes"):
        stdfu.unprotect(sim=sim)
    (result,) = stdfu.unprotect(yes=True, sim=sim)
    assert (result.unprotected, result.erased_sectors) == (True, 12)
    assert stdfu.unprotect(yes=True, sim="f405")[0].unprotected is False


def test_an_application_enters_dfu_mode(firmware: Path) -> None:
    (result,) = stdfu.detach(sim="f405,quirk=application")
    assert (result.path, result.exit) == ("1-1", 0)
    (result,) = stdfu.flash(firmware, sim="f405,quirk=application", enter_dfu=True)
    assert result.left is True


def test_an_application_is_touched_at_its_serial_port(firmware: Path) -> None:
    (result,) = stdfu.flash(firmware, sim="f405,app=arduino", enter_dfu="touch", serial=F405)
    assert (result.exit, result.left) == (0, True)


def test_a_session_is_recorded(firmware: Path, tmp_path: Path) -> None:
    recording = tmp_path / "-.pcapng"
    stdfu.flash(firmware, sim="f405", record=recording, record_without_data=True)
    assert recording.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


def test_several_boards_are_worked_on_at_the_same_time(firmware: Path) -> None:
    results = stdfu.flash(firmware, sim=["f405", "l476"], every=True, count=2)
    assert [(result.serial, result.path, result.exit) for result in results] == [(F405, "1-1", 0), (L476, "1-2", 0)]


def test_the_environment_chooses_as_it_does_for_the_program(firmware: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STDFU_SIM", "f405;l476")
    monkeypatch.setenv("STDFU_SERIAL", L476)
    assert stdfu.serial() == L476
    assert [result.serial for result in stdfu.flash(firmware)] == [L476]


def test_a_device_without_dfuse_says_what_it_accepted(raw: bytes) -> None:
    (result,) = stdfu.flash(raw, sim="lpc", format="bin")
    assert (result.exit, result.accepted, result.verified_bytes) == (0, True, 0)
    (result,) = stdfu.flash(raw, sim="uboot", alt="rootfs")
    assert (result.accepted, result.verified_bytes) == (False, len(raw))


def test_what_is_no_firmware_no_board_and_no_option_is_told_in_pythons_way() -> None:
    with pytest.raises(TypeError, match="not int"):
        stdfu.flash(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="serial has to be text, and not int"):
        stdfu.flash("a.dfu", serial=336133663433)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path has to be text"):
        stdfu.boards(path=["1-1", 3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="address can't be"):
        stdfu.flash("a.dfu", address={})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="adress"):
        stdfu.flash("a.dfu", adress=0x08000000)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="serial is an empty list"):
        stdfu.flash("a.dfu", serial=[])
    with pytest.raises(TypeError, match="serial has to be text, and not None"):
        stdfu.flash("a.dfu", serial=["1234", None])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        stdfu.erase(1.5)  # type: ignore[arg-type]
