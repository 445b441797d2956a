"""Boards that run an application with a serial port: the kernel's own cdc_acm makes a /dev/ttyACM of it, and they leave for
DFU mode the way their makers' sources say."""

import contextlib
import json
import os
import time
from pathlib import Path

import firmware
import serial
from firmware import BLANK, FLASH
from lab import SYSFS, address, boards, check_flash, wait_until
from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

ROM = "0483:df11"
KLIPPER, MICROPYTHON, TINYUSB = "1d50:614e", "f055:9802", "cafe:4001"
DATA = Path(__file__).resolve().parents[2] / "data"


def a_touch_by_pyserial_or_stty_takes_a_board_to_its_rom(lab):
    """As Arduino's tools do it, and by hand."""
    apps = ("klipper", "arduino", "tinyusb", "klipper")
    paths = _plug_in(lab, *(f"f405,app={app},serial=33613366343{number}" for number, app in enumerate(apps)))

    def touch(number, path):
        if number == 3:
            lab.run("stty", "-F", _tty(path), "1200")
        else:
            with serial.Serial(_tty(path), 1200):
                pass
        _wait_for(path, ROM)

    with lab.stay_plugged(*_busids(paths)):
        lab.at_once(touch, range(len(paths)), paths)


def a_touch_at_another_speed_or_of_another_application_does_nothing(lab):
    klipper, micropython, stm32duino = _plug_in(lab, "f405,app=klipper", "f405,app=micropython", "f405,app=stm32duino")
    numbers = [address(path) for path in (klipper, micropython, stm32duino)]
    with serial.Serial(_tty(klipper), 9600):
        pass
    for path in (micropython, stm32duino):
        with serial.Serial(_tty(path), 1200) as port:
            # What cdc_acm sends besides: SEND_BREAK.
            port.send_break(0.01)
    time.sleep(1)
    assert [address(path) for path in (klipper, micropython, stm32duino)] == numbers


def a_prompt_talks_with_pyserial_and_with_mpremote_and_starts_the_bootloader(lab):
    (path,) = _plug_in(lab, "f405,app=micropython,quirk=main=runs")
    with serial.Serial(_tty(path), 115200, timeout=10) as port:
        port.write(b"\x03")
        greeting = port.read_until(b">>> ")
        assert b"KeyboardInterrupt" in greeting and b'Type "help()"' in greeting, greeting
        port.write(b"print('hello')\r")
        assert port.read_until(b">>> ") == b"print('hello')\r\nhello\r\n>>> "
    mpremote = SerialTransport(_tty(path))
    # With a soft reboot first. Programs are sent in raw-paste mode.
    mpremote.enter_raw_repl()
    assert mpremote.exec("print(4711)") == b"4711\r\n"
    try:
        mpremote.exec("nonsense")
    except TransportExecError as error:
        assert "NameError: name 'nonsense' isn't defined" in str(error), error
    else:
        raise AssertionError("nonsense makes sense")
    assert mpremote.use_raw_paste
    with lab.stay_plugged():
        # What `mpremote bootloader` sends.
        mpremote.exec_raw_no_follow("import time, machine; time.sleep_ms(100); machine.bootloader()")
        _wait_for(path, ROM)
        with contextlib.suppress(OSError):
            mpremote.close()


def applications_are_flashed_and_started_without_buttons_twice_in_a_row(lab):
    """The three ways, at the same time."""
    ways = (("tinyusb", "detach", TINYUSB), ("klipper", "touch", KLIPPER), ("micropython", "micropython", MICROPYTHON))
    specs = (f"f405,app={app},serial=33613366343{n},flash={app}.bin" for n, (app, _, _) in enumerate(ways))
    paths = _plug_in(lab, *specs)
    image = firmware.sample(20_000, seed=201)
    second = lab.file("second.dfu", firmware.dfuse((FLASH, image)))

    def flash(way, path):
        app, how, ids = way
        content = BLANK
        for file, written in ((DATA / "blinky.elf", (DATA / "blinky.bin").read_bytes()), (second, image)):
            done = lab.run_stdfu("flash", file, "--path", path, f"--enter-dfu={how}", "--json")
            (result,) = json.loads(done.stdout)["boards"]
            assert result["exit"] == 0 and result["left"] and result["path"] == path, result
            content = firmware.programmed(content, (FLASH, written))
            check_flash((lab.folder / f"{app}.bin").read_bytes(), content)
            _wait_for(path, ids)
            _tty(path)

    with lab.stay_plugged(*_busids(paths)):
        lab.at_once(flash, ways, paths)


def two_boards_are_flashed_at_once_and_nothing_is_sent_to_the_ports_of_others(lab):
    names = ("a", "b", "c")
    specs = [f"f405,app=klipper,serial=33613366343{n},flash={name}.bin" for n, name in enumerate(names)]
    a, b, c, listening = _plug_in(lab, *specs, "f405,app=micropython,serial=336133663439")
    numbers = address(c), address(listening)
    image = firmware.sample(20_000, seed=202)
    file = lab.file("app.dfu", firmware.dfuse((FLASH, image)))
    # A prompt echoes whatever it is sent.
    with serial.Serial(_tty(listening), 115200, timeout=10) as port, lab.stay_plugged("1-1", "1-2"):
        port.write(b"\x03")
        assert port.read_until(b"\n>>> ").endswith(b">>> ")
        # Its greeting may have been echoed to it, until pyserial had said that it must not be.
        time.sleep(1)
        port.reset_input_buffer()
        done = lab.run_stdfu("flash", file, "--path", a, "--path", b, "--enter-dfu=touch", "--json")
        results = json.loads(done.stdout)["boards"]
        assert sorted((r["path"], r["exit"], r["left"]) for r in results) == sorted(((a, 0, True), (b, 0, True)))
        assert port.in_waiting == 0, port.read(port.in_waiting)
        for path in (a, b):
            _wait_for(path, KLIPPER)
    assert (address(c), address(listening)) == numbers
    for name in ("a", "b"):
        check_flash((lab.folder / f"{name}.bin").read_bytes(), firmware.programmed(BLANK, (FLASH, image)))
    assert not (lab.folder / "c.bin").exists() or (lab.folder / "c.bin").read_bytes() == BLANK


def boards_that_do_not_come_back_in_dfu_mode_are_told_with_what_to_try(lab):
    expected = {
        "enters=nothing": "has not come back",
        "enters=other": "239a:0069",
        "touch=ignored": "still or again",
    }
    specs = (f"f405,app=klipper,serial=33613366343{n},quirk={quirk}" for n, quirk in enumerate(expected))
    paths = _plug_in(lab, *specs)
    file = lab.file("app.dfu", firmware.dfuse((FLASH, firmware.sample(3000, seed=203))))

    def flash(quirk, path):
        done = lab.run_stdfu("flash", file, "--path", path, "--enter-dfu=touch", expect=8)
        assert expected[quirk] in done.stderr and "by hand" in done.stderr, done.stderr

    # To plug in the first one again would be to switch it off and on.
    with lab.stay_plugged("1-2", "1-3"):
        lab.at_once(flash, expected, paths)


def _plug_in(lab, *specs):
    lab.serve(*specs)
    return [lab.plug(busid) for busid in _busids(specs)]


def _busids(items):
    return [f"1-{number + 1}" for number, _ in enumerate(items)]


def _ids(path):
    with contextlib.suppress(OSError):
        return ":".join((SYSFS / path / name).read_text().strip() for name in ("idVendor", "idProduct"))
    return None


def _wait_for(path, ids):
    wait_until(lambda: path in boards() and _ids(path) == ids, f"{path} is {ids}")


def _tty(path):
    """The serial port that the kernel has made of the board's first interface, once it is there."""
    folder = SYSFS / f"{path}:1.0" / "tty"
    wait_until(lambda: folder.is_dir() and os.listdir(folder), f"the kernel makes a serial port of {path}")
    (name,) = os.listdir(folder)
    node = f"/dev/{name}"
    wait_until(lambda: os.path.exists(node), f"there is a {node}")
    return node
