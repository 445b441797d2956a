"""The files of the calls in the option table, and what is in the boards' flash before; firmware for an F072."""

import random
import struct
import zlib

from firmware import FLASH, dfuse


def _noise(size, seed):
    return random.Random(seed).randbytes(size)


def _linked(address, size, seed):
    """Something like firmware for a part with 16 KiB of RAM, linked for this address."""
    return (struct.pack("<II", 0x2000_1000, address | 0x101) + _noise(size, seed))[:size]


def _suffix(data, vendor, product, release=0xFFFF, spec=0x0100):
    body = data + struct.pack("<HHHH3sB", release, product, vendor, spec, b"UFD", 16)
    return body + struct.pack("<I", zlib.crc32(body) ^ 0xFFFF_FFFF)


def _damaged(data):
    return data[:400] + bytes([data[400] ^ 1]) + data[401:]


_APP = _linked(FLASH, 5000, seed=200)
# For boards without DfuSe; with a stack pointer that dapboot accepts.
_PLAIN = bytes.fromhex("00500020") + _noise(300, seed=206)
FULL = _linked(FLASH, 128 << 10, seed=201)

FILES = {
    "app.bin": _APP,
    "data.bin": _noise(1000, seed=202),
    "tiny.bin": _noise(8, seed=203),
    "empty.bin": b"",
    "text.bin": b"This is a text.\nIt is no firmware.\n" * 40,
    "big.bin": _linked(FLASH, (128 << 10) + 1, seed=204),
    "elsewhere.bin": _linked(FLASH + 0x8000, 5000, seed=205),
    "there.bin": b"This was here before.\n",
    "app.dfu": dfuse((FLASH, _APP)),
    "other.dfu": dfuse((FLASH, _APP), vendor=0x1209, product=0x0001),
    "pieces.dfu": dfuse((FLASH, _APP), (FLASH + 0x4000, _noise(700, seed=207))),
    "suffix.bin": _suffix(_APP, 0x0483, 0xDF11),
    "suffix-other.bin": _suffix(_APP, 0x1209, 0x0001),
    "suffix-damaged.bin": _damaged(_suffix(_APP, 0x0483, 0xDF11)),
    "plain.bin": _PLAIN,
    "plain-other.bin": _suffix(_PLAIN, 0x1209, 0x0001),
    "ubertooth.bin": _suffix(_PLAIN, 0x1D50, 0x6002),
    "zephyr.bin": _suffix(_PLAIN, 0x2FE3, 0xFFFF),
}
