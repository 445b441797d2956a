"""Debian's dfu-util and devices without DfuSe: a host that nobody on this project wrote stores what stdfu stores, and needs no
fewer requests for it."""

import json
import re

from lab import check_flash, wait_until
from meter import PORT, Meter
from plain_boards import (
    BOARDS,
    DAPBOOT,
    ESP32S2,
    FOMU,
    LPC,
    MAPLE,
    MCUBOOT,
    SIMTRACE,
    TINYUSB,
    UBERTOOTH,
    UBOOT,
    XMOS,
    ZEPHYR,
    plug_in,
)

# EX_USAGE: there is no functional descriptor, and it assumes no size of blocks.
USAGE = 64
# EX_IOERR: it asks for the status once more of a device that has gone, though all it has sent is there.
GONE = 74
# The same, once it has said "Done!": it resets a device that goes at that, or by itself meanwhile.
RESET = (0, 74)
# How it ends, where not with 0.
SAYS = {
    MCUBOOT: RESET,
    MAPLE: RESET,
    DAPBOOT: GONE,
    TINYUSB: GONE,
    LPC: GONE,
    FOMU: GONE,
    ESP32S2: GONE,
    SIMTRACE: USAGE,
}


def it_lists_every_board_stores_what_stdfu_stores_and_often_ends_with_an_error(lab):
    server, paths = plug_in(lab, *(board.spec() for board in BOARDS))
    _check_list(lab, paths)

    def download(board, path):
        image = board.image(seed=101)
        file = lab.file(f"{board.name}.app", image)
        lab.run("dfu-util", "-p", path, "-a", board.memory.alt, "-D", file, expect=SAYS.get(board, 0))
        if SAYS.get(board) != USAGE:
            check_flash(board.stored(lab), board.holding(image), base=0)

    lab.at_once(download, BOARDS, paths)
    server.stop()


def it_uploads_what_a_memory_gives(lab):
    chosen = (UBOOT, XMOS)
    _, paths = plug_in(lab, *(board.spec() for board in chosen))
    for board, path in zip(chosen, paths):
        image = board.image(seed=104)
        file = lab.file(f"{board.name}.app", image)
        lab.run_stdfu("flash", file, "--path", path, "--alt", board.memory.alt, "--stay", "--no-verify")
        lab.run("dfu-util", "-p", path, "-a", board.memory.alt, "-U", f"{board.name}.read")
        check_flash((lab.folder / f"{board.name}.read").read_bytes(), board.given(image), base=0)


def it_asks_an_application_to_detach(lab):
    _, (path,) = plug_in(lab, UBERTOOTH.spec("quirk=application"))
    listed = lab.run("dfu-util", "-l").stdout
    assert re.search(rf'Found Runtime: \[1d50:6002\].*path="{path}"', listed)
    with lab.stay_plugged():
        lab.run("dfu-util", "-e")
        wait_until(lambda: "Found DFU: [1d50:6003]" in lab.run("dfu-util", "-l").stdout, "it is in DFU mode")


def it_says_done_where_the_device_says_errverify(lab):
    _, (path,) = plug_in(lab, UBOOT.spec("quirk=manifest=err-verify"))
    file = lab.file("app.bin", UBOOT.image(seed=105))
    alt = UBOOT.memory.alt
    said = lab.run("dfu-util", "-a", alt, "-D", file).stdout
    assert "dfuERROR" in said and "Done!" in said
    done = lab.run_stdfu("flash", file, "--path", path, "--alt", alt, "--json", expect=8)
    (result,) = json.loads(done.stdout)["boards"]
    assert "errVERIFY" in result["error"], result


def stdfu_needs_no_more_requests_for_the_same_download(lab):
    """All that goes over the bus while a program runs. None of these boards comes back once it has left."""
    chosen = (UBOOT, ZEPHYR, DAPBOOT, LPC)
    meter = Meter()
    _, paths = plug_in(lab, *(board.name for board in chosen for _ in range(2)), port=PORT)

    def requests(*command, expect):
        before = meter.requests
        lab.run(*command, "app.bin", expect=expect)
        return meter.requests - before

    for board, theirs, ours in zip(chosen, paths[0::2], paths[1::2]):
        lab.file("app.bin", board.image(seed=106, blocks=8))
        alt = board.memory.alt
        theirs = requests("dfu-util", "-p", theirs, "-a", alt, "-D", expect=SAYS.get(board, 0))
        options = ("--path", ours, "--alt", alt, "--stay", "--no-verify")
        ours = requests(lab.stdfu, "flash", *options, expect=0)
        print(f"  {board.name}: stdfu {ours}, dfu-util {theirs}")
        assert ours <= theirs, f"{board.name}: stdfu asks {ours} times, dfu-util {theirs} times"


def _check_list(lab, paths):
    listed = lab.run("dfu-util", "-l").stdout
    for board, path in zip(BOARDS, paths):
        name = board.memory.name or "UNKNOWN"
        parts = ("Found DFU", f"[{board.ids}]", f'path="{path}", alt={board.memory.alt}', f'name="{name}"')
        found = [line for line in listed.splitlines() if all(part in line for part in parts)]
        assert len(found) == 1, f"{board.name} is not listed with all of {parts}"
        assert f'serial="{board.serial}"' in found[0], found[0]
