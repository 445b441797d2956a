"""Debian's dfu-util and devices without DfuSe: a host that nobody on this project wrote stores what stdfu stores, and needs no
fewer requests for it."""

import json
import re

from lab import boards, check_flash, unplug_all, wait_until
from meter import PORT, Meter
from plain_boards import BOARDS, DAPBOOT, LPC, UBERTOOTH, UBOOT, XMOS, ZEPHYR, busid, plug_in


def it_lists_every_board(lab):
    _, paths = plug_in(lab, *(board.spec() for board in BOARDS))
    listed = lab.run("dfu-util", "-l").stdout
    for board, path in zip(BOARDS, paths):
        name = board.memory.name or "UNKNOWN"
        parts = ("Found DFU", f"[{board.ids}]", f'path="{path}", alt={board.memory.alt}', f'name="{name}"')
        found = [line for line in listed.splitlines() if all(part in line for part in parts)]
        assert len(found) == 1, f"{board.name} is not listed with all of {parts}"
        assert f'serial="{board.serial}"' in found[0], found[0]


def it_stores_what_stdfu_stores_whatever_it_says_in_the_end(lab):
    server, paths = plug_in(lab, *(board.spec() for board in BOARDS))

    def download(board, path):
        image = board.image(seed=101)
        file = lab.file(f"{board.name}.app", image)
        said = lab.run("dfu-util", "-p", path, "-a", board.memory.alt, "-D", file, expect=None)
        check_flash(board.stored(lab), board.holding(image), base=0)
        return board.name, said.returncode, "Done!" in said.stdout

    said = lab.at_once(download, BOARDS, paths)
    print(said)
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
    _, (path,) = plug_in(lab, UBOOT.spec("quirk=manifest=errVERIFY"))
    file = lab.file("app.bin", UBOOT.image(seed=105))
    alt = UBOOT.memory.alt
    # "state(10) = dfuERROR, status(7)", and then "Done!".
    said = lab.run("dfu-util", "-a", alt, "-D", file, expect=None)
    print(said.returncode)
    done = lab.run_stdfu("flash", file, "--alt", alt, "--json", expect=8)
    (result,) = json.loads(done.stdout)["boards"]
    assert "errVERIFY" in result["error"], result


def stdfu_needs_no_more_requests_for_the_same_download(lab):
    chosen = (UBOOT, ZEPHYR, UBERTOOTH, XMOS, DAPBOOT, LPC)
    meter = Meter()
    server = lab.serve(*(board.spec() for board in chosen))

    def requests(board, number, *command):
        """All that goes over the bus from the program's start to its end."""
        lab.plug(busid(number), PORT)
        before = meter.requests
        lab.run(*command, "app.bin", expect=None)
        counted = meter.requests - before
        unplug_all()
        check_flash(board.stored(lab), board.holding(image), base=0)
        return counted

    for number, board in enumerate(chosen):
        image = board.image(seed=106, blocks=8)
        lab.file("app.bin", image)
        alt = board.memory.alt
        theirs = requests(board, number, "dfu-util", "-a", alt, "-D")
        ours = requests(board, number, lab.stdfu, "flash", "--alt", alt, "--stay", "--no-verify")
        print(f"{board.name}: stdfu {ours}, dfu-util {theirs}")
        assert ours <= theirs, f"{board.name}: stdfu asks {ours} times, dfu-util {theirs} times"
    server.stop()
