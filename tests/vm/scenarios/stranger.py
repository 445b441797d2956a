"""A USB device that has nothing to do with DFU, plugged in over USB/IP: what an application mostly is."""

import contextlib
import socket
import struct
import threading

from lab import ADDRESS

PORT = 3242
IDS = (0x1209, 0x0001)
# USB 2.0, tables 9-8, 9-10 and 9-12: one interface of a vendor's own, without endpoints.
DEVICE = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, *IDS, 0x0100, 0, 0, 0, 1)
CONFIGURATION = struct.pack("<BBHBBBBB", 9, 2, 18, 1, 1, 0, 0x80, 50) + bytes((9, 4, 0, 0, 0, 0xFF, 0, 0, 0))
# The kernel's usbip_protocol.
IMPORT_REQUEST, HEADER = 40, 48
CMD_SUBMIT, RET_SUBMIT, RET_UNLINK = 1, 3, 4
IN, EPIPE = 1, 32
FULL_SPEED = 2


@contextlib.contextmanager
def served():
    """Lets it be attached, at PORT."""
    with socket.create_server((ADDRESS[0], PORT)) as listener:
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        yield


def _serve(listener):
    with contextlib.suppress(OSError, struct.error):
        kernel, _ = listener.accept()
        kernel.recv(IMPORT_REQUEST, socket.MSG_WAITALL)
        numbers = struct.pack(">3I3H6B", 1, 2, FULL_SPEED, *IDS, 0x0100, 0, 0, 0, 1, 1, 1)
        kernel.sendall(struct.pack(">HHI256s32s", 0x0111, 3, 0, b"/stranger", b"1-1") + numbers)
        while True:
            header = kernel.recv(HEADER, socket.MSG_WAITALL)
            command, sequence, _, direction, _, _, length = struct.unpack_from(">7I", header)
            if command != CMD_SUBMIT:
                kernel.sendall(struct.pack(">5Ii24x", RET_UNLINK, sequence, 0, 0, 0, 0))
                continue
            status, data = _answer(header[40:], direction == IN)
            size = len(data) if direction == IN else length
            kernel.sendall(struct.pack(">5IiI20x", RET_SUBMIT, sequence, 0, 0, 0, status, size) + data)


def _answer(setup, to_host):
    """The status of a control transfer without data from the host, and its data."""
    _, request, value, _, length = struct.unpack("<BBHHH", setup)
    data = {0x0100: DEVICE, 0x0200: CONFIGURATION}.get(value) if request == 6 else b""
    if to_host and not data:
        return -EPIPE, b""
    return 0, data[:length]
