"""What the system lets us open, when and by which node: a slow udev, a container's device rules, nodes that are missing."""

import contextlib
import fcntl
import json
import os
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import firmware
from firmware import BLANK, FLASH
from lab import ADDRESS, address, check_flash, wait_gone, wait_until

SERIAL = "336133663433"
ONE = f"f405,serial={SERIAL},flash=board.bin"
# The kernel's number for USB devices.
USB_MAJOR = 189
# USBDEVFS_CLAIMINTERFACE of <linux/usbdevice_fs.h>.
CLAIM_INTERFACE = 0x8004550F
# From <linux/tcp.h>; Python has no name for it.
TCP_REPAIR = 19


def a_board_that_udev_is_half_a_second_late_for_is_opened(lab):
    lab.serve(ONE)
    path = lab.plug()
    _close(path)
    with _open_later(path, 0.5):
        done = lab.run(*_nobody(lab), "serial")
    assert done.stdout == f"{SERIAL}\n"


def a_board_that_stays_closed_is_exit_5_after_two_to_three_seconds(lab):
    lab.serve(ONE)
    path = lab.plug()
    _close(path)
    done = lab.run(*_nobody(lab), "serial", expect=5)
    assert f"the board at {path} (0483:df11) can't be opened: permission denied" in done.stderr
    assert "stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules" in done.stderr
    assert 2 < done.seconds < 10, "more only because the machine is emulated"
    told = lab.run(*_nobody(lab), "doctor", expect=5).stdout
    assert f"FAILED  {path}" in told and "can't be opened: permission denied" in told
    assert "none is installed" in told, "there is no udev rule in the guest"


def doctor_tells_a_board_that_can_be_used_and_one_that_another_program_holds(lab):
    lab.serve("f405,serial=AAAA", "f405,serial=BBBB")
    free, held = lab.plug("1-1"), lab.plug("1-2")
    with _claimed(held):
        told = lab.run_stdfu("doctor", expect=5).stdout
    assert f"OK      {free}        0483:df11 AAAA in DFU mode, speaks DfuSe, can be used" in told
    assert f"FAILED  {held}        0483:df11 can't be claimed: another program is using the device" in told
    assert f"OK      {held}" in lab.run_stdfu("doctor").stdout


def detach_ends_when_the_board_can_be_opened_so_that_flash_finds_it(lab):
    image = firmware.sample(5000, seed=91)
    file = lab.file("app.bin", image)
    # The file is nobody's to read otherwise.
    lab.folder.chmod(0o755)
    server = lab.serve(f"{ONE},quirk=application")
    path = lab.plug()
    _open(path)
    command = [*_nobody(lab), "detach"]
    detaching = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    wait_gone(path)
    # The board takes a second to change over; then udev takes its time.
    time.sleep(1.5)
    back = lab.plug()
    assert back == path, "another port would be another board"
    _close(path)
    time.sleep(0.5)
    assert detaching.poll() is None, "it has ended before the board could be opened"
    _open(path)
    said, _ = detaching.communicate(timeout=30)
    assert detaching.returncode == 0 and "in DFU mode" in said, (detaching.returncode, said)
    lab.run(*_nobody(lab), "flash", file, "--address", f"{FLASH:#x}")
    server.stop()
    check_flash((lab.folder / "board.bin").read_bytes(), firmware.programmed(BLANK, (FLASH, image)))


def a_device_cgroup_without_usb_is_exit_5_and_names_the_rule(lab):
    lab.serve(ONE)
    path = lab.plug()
    group = _device_cgroup()
    # A container without a rule for USB: root gets EPERM there, which libusb calls an I/O error.
    (group / "devices.deny").write_text(f"c {USB_MAJOR}:* rwm")
    inside = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', group, lab.stdfu]
    done = lab.run(*inside, "erase", "--all", expect=5)
    assert f"the board at {path} (0483:df11) can't be opened: operation not permitted" in done.stderr
    assert "--privileged" in done.stderr and f"--device-cgroup-rule='c {USB_MAJOR}:* rmw'" in done.stderr
    assert "cable" not in done.stderr
    _check_recorded(lab, inside, path, "operation not permitted")
    (group / "devices.allow").write_text(f"c {USB_MAJOR}:* rwm")
    assert lab.run(*inside, "serial").stdout == f"{SERIAL}\n"


def a_container_without_any_node_names_the_one_that_is_missing(lab):
    lab.serve(ONE)
    path = lab.plug()
    # libusb doesn't even start.
    _check_missing(lab, path, "mount -t tmpfs none /dev/bus/usb")


def a_container_without_the_node_of_a_board_enumerated_anew_names_it(lab):
    lab.serve(ONE)
    path = lab.plug()
    # There are nodes, but not this one.
    bus = f"/dev/bus/usb/{address(path)[0]:03}"
    root_hub = f"mkdir {bus} && mknod {bus}/001 c {USB_MAJOR} 0"
    _check_missing(lab, path, f"mount -t tmpfs none /dev/bus/usb && {root_hub}")


def a_client_that_vanishes_without_a_word_frees_its_board(lab):
    lab.serve(ONE)
    client = socket.create_connection(ADDRESS)
    client.sendall(struct.pack(">HHI32s", 0x0111, 0x8003, 0, b"1-1"))
    assert client.recv(320, socket.MSG_WAITALL)[4:8] == bytes(4), "the board is not to be had"
    # As if its machine was switched off: no FIN, no RST.
    client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    client.close()
    assert not _can_import(), "the server knows already, so that nothing is shown here"
    wait_until(_can_import, "the server asks, and frees the board")


def _check_missing(lab, path, hide):
    bus, device = address(path)
    node = f"/dev/bus/usb/{bus:03}/{device:03}"
    inside = ["unshare", "--mount", "sh", "-c", f'{hide} && exec "$0" "$@"', lab.stdfu]
    for command in (["serial"], ["erase", "--all"]):
        done = lab.run(*inside, *command, expect=5)
        assert f"the board at {path} (0483:df11) can't be opened: there is no {node}" in done.stderr
        assert "-v /dev/bus/usb:/dev/bus/usb" in done.stderr
    listed = json.loads(lab.run(*inside, "list", "--json", expect=5).stdout)
    assert [board["path"] for board in listed["boards"]] == [path], listed
    _check_recorded(lab, inside, path, f"there is no {node}")


def _check_recorded(lab, inside, path, reason):
    recording = lab.folder / "closed.pcapng"
    lab.run(*inside, "serial", "--record", recording, expect=5)
    told = lab.run_stdfu("decode", recording).stdout
    assert f"\n{path}  0483:df11" in told and f"not opened at {path}: {reason}" in told, told


def _nobody(lab):
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", lab.stdfu]


def _node(path):
    return "/dev/bus/usb/{:03}/{:03}".format(*address(path))


def _close(path):
    os.chmod(_node(path), 0o600)


def _open(path):
    os.chmod(_node(path), 0o666)


class _open_later:
    """A slow udev."""

    def __init__(self, path, seconds):
        self._timer = threading.Timer(seconds, _open, [path])

    def __enter__(self):
        self._timer.start()

    def __exit__(self, *_):
        self._timer.join()


@contextlib.contextmanager
def _claimed(path):
    """Holds the board's interface 0, as another program does."""
    with open(_node(path), "r+b", buffering=0) as node:
        fcntl.ioctl(node, CLAIM_INTERFACE, struct.pack("I", 0))
        yield


def _device_cgroup():
    """A group of cgroup's first version, whose device rules are files."""
    root = Path("/run/devices")
    if not root.exists():
        root.mkdir()
        subprocess.run(["mount", "-t", "cgroup", "-o", "devices", "none", root], check=True)
    group = root / "container"
    group.mkdir(exist_ok=True)
    return group


def _can_import():
    with socket.create_connection(ADDRESS) as client:
        client.sendall(struct.pack(">HHI32s", 0x0111, 0x8003, 0, b"1-1"))
        reply = client.recv(320)
        return len(reply) >= 8 and reply[4:8] == bytes(4)
