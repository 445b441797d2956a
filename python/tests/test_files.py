"""Firmware files, whatever they are called."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import stdfu
from conftest import DATA, F405


def test_a_file_says_what_is_in_it(firmware: Path) -> None:
    (info,) = stdfu.info(firmware)
    assert (info.format, info.size) == ("dfu", firmware.stat().st_size)
    assert info.ids == {"vendor_id": 0x0483, "product_id": 0xDF11, "device_release": 0}
    assert info.targets[0]["elements"][0]["address"] == 0x08000000
    assert info.boards == []


def test_a_file_says_whether_it_fits_a_board(firmware: Path) -> None:
    (info,) = stdfu.info(firmware, sim="f405")
    assert [(board["serial"], board["fits"]) for board in info.boards] == [(F405, True)]


def test_of_several_files_each_has_its_say(firmware: Path) -> None:
    with pytest.raises(stdfu.StdfuError) as caught:
        stdfu.info(firmware, "nofile.dfu")
    assert caught.value.message.startswith("1 of 2 files failed:\nnofile.dfu: ")
    assert [info.exit for info in caught.value.results] == [0, 1]


def test_a_file_is_written_in_another_format(raw: bytes, tmp_path: Path) -> None:
    out = tmp_path / "out.dfu"
    conversion = stdfu.convert(DATA / "blinky.hex", output=out)
    assert (conversion.output, conversion.format) == (str(out), "dfu")
    assert conversion.size == out.stat().st_size
    assert stdfu.info(out)[0].format == "dfu"
    part = stdfu.convert(DATA / "blinky.hex", output="-", to="bin", range=range(0x08000000, 0x08000100))
    assert part.size == 256
    assert (tmp_path / "-").read_bytes() == raw[:256]
    stdfu.convert(raw, output="two.bin", address="0x08000000", range=["0x08000000+16", "0x08000020+16"])
    assert Path("two.bin").read_bytes() == raw[:16] + b"\xff" * 16 + raw[32:48]
    with pytest.raises(stdfu.StdfuError, match="already exists"):
        stdfu.convert(DATA / "blinky.hex", output=out)


@pytest.mark.parametrize("name", ["-", "--json", "with space and 'quotes\".dfu", "ünïcode.dfu", "-", "%PATH%.dfu"])
def test_any_name_is_a_name(name: str, firmware: Path) -> None:
    Path(name).write_bytes(firmware.read_bytes())
    (info,) = stdfu.info(name)
    assert info.format == "dfu"
    out = f"{name}.bin"
    stdfu.read(out, "0x08000000+16", sim="f405")
    assert Path(out).stat().st_size == 16


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_name_may_be_no_text_at_all(firmware: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.dfu")
    Path(name).write_bytes(firmware.read_bytes())
    (result,) = stdfu.flash(name, sim="f405")
    assert result.exit == 0


def test_nothing_is_left_of_firmware_from_memory(
    firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stdfu.flash(firmware.read_bytes(), sim="f405")
    with pytest.raises(stdfu.BadFile):
        stdfu.flash(b"DfuSe", sim="f405")
    assert list(tmp_path.iterdir()) == []


def test_a_path_as_bytes_is_not_taken_for_firmware(firmware: Path) -> None:
    with pytest.raises(TypeError, match="has to be text, and not bytes: '.*blinky.dfu'"):
        stdfu.flash(os.fsencode(firmware), sim="dapboot")
