"""Debian's dfu-util against the simulator: a host that nobody on this project wrote finds an F405's ROM there."""

import re

import firmware
from firmware import BLANK, FLASH
from lab import boards, check_flash, wait_gone

LAYOUTS = [
    "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
    "@Option Bytes  /0x1FFFC000/01*016 e",
    "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
    "@Device Feature/0xFFFF0000/01*004 e",
]
EVERY_BOARD = (
    "f072 f103 f405 f429 f746 f767 g0b1 g474 h743 l072 l476 u575 wb55 mboot gd32vf103".split()
)
# It leaves, then asks the board that has left for its status, and calls that an error (EX_IOERR).
LEFT = (0, 74)


def it_lists_four_memories_with_layout_and_serial(lab):
    lab.serve("f405,serial=336133663433")
    path = lab.plug()
    listed = lab.run("dfu-util", "-l").stdout
    found = [line for line in listed.splitlines() if line.startswith("Found DFU:")]
    assert len(found) == len(LAYOUTS), f"{len(found)} memories"
    for alternate, layout in enumerate(LAYOUTS):
        (line,) = [line for line in found if f"alt={alternate}," in line]
        for part in ("[0483:df11]", f'path="{path}"', f'name="{layout}"', 'serial="336133663433"'):
            assert part in line, f"{part} is not in: {line}"


def it_lists_every_board_there_is(lab):
    lab.serve(*EVERY_BOARD)
    paths = [lab.plug(f"1-{number}") for number in range(1, len(EVERY_BOARD) + 1)]
    listed = lab.run("dfu-util", "-l").stdout
    for board, path in zip(EVERY_BOARD, paths):
        memories = re.findall(rf'Found DFU: .* path="{path}", alt=\d+, name="@[^"]+/0x', listed)
        assert memories, f"{board} at {path} is not listed with its memories"


def it_flashes_a_blank_board_and_leaves(lab):
    image = firmware.sample(45_001, seed=1)
    server = lab.serve("f405,flash=board.bin")
    path = lab.plug()
    lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}:leave", "-D", lab.file("app.bin", image), expect=LEFT)
    wait_gone(path)
    server.stop()
    check_flash(_flash(lab), firmware.programmed(BLANK, (FLASH, image)))


def it_flashes_over_other_content_and_the_rest_stays(lab):
    before = firmware.full(seed=2)
    image = firmware.sample(70_000, seed=3)
    lab.file("board.bin", before)
    server = lab.serve("f405,flash=board.bin")
    lab.plug()
    lab.run("dfu-util", "-a", "0", "-s", f"{FLASH + 0x8000:#x}", "-D", lab.file("app.bin", image))
    assert boards(), "the board is gone, but nobody told it to leave"
    server.stop()
    check_flash(_flash(lab), firmware.programmed(before, (FLASH + 0x8000, image)))


def it_flashes_a_dfuse_file_with_two_elements(lab):
    pieces = [(FLASH, firmware.sample(5000, seed=4)), (FLASH + 0x20000, firmware.sample(3000, seed=5))]
    server = lab.serve("f405,flash=board.bin")
    lab.plug()
    lab.run("dfu-util", "-a", "0", "-D", lab.file("app.dfu", firmware.dfuse(*pieces)))
    server.stop()
    check_flash(_flash(lab), firmware.programmed(BLANK, *pieces))


def it_uploads_what_is_in_flash(lab):
    content = firmware.full(seed=6)
    lab.file("board.bin", content)
    lab.serve("f405,flash=board.bin")
    lab.plug()
    # A whole number of blocks, and one that ends in a short block.
    for start, length in ((0, 64 << 10), (0x1_0000, 5001)):
        lab.run("dfu-util", "-a", "0", "-s", f"{FLASH + start:#x}:{length}", "-U", f"part-{start}.bin")
        check_flash((lab.folder / f"part-{start}.bin").read_bytes(), content[start : start + length], FLASH + start)


def it_mass_erases(lab):
    lab.file("board.bin", firmware.full(seed=7))
    server = lab.serve("f405,flash=board.bin")
    lab.plug()
    # dfu-util erases only on the way to a download, so it is given the least there is.
    image = firmware.sample(8, seed=8)
    lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}:mass-erase:force", "-D", lab.file("app.bin", image))
    server.stop()
    check_flash(_flash(lab), firmware.programmed(BLANK, (FLASH, image)))


def it_leaves_and_a_board_plugged_in_again_has_kept_its_flash(lab):
    content = firmware.full(seed=9)
    lab.file("board.bin", content)
    lab.serve("f405,flash=board.bin")
    path = lab.plug()
    lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}:leave", "-U", "small.bin", "-Z", "16", expect=LEFT)
    wait_gone(path)
    lab.plug()
    lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}:4096", "-U", "again.bin")
    check_flash((lab.folder / "again.bin").read_bytes(), content[:4096])


def it_tells_two_boards_apart_by_serial(lab):
    image = firmware.sample(3000, seed=10)
    server = lab.serve("f405,serial=AAAA00000001,flash=a.bin", "f405,serial=BBBB00000002,flash=b.bin")
    lab.plug("1-1")
    lab.plug("1-2")
    listed = lab.run("dfu-util", "-l").stdout
    assert set(re.findall('serial="([^"]*)"', listed)) == {"AAAA00000001", "BBBB00000002"}
    lab.run("dfu-util", "-a", "0", "-S", "BBBB00000002", "-s", f"{FLASH:#x}", "-D", lab.file("app.bin", image))
    server.stop()
    check_flash(_flash(lab, "a.bin"), BLANK)
    check_flash(_flash(lab, "b.bin"), firmware.programmed(BLANK, (FLASH, image)))


def _flash(lab, name="board.bin"):
    return (lab.folder / name).read_bytes()
