"""Firmware to flash, and the F405's main flash it goes to (written from UM0391 and RM0090, not from our code)."""

import random
import struct
import zlib

FLASH = 0x0800_0000
FLASH_SIZE = 1 << 20
# RM0090, table 5: four sectors of 16 K, one of 64 K, seven of 128 K.
SECTOR_SIZES = [16 << 10] * 4 + [64 << 10] + [128 << 10] * 7
BLANK = b"\xff" * FLASH_SIZE


def sample(size, seed):
    """Something like firmware: a stack pointer and a reset vector, then bytes that don't repeat."""
    vectors = struct.pack("<II", 0x2002_0000, FLASH | 0x101)
    return (vectors + random.Random(seed).randbytes(size))[:size]


def full(seed):
    """Main flash, filled."""
    return sample(FLASH_SIZE, seed)


def programmed(before, *pieces):
    """Main flash after (address, data) pieces were flashed over `before`: the sectors they touch erased, each once,
    then the pieces in place, everything else as it was."""
    after = bytearray(before)
    for start, end in sectors():
        if any(address < end and start < address + len(data) for address, data in pieces):
            after[start - FLASH : end - FLASH] = b"\xff" * (end - start)
    for address, data in pieces:
        after[address - FLASH : address - FLASH + len(data)] = data
    return bytes(after)


def sectors():
    """Start and end address of each sector."""
    start = FLASH
    for size in SECTOR_SIZES:
        yield start, start + size
        start += size


def dfuse(*pieces, alternate=0, vendor=0x0483, product=0xDF11):
    """A DfuSe file with one target that has (address, data) pieces as its elements."""
    elements = b"".join(struct.pack("<II", address, len(data)) + data for address, data in pieces)
    name = b"ST...".ljust(255, b"\0")
    target = struct.pack("<6sBI255sII", b"Target", alternate, 1, name, len(elements), len(pieces)) + elements
    body = struct.pack("<5sBIB", b"DfuSe", 1, 11 + len(target), 1) + target
    body += struct.pack("<HHHH3sB", 0xFFFF, product, vendor, 0x011A, b"UFD", 16)
    return body + struct.pack("<I", zlib.crc32(body) ^ 0xFFFF_FFFF)
