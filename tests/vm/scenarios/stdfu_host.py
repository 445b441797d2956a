"""Our own binary through libusb, the kernel and USB/IP, as its users run it."""

import json
import os
import re
import threading
from pathlib import Path

import firmware
from firmware import BLANK, FLASH
from lab import address, boards, check_flash, wait_gone, wait_until

SERIAL = "336133663433"
A, B = "AAAA00000001", "BBBB00000002"
ONE = f"f405,serial={SERIAL},flash=board.bin"
EVERY_BOARD = (
    "f072 f103 f405 f429 f746 f767 g0b1 g474 h743 l072 l476 u575 wb55 mboot gd32vf103".split()
)
TWO = (f"f405,serial={A},flash=a.bin", f"f405,serial={B},flash=b.bin")


def list_shows_serial_path_ids_and_four_memories(lab):
    lab.serve(ONE)
    path = lab.plug()
    listed = lab.run_stdfu("list").stdout
    for part in (SERIAL, path, "0483:df11", "Internal Flash", "Option Bytes", "OTP Memory", "Device Feature"):
        assert part in listed, f"{part!r} is not in the list"
    for start, count, size in (("0x08000000", 4, "16"), ("0x08010000", 1, "64"), ("0x08020000", 7, "128")):
        assert re.search(rf"{start}\D+{count}\D+{size} ?K", listed), f"no line for {start} {count} × {size}K"


def list_as_json_names_every_field(lab):
    lab.serve(ONE)
    path = lab.plug()
    listed = json.loads(lab.run_stdfu("list", "--json").stdout)
    assert listed["schema"] == 1
    (board,) = listed["boards"]
    bus, device = address(path)
    expected = {
        "serial": SERIAL,
        "vendor_id": 0x0483,
        "product_id": 0xDF11,
        "path": path,
        "bus": bus,
        "device": device,
        "transfer_size": 2048,
    }
    for name, value in expected.items():
        assert board[name] == value, f"{name} is {board[name]!r}, expected {value!r}"
    assert "STM32" in board["product"]
    memories = board["memories"]
    assert [(m["alt"], m["name"]) for m in memories] == [
        (0, "Internal Flash"),
        (1, "Option Bytes"),
        (2, "OTP Memory"),
        (3, "Device Feature"),
    ]
    assert memories[0]["layout"] == "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"
    rights = {"readable": True, "erasable": True, "writable": True}
    assert memories[0]["segments"] == [
        {"address": start, "sectors": count, "sector_size": size << 10, **rights}
        for start, count, size in ((0x0800_0000, 4, 16), (0x0801_0000, 1, 64), (0x0802_0000, 7, 128))
    ]
    (option_bytes,) = memories[1]["segments"]
    assert option_bytes["address"] == 0x1FFF_C000 and not option_bytes["erasable"]


def serial_is_one_line(lab):
    lab.serve(ONE)
    lab.plug()
    assert lab.run_stdfu("serial").stdout == f"{SERIAL}\n"
    assert json.loads(lab.run_stdfu("serial", "--json").stdout)["serial"] == SERIAL


def flash_puts_a_dfu_file_on_a_blank_board_and_starts_it(lab):
    pieces = [(FLASH, firmware.sample(30_000, seed=41)), (FLASH + 0x2_0000, firmware.sample(5001, seed=42))]
    server = lab.serve(ONE)
    path = lab.plug()
    done = lab.run_stdfu("flash", lab.file("app.dfu", firmware.dfuse(*pieces)), "--json")
    (result,) = json.loads(done.stdout)["boards"]
    expected = {"serial": SERIAL, "path": path, "exit": 0, "error": None, "verified_bytes": 35_001, "left": True}
    for name, value in expected.items():
        assert result[name] == value, f"{name} is {result[name]!r}, expected {value!r}"
    for name in ("erased_sectors", "written_bytes", "skipped_bytes", "requests", "seconds"):
        assert isinstance(result[name], (int, float)), f"{name} is {result[name]!r}"
    wait_gone(path)
    server.stop()
    check_flash(_flash(lab), firmware.programmed(BLANK, *pieces))


def flash_puts_a_bin_over_other_content_and_the_rest_stays(lab):
    before = firmware.full(seed=43)
    image = firmware.sample(70_001, seed=44)
    lab.file("board.bin", before)
    server = lab.serve(ONE)
    path = lab.plug()
    lab.run_stdfu("flash", lab.file("app.bin", image), "--address", f"{FLASH + 0x8000:#x}", "--as-is")
    wait_gone(path)
    server.stop()
    check_flash(_flash(lab), firmware.programmed(before, (FLASH + 0x8000, image)))


def flash_stays_when_told_to_and_after_leaving_the_board_can_be_flashed_again(lab):
    server = lab.serve(ONE)
    path = lab.plug()
    first, second = firmware.sample(9000, seed=45), firmware.sample(10_000, seed=46)
    lab.run_stdfu("flash", lab.file("1.bin", first), "--address", f"{FLASH:#x}", "--stay")
    assert boards() == [path], "the board is gone, though it was to stay"
    lab.run_stdfu("flash", lab.file("2.bin", second), "--address", f"{FLASH:#x}")
    wait_gone(path)
    lab.plug()
    lab.run_stdfu("flash", "1.bin", "--address", f"{FLASH:#x}", "--full")
    server.stop()
    check_flash(_flash(lab), firmware.programmed(BLANK, (FLASH, first)))


def a_whole_megabyte_is_flashed(lab):
    image = firmware.full(seed=47)
    lab.file("board.bin", firmware.full(seed=48))
    server = lab.serve(ONE)
    path = lab.plug()
    lab.run_stdfu("flash", lab.file("app.bin", image), "--address", f"{FLASH:#x}", "--mass-erase", "--full")
    wait_gone(path)
    server.stop()
    check_flash(_flash(lab), image)


def a_dry_run_and_a_damaged_file_touch_nothing(lab):
    before = firmware.full(seed=49)
    lab.file("board.bin", before)
    server = lab.serve(ONE)
    path = lab.plug()
    good = firmware.dfuse((FLASH, firmware.sample(3000, seed=50)))
    lab.run_stdfu("flash", lab.file("good.dfu", good), "--dry-run")
    lab.run_stdfu("flash", lab.file("bad.dfu", good[:400] + b"\0" + good[401:]), expect=6)
    assert boards() == [path]
    server.stop()
    check_flash(_flash(lab), before)


def erase_takes_exactly_the_sectors_of_its_ranges(lab):
    before = firmware.full(seed=51)
    lab.file("board.bin", before)
    server = lab.serve(ONE)
    lab.plug()
    # A length, an exclusive end, and the sector that holds an address.
    lab.run_stdfu("erase", "0x08004000+32K", "0x08010000..0x08020000", "0x08071234")
    server.stop()
    expected = bytearray(before)
    for start, end in ((0x4000, 0xC000), (0x1_0000, 0x2_0000), (0x6_0000, 0x8_0000)):
        expected[start:end] = b"\xff" * (end - start)
    check_flash(_flash(lab), bytes(expected))


def erase_refuses_a_range_that_cuts_a_sector(lab):
    before = firmware.full(seed=52)
    lab.file("board.bin", before)
    server = lab.serve(ONE)
    lab.plug()
    done = lab.run_stdfu("erase", "0x08000000+20K", expect=7)
    assert "0x08004000" in done.stderr and "0x08008000" in done.stderr, "the nearest borders are not named"
    server.stop()
    check_flash(_flash(lab), before)


def erase_all_erases_all_of_main_flash(lab):
    lab.file("board.bin", firmware.full(seed=53))
    server = lab.serve(ONE)
    lab.plug()
    lab.run_stdfu("erase", "--all")
    server.stop()
    check_flash(_flash(lab), BLANK)


def verify_compares_and_touches_nothing(lab):
    image = firmware.sample(70_001, seed=59)
    before = firmware.programmed(firmware.full(seed=60), (FLASH + 0x8000, image))
    lab.file("board.bin", before)
    server = lab.serve(ONE)
    path = lab.plug()
    at = ("--address", f"{FLASH + 0x8000:#x}")
    lab.run_stdfu("verify", lab.file("app.bin", image), *at)
    wrong = bytearray(image)
    wrong[50_000] ^= 0x40
    done = lab.run_stdfu("verify", lab.file("other.bin", bytes(wrong)), *at, "--json", expect=9)
    (result,) = json.loads(done.stdout)["boards"]
    assert (result["differing_bytes"], result["verified_bytes"]) == (1, 70_000), result
    assert f"{FLASH + 0x8000 + 50_000:#010x}" in result["error"]
    assert boards() == [path], "the application was started"
    server.stop()
    check_flash(_flash(lab), before)


def read_gives_back_all_of_flash_and_parts_of_it(lab):
    before = firmware.full(seed=61)
    lab.file("board.bin", before)
    server = lab.serve(ONE)
    path = lab.plug()
    lab.run_stdfu("read", "all.bin")
    check_flash(_flash(lab, "all.bin"), before)
    lab.run_stdfu("read", "part.bin", "0x08003ffd+5003")
    check_flash(_flash(lab, "part.bin"), before[0x3FFD:][:5003], base=FLASH + 0x3FFD)
    lab.run_stdfu("read", "part.dfu", "0x08000000+20K", "0x08010000+20K")
    lab.run("dfu-suffix", "-c", "part.dfu")
    lab.run_stdfu("verify", "part.dfu")
    lab.run_stdfu("read", "options.hex", "--alt", "1")
    lab.run_stdfu("read", "all.bin", "0x08000000+16", expect=1)
    check_flash(_flash(lab, "all.bin"), before)
    # dfu-util reads the same.
    lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}:65536", "-U", "theirs.bin")
    check_flash(_flash(lab, "theirs.bin"), before[:65536])
    assert boards() == [path], "the application was started"
    server.stop()
    check_flash(_flash(lab), before)


def several_boards_and_none_chosen_is_exit_4_and_nothing_touched(lab):
    before = firmware.full(seed=54)
    lab.file("a.bin", before)
    lab.file("b.bin", before)
    server = lab.serve(*TWO)
    paths = lab.plug("1-1"), lab.plug("1-2")
    for command in (["serial"], ["erase", "--all"], ["flash", lab.file("x.dfu", firmware.dfuse((FLASH, b"1234")))]):
        done = lab.run_stdfu(*command, expect=4)
        for serial, path in zip((A, B), paths):
            offered = f"--serial {serial}" in done.stderr or f"--path {path}" in done.stderr
            assert offered, f"no option is offered that picks {serial} at {path}"
    server.stop()
    check_flash(_flash(lab, "a.bin"), before)
    check_flash(_flash(lab, "b.bin"), before)


def one_of_two_boards_is_chosen_by_serial_and_by_path(lab):
    image_a, image_b = firmware.sample(5000, seed=55), firmware.sample(6000, seed=56)
    server = lab.serve(*TWO)
    lab.plug("1-1")
    path_b = lab.plug("1-2")
    listed = json.loads(lab.run_stdfu("list", "--json").stdout)["boards"]
    assert {board["serial"] for board in listed} == {A, B}
    assert lab.run_stdfu("serial", "--path", path_b).stdout == f"{B}\n"
    assert lab.run_stdfu("serial", "--serial", A.lower()).stdout == f"{A}\n"
    assert lab.run_stdfu("serial", env={"STDFU_SERIAL": B}).stdout == f"{B}\n"
    assert lab.run_stdfu("serial", env={"STDFU_PATH": path_b}).stdout == f"{B}\n"
    lab.run_stdfu("flash", "--serial", A, lab.file("1.bin", image_a), "--address", f"{FLASH:#x}")
    wait_until(lambda: boards() == [path_b], "the first board leaves, the second stays")
    lab.plug("1-1")
    lab.run_stdfu("flash", "--path", path_b, lab.file("2.bin", image_b), "--address", f"{FLASH:#x}")
    wait_gone(path_b)
    server.stop()
    check_flash(_flash(lab, "a.bin"), firmware.programmed(BLANK, (FLASH, image_a)))
    check_flash(_flash(lab, "b.bin"), firmware.programmed(BLANK, (FLASH, image_b)))


def two_boards_are_flashed_in_one_go(lab):
    image = firmware.sample(20_000, seed=57)
    server = lab.serve(*TWO)
    lab.plug("1-1")
    lab.plug("1-2")
    file = lab.file("app.bin", image)
    done = lab.run_stdfu("flash", "--serial", A, "--serial", B, file, "--address", f"{FLASH:#x}", "--json")
    results = json.loads(done.stdout)["boards"]
    assert sorted((r["serial"], r["exit"], r["left"]) for r in results) == [(A, 0, True), (B, 0, True)]
    wait_until(lambda: not boards(), "both boards leave")
    server.stop()
    for name in ("a.bin", "b.bin"):
        check_flash(_flash(lab, name), firmware.programmed(BLANK, (FLASH, image)))


def the_second_of_two_boards_is_waited_for(lab):
    image = firmware.sample(20_000, seed=59)
    server = lab.serve(*TWO)
    lab.plug("1-1")
    file = lab.file("app.bin", image)
    later = threading.Timer(3, lab.plug, ["1-2"])
    later.start()
    wait = ("--every", "--count", "2", "--wait=60")
    done = lab.run_stdfu("flash", *wait, file, "--address", f"{FLASH:#x}", "--json")
    later.join()
    results = json.loads(done.stdout)["boards"]
    assert sorted((r["serial"], r["exit"], r["left"]) for r in results) == [(A, 0, True), (B, 0, True)]
    wait_until(lambda: not boards(), "both boards leave")
    server.stop()
    for name in ("a.bin", "b.bin"):
        check_flash(_flash(lab, name), firmware.programmed(BLANK, (FLASH, image)))


def every_board_there_is_is_listed_and_flashed(lab):
    # Main flash begins at 0x08000000 on all of them; the F103's first pages are its bootloader's.
    # A multiple of 64 bytes, so that none has to be filled up to its programming unit.
    image = firmware.sample(3008, seed=58)
    server = lab.serve(*(f"{board},serial={board}-1,flash={board}.bin" for board in EVERY_BOARD))
    paths = [lab.plug(f"1-{number}") for number in range(1, len(EVERY_BOARD) + 1)]
    listed = json.loads(lab.run_stdfu("list", "--json").stdout)["boards"]
    found = {(board["path"], board["serial"]) for board in listed}
    assert found == {(path, f"{board}-1") for path, board in zip(paths, EVERY_BOARD)}, found
    file = lab.file("app.bin", image)
    offsets = {board: 0x3000 if board == "f103" else 0 for board in EVERY_BOARD}
    for board, path in zip(EVERY_BOARD, paths):
        at = ("--address", f"{FLASH + offsets[board]:#x}", "--as-is")
        lab.run_stdfu("flash", "--serial", f"{board}-1", file, *at)
        wait_gone(path)
    server.stop()
    for board in EVERY_BOARD:
        content, start = _flash(lab, f"{board}.bin"), offsets[board]
        blank = b"\0" if board == "l072" else b"\xff"
        expected = blank * start + image + blank * (len(content) - start - len(image))
        print(f"  {board}: {len(content) >> 10} KiB")
        check_flash(content, expected)


def no_board_is_exit_3(lab):
    for command in (["serial"], ["erase", "--all"]):
        lab.run_stdfu(*command, expect=3)
    failure = json.loads(lab.run_stdfu("serial", "--json", expect=3).stdout)
    assert failure["schema"] == 1 and failure["error"]["exit"] == 3 and failure["error"]["message"]
    lab.serve(ONE)
    lab.plug()
    lab.run_stdfu("serial", "--serial", "SOMEONE ELSE", expect=3)


def a_board_that_may_not_be_opened_is_exit_5_and_still_listed(lab):
    server = lab.serve(ONE)
    path = lab.plug()
    bus, device = address(path)
    os.chmod(f"/dev/bus/usb/{bus:03}/{device:03}", 0o600)
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", lab.stdfu]
    lab.run(*nobody, "erase", "--all", expect=5)
    assert path in lab.run(*nobody, "list", expect=None).stdout
    server.stop()


def without_any_usb_list_is_exit_5(lab):
    modprobe = ["modprobe", "--dirname", f"{os.environ['GUEST_KERNEL']}/tree"]
    lab.run(*modprobe, "--remove", "vhci-hcd")
    try:
        wait_until(lambda: not Path("/dev/bus/usb").exists(), "the kernel has no USB left")
        done = lab.run_stdfu("list", expect=5)
        assert done.stderr.strip(), "nothing is said about why"
        failure = json.loads(lab.run_stdfu("list", "--json", expect=5).stdout)
        assert failure["error"]["exit"] == 5
    finally:
        lab.run(*modprobe, "vhci-hcd")
        wait_until(lambda: Path("/dev/bus/usb").exists(), "USB is back")


def _flash(lab, name="board.bin"):
    return (lab.folder / name).read_bytes()
