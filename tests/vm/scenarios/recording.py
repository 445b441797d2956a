"""The same session, recorded by stdfu and by the kernel's own usbmon: both are told in the same words."""

import contextlib
import re
import signal
import subprocess

import firmware
from firmware import FLASH
from lab import wait_until

BOARD = "f405,flash=board.bin"
# A transfer of the DFU class, or the choice of a memory, as `decode -v` tells it: the time, the transfer, how long it took.
TRANSFER = re.compile(r" +[\d.]+ {4}((?:DNLOAD|UPLOAD|GETSTATUS|CLRSTATUS|GETSTATE|ABORT|SET_INTERFACE) .*) \([\d.]+ ms\)")
# What was done: the time, and what; without how long that took.
DONE = re.compile(r" +[\d.]+  (prepare|read|write|erase|leave|end) +(\S.*)")
TIMES = re.compile(r",? [\d.]+ m?s(?: each)?")


def stdfu_s_recording_and_the_kernel_s_say_the_same(lab):
    data = firmware.sample(20_000, seed=71)
    lab.serve(BOARD)
    with _usbmon(lab, "kernel.pcapng") as kernel:
        lab.plug()
        ours = lab.folder / "ours.pcapng"
        lab.run_stdfu("flash", lab.file("app.dfu", firmware.dfuse((FLASH, data))), "--stay", "--record", ours)
    for options, pattern in ((("-v",), TRANSFER), ((), DONE)):
        mine, theirs = (_lines(lab, recording, options, pattern) for recording in (ours, kernel))
        assert len(mine) > 5, mine
        assert mine == theirs, _difference(mine, theirs)


def what_dfu_util_sent_is_in_the_kernel_s_recording(lab):
    data = firmware.sample(20_000, seed=72)
    lab.serve(BOARD)
    image = lab.file("app.bin", data)
    with _usbmon(lab, "kernel.pcapng") as kernel:
        lab.plug()
        lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}", "-D", image)
    found = lab.folder / "found.bin"
    told = lab.run_stdfu("decode", kernel, "--extract", found).stdout
    assert found.read_bytes() == data, told
    writes = [line for line in told.splitlines() if DONE.fullmatch(line) and " write " in line]
    assert writes and "0x08000000+" in writes[0], told


@contextlib.contextmanager
def _usbmon(lab, name):
    """All buses, as long as it lasts."""
    path, said = lab.folder / name, lab.folder / "dumpcap.log"
    with said.open("wb") as log:
        dumpcap = subprocess.Popen(
            ["dumpcap", "-q", "-i", "usbmon0", "-w", path], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: b"File:" in said.read_bytes() or dumpcap.poll() is not None, "dumpcap captures")
        assert dumpcap.poll() is None, said.read_text()
        yield path
    finally:
        dumpcap.send_signal(signal.SIGINT)
        dumpcap.wait(timeout=30)


def _lines(lab, recording, options, pattern):
    told = lab.run_stdfu("decode", recording, *options).stdout.splitlines()
    found = (pattern.fullmatch(line) for line in told)
    return [TIMES.sub("", " ".join(match.groups())) for match in found if match]


def _difference(mine, theirs):
    pairs = zip(mine + [""], theirs + [""])
    return next(f"{one!r} is {other!r} in the kernel's" for one, other in pairs if one != other)
