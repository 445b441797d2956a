"""A DFU host on pyusb, written from AN3156 and DFU 1.1 and from nothing of ours, so that it can contradict us."""

import errno
import importlib
import struct
import time

import usb.backend.libusb1
import usb.core
import usb.util

from lab import address

DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT = range(7)
# DFU 1.1, appendix A.1 and the table in 6.1.2.
IDLE, DNLOAD_SYNC, DNBUSY, DNLOAD_IDLE, MANIFEST_SYNC, MANIFEST, MANIFEST_WAIT_RESET, UPLOAD_IDLE, ERROR = range(2, 11)
OK, ERR_TARGET, ERR_FILE, ERR_WRITE, ERR_ERASE = range(5)
ERR_FIRMWARE, ERR_VENDOR, ERR_USBR, ERR_POR, ERR_UNKNOWN, ERR_STALLEDPKT = range(0x0A, 0x10)

OUT, IN = 0x21, 0xA1
TIMEOUT_MS = 20_000


class Board:
    """The claimed DFU interface of the board at a kernel path."""

    def __init__(self, path, alternate=0):
        # A libusb context learns of new devices from udev, which the guest lacks: one context for each board, then.
        # pyusb keeps a single one in its module.
        importlib.reload(usb.backend.libusb1)
        self.backend = usb.backend.libusb1.get_backend(find_library=lambda _: "libusb-1.0.so.0")
        bus, number = address(path)
        self.device = usb.core.find(backend=self.backend, bus=bus, address=number)
        assert self.device is not None, f"libusb shows no device {bus}:{number}"
        usb.util.claim_interface(self.device, 0)
        self.device.set_interface_altsetting(0, alternate)

    def close(self):
        usb.util.dispose_resources(self.device)
        # Now, and in this order. Python's garbage collector may take the context first, and the device would be given back
        # to nobody: a crash.
        self.device._ctx.dev.finalize()
        self.backend.finalize()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, request, value=0, data=b""):
        written = self.device.ctrl_transfer(OUT, request, value, 0, data, TIMEOUT_MS)
        assert written == len(data), f"request {request}: {written} of {len(data)} bytes went out"

    def receive(self, request, value, length):
        return bytes(self.device.ctrl_transfer(IN, request, value, 0, length, TIMEOUT_MS))

    def is_stalled(self, request, value=0, data=b"", length=None):
        """Whether the board answers a request with STALL."""
        try:
            if length is None:
                self.send(request, value, data)
            else:
                self.receive(request, value, length)
        except usb.core.USBError as error:
            assert error.errno == errno.EPIPE, f"neither an answer nor STALL: {error}"
            return True
        return False

    def status(self):
        """(bStatus, bState, bwPollTimeout in milliseconds)."""
        answer = self.receive(GETSTATUS, 0, 6)
        assert len(answer) == 6, f"GETSTATUS answers {answer.hex(' ')}"
        return answer[0], answer[4], int.from_bytes(answer[1:4], "little")

    def state(self):
        answer = self.receive(GETSTATE, 0, 1)
        assert len(answer) == 1, f"GETSTATE answers {answer.hex(' ')}"
        return answer[0]

    def to_idle(self):
        """From wherever the board is, errFIRMWARE at first contact included, to dfuIDLE."""
        for _ in range(4):
            _, state, _ = self.status()
            if state == IDLE:
                return
            self.send(CLRSTATUS if state == ERROR else ABORT)
        raise AssertionError(f"the board doesn't reach dfuIDLE, it stays in state {state}")

    def download(self, block, data):
        """A DNLOAD and the GETSTATUS that runs it, to its end. Returns the last (bStatus, bState)."""
        self.send(DNLOAD, block, data)
        _, state, poll = self.status()
        assert state == DNBUSY, f"the first GETSTATUS after DNLOAD answers state {state}, not dfuDNBUSY"
        end = time.monotonic() + 60
        while True:
            time.sleep(poll / 1000)
            status, state, poll = self.status()
            if state != DNBUSY:
                return status, state
            assert time.monotonic() < end, "busy for a minute"

    def set_address(self, target):
        return self.download(0, b"\x21" + struct.pack("<I", target))

    def erase(self, target):
        return self.download(0, b"\x41" + struct.pack("<I", target))

    def mass_erase(self):
        return self.download(0, b"\x41")

    def read(self, target, length, block_size=2048):
        """Reads in blocks from `target` on; ends in dfuIDLE."""
        expect(self.set_address(target), (OK, DNLOAD_IDLE))
        self.send(ABORT)
        content = b""
        block = 2
        while len(content) < length:
            part = self.receive(UPLOAD, block, min(block_size, length - len(content)))
            assert part, f"an empty block {block}"
            content += part
            block += 1
        self.send(ABORT)
        assert self.state() == IDLE
        return content


def expect(found, expected):
    assert found == expected, f"(bStatus, bState) is {found}, expected {expected}"

