"""Plain DFU on a device that nobody on this project wrote: embassy's DFU classes and its bootloader, in
tests/vm/embassy-dfu. Beside dfu-util, which can't follow a device to its other mode in here (its libusb learns of that
from udev only), and pyusb."""

import json

import usb.core

import firmware
from dfu import DNLOAD, IDLE, MANIFEST, OK, Board, expect
from lab import SYSFS, check_flash, unplug_all, wait_gone, wait_until

IDS = "[c0de:cafe]"
BLOCK = 4096
# It asks for the status once more, which is when the device resets itself, and calls that an error (EX_IOERR).
LEFT = 74
# bInterfaceProtocol.
APPLICATION, DFU_MODE = "01", "02"


def dfu_util_takes_it_from_one_application_to_the_next(lab):
    image = firmware.sample(45_001, seed=71)
    file = lab.file("app.bin", image)
    server = lab.serve_embassy("--will-detach", "--serial", "EMBASSY-1")
    path = lab.plug()
    with lab.stay_plugged():
        _listed(lab, "Found Runtime", path)
        lab.run("dfu-util", "-e")
        _wait_for(DFU_MODE, path)
        _listed(lab, "Found DFU", path)
        lab.run("dfu-util", "-D", file, expect=LEFT)
        _wait_for(APPLICATION, path)
        _listed(lab, "Found Runtime", path)
    server.stop()
    _check_application(lab, image)


def without_will_detach_it_waits_for_a_reset_once_the_download_is_done(lab):
    image = firmware.sample(3 * BLOCK, seed=72)
    server = lab.serve_embassy("--mode", "dfu")
    path = lab.plug()
    with Board(path) as board:
        for block in range(3):
            board.send(DNLOAD, block, image[block * BLOCK :][:BLOCK])
            board.status()
        board.send(DNLOAD, 3)
        for _ in range(2):
            expect(board.status()[:2], (OK, MANIFEST))
        _reset(board)
    wait_gone(path)
    _wait_for(APPLICATION, lab.plug())
    server.stop()
    _check_application(lab, image)


def a_tolerant_one_is_idle_once_the_download_is_done_and_only_unplugging_starts_it(lab):
    image = firmware.sample(10_000, seed=73)
    file = lab.file("app.bin", image)
    server = lab.serve_embassy("--mode", "dfu", "--tolerant")
    path = lab.plug()
    lab.run("dfu-util", "-D", file, "-R")
    with Board(path) as board:
        assert board.state() == IDLE
    unplug_all()
    _wait_for(APPLICATION, lab.plug())
    server.stop()
    _check_application(lab, image)


def stdfu_takes_it_from_one_application_to_the_next(lab):
    image = firmware.sample(45_001, seed=74)
    file = lab.file("app.bin", image)
    server = lab.serve_embassy("--will-detach", "--serial", "EMBASSY-1")
    path = lab.plug()
    with lab.stay_plugged():
        result = _flash(lab, file, "--enter-dfu=detach")
        _expect(result, serial="EMBASSY-1", accepted=True, left=True, started_as="c0de:cafe")
        _wait_for(APPLICATION, path)
    server.stop()
    _check_application(lab, image)


def stdfu_resets_one_that_stays_in_dfumanifest(lab):
    image = firmware.sample(3 * BLOCK, seed=75)
    file = lab.file("app.bin", image)
    # The application, too, waits for a reset.
    server = lab.serve_embassy()
    path = lab.plug()
    with lab.stay_plugged():
        lab.run_stdfu("detach")
        _wait_for(DFU_MODE, path)
        result = _flash(lab, file)
        _expect(result, accepted=True, left=True, started_as="c0de:cafe")
        _wait_for(APPLICATION, path)
    server.stop()
    _check_application(lab, image)


def stdfu_says_that_a_tolerant_one_stays(lab):
    image = firmware.sample(10_000, seed=76)
    file = lab.file("app.bin", image)
    server = lab.serve_embassy("--mode", "dfu", "--tolerant")
    lab.plug()
    result = _flash(lab, file)
    _expect(result, accepted=True, left=False)
    unplug_all()
    _wait_for(APPLICATION, lab.plug())
    server.stop()
    _check_application(lab, image)


def _flash(lab, file, *options):
    done = lab.run_stdfu("flash", file, *options, "--json")
    (result,) = json.loads(done.stdout)["boards"]
    size = file.stat().st_size
    _expect(result, exit=0, error=None, written_bytes=size, verified_bytes=0, retries=0)
    return result


def _expect(result, **expected):
    for name, value in expected.items():
        assert result[name] == value, f"{name} is {result[name]!r}, expected {value!r}"


def _listed(lab, mode, path):
    listed = lab.run("dfu-util", "-l").stdout
    (line,) = [line for line in listed.splitlines() if line.startswith("Found ")]
    for part in (mode, IDS, f'path="{path}"', 'serial="EMBASSY-1"'):
        assert part in line, f"{part} is not in: {line}"


def _wait_for(protocol, path):
    wait_until(lambda: _protocol(path) == protocol, f"the interface at {path} has protocol {protocol}")


def _protocol(path):
    try:
        return (SYSFS / f"{path}:1.0" / "bInterfaceProtocol").read_text().strip()
    except OSError:
        return None


def _reset(board):
    """Resets a device that leaves the bus at that."""
    try:
        board.device.reset()
    except usb.core.USBError as error:
        print(f"  it is gone at the reset: {error}")


def _check_application(lab, image):
    """The bootloader has put what was downloaded where the application runs."""
    check_flash((lab.folder / "board.bin").read_bytes()[: len(image)], image, base=0)
