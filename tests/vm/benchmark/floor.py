"""The time that a work must take at the least: what the F405's flash and a full-speed bus need for it.

Written from the figures that `timing=real` stands for; whatever a host spends beyond them is its own. Strings, the way
to dfuIDLE, address pointers and leaving are left out: a few milliseconds together. So is that a board asks for waits in
whole milliseconds: 9 for each block, where 8.2 would do.
"""

from firmware import SECTOR_SIZES

BLOCK = 2048
# DS8626, "Flash memory programming", ×32: typical times, in seconds.
ERASE = {16 << 10: 0.250, 64 << 10: 0.550, 128 << 10: 1.0}
PROGRAM_KIB = 4.1e-3
# A control transfer without its data, and 1024 bytes of data.
REQUEST = 0.5e-3
REQUEST_KIB = 0.9e-3

FORMULA = """\
The floor: 250 ms, 550 ms or 1 s for each sector of 16, 64 or 128 K erased, 4.1 ms a KiB programmed, and on
the bus 0.5 ms a request and 0.9 ms a KiB: a DNLOAD and two GETSTATUS for each sector erased and each block
of 2 KiB written, one UPLOAD for each block read. Each board has a bus of its own."""


def request(length):
    """A control transfer with so many bytes of data."""
    return REQUEST + REQUEST_KIB * length / 1024


GETSTATUS = request(6)


def erase(sector):
    """Erases the sector with this index."""
    return request(5) + 2 * GETSTATUS + ERASE[SECTOR_SIZES[sector]]


def write(blocks):
    return blocks * (request(BLOCK) + 2 * GETSTATUS + PROGRAM_KIB * BLOCK / 1024)


def read(blocks):
    return blocks * request(BLOCK)
