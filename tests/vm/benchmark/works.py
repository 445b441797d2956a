"""What is measured: works that both tools do, from the same beginning to the same end."""

from dataclasses import dataclass, field

import firmware
import floor
from dfu_util import LAYOUTS
from firmware import BLANK, FLASH, SECTOR_SIZES

SIZE = 384 << 10
BLOCKS = SIZE // floor.BLOCK
# Sectors of the image: four of 16 K, one of 64 K, two of 128 K.
SECTORS = range(7)
IMAGE = firmware.sample(SIZE, seed=1)
OTHER = firmware.full(seed=2)
# dfu-util leaves, then asks the board that has left for its status, and calls that an error (EX_IOERR).
LEFT = (0, 74)

LAB = "LAB"
APP, BACK = f"{LAB}/app.bin", f"{LAB}/back.bin"
COMPARED = (["cmp", BACK, f"{LAB}/BENCH1.bin"], (0,))
STDFU = "stdfu"
DFU_UTIL = "dfu-util"
READING_BACK = "dfu-util, upload, cmp"


@dataclass(frozen=True, eq=False)
class Work:
    """One work, and how each tool is told to do it.

    LAB in a command stands for the folder where the image is, and where files can be left.
    """

    name: str
    # The tool's name → from the boards' serial numbers to its commands, each with the exit statuses it may have.
    tools: dict
    # In seconds.
    floor: float = 0.0
    # The most requests stdfu may send.
    most_requests: int | None = None
    # At most so much of the time of another tool.
    targets: dict = field(default_factory=dict)
    # At most so much of stdfu's own time for another work, by name.
    own_target: tuple | None = None
    boards: int = 1
    before: bytes = BLANK
    after: bytes = BLANK
    # How often in each run, on the same boards; more than once only where nothing changes on them.
    repeats: int = 1
    # Whether the application is started in the end, so that the boards are gone.
    leaves: bool = False


def stdfu_flash(serials):
    every = ["--every"] if len(serials) > 1 else []
    return [(["stdfu", "flash", APP, "--address", f"{FLASH:#x}", "--json", *every], (0,))]


def dfu_util_flash(serials):
    """One board after the other: it does no more than one."""
    one = ["dfu-util", "-a", "0", "-s", f"{FLASH:#x}:leave", "-D", APP]
    if len(serials) == 1:
        return [(one, LEFT)]
    return [([*one, "-S", serial], LEFT) for serial in serials]


def dfu_util_flash_and_compare(_serials):
    return [
        (["dfu-util", "-a", "0", "-s", f"{FLASH:#x}", "-D", APP], (0,)),
        (["dfu-util", "-a", "0", "-s", f"{FLASH:#x}:{SIZE}:leave", "-U", BACK], LEFT),
        (["cmp", APP, BACK], (0,)),
    ]


def flash(name, before, floor, most_requests, targets, **more):
    tools = {STDFU: stdfu_flash, DFU_UTIL: dfu_util_flash}
    tools |= {READING_BACK: dfu_util_flash_and_compare} if READING_BACK in targets else {}
    after = firmware.programmed(before, (FLASH, IMAGE))
    return Work(name, tools, floor, most_requests, targets, before=before, after=after, leaves=True, **more)


def one_byte(name, sector, offset):
    """All is there but one byte, `offset` bytes into a sector. Reading that sector may end at the byte.

    The first sector is erased and written too: while another one is half done, the application must not start.
    """
    start, end = list(firmware.sectors())[sector]
    at = start - FLASH + offset
    before = bytearray(FLASHED)
    before[at] ^= 0x10
    in_sector = (end - start) // floor.BLOCK
    looked_at = BLOCKS - in_sector + offset // floor.BLOCK + 1
    changed = {0, sector}
    written = sum(SECTOR_SIZES[index] for index in changed) // floor.BLOCK
    least = floor.read(looked_at) + sum(map(floor.erase, changed)) + floor.write(written) + floor.read(written)
    return flash(name, bytes(before), least, _requests(written, looked_at + written), {DFU_UTIL: 0.35})


def listing(boards):
    tools = {STDFU: lambda _: [(["stdfu", "list"], (0,))], DFU_UTIL: lambda _: [(["dfu-util", "-l"], (0,))]}
    strings = ["BENCH1", "STM32  BOOTLOADER", *LAYOUTS]
    least = boards * sum(floor.request(2 + 2 * len(string)) for string in strings)
    name = f"list, {boards} board{'s' if boards > 1 else ''}"
    return Work(name, tools, least, targets={DFU_UTIL: 1.0}, boards=boards, repeats=7)


def _requests(written, read):
    """Three for each block written, one for each block read, and 40."""
    return 3 * written + read + 40


FLASHED = firmware.programmed(OTHER, (FLASH, IMAGE))
# A block every 16 KiB, and each sector's last, tell that a chip is blank.
SAMPLES = sum(SECTOR_SIZES[sector] // (16 << 10) + 1 for sector in SECTORS)
ON_BLANK = flash(
    "blank chip",
    BLANK,
    floor.read(SAMPLES) + floor.write(BLOCKS) + floor.read(BLOCKS),
    _requests(BLOCKS, SAMPLES + BLOCKS),
    {DFU_UTIL: 0.5},
)
ALL_OF_IT = sum(map(floor.erase, SECTORS)) + floor.write(BLOCKS) + floor.read(BLOCKS)
OVER_OTHER = flash(
    "other content in flash",
    OTHER,
    ALL_OF_IT,
    # One block of each sector tells that it differs.
    _requests(BLOCKS, len(SECTORS) + BLOCKS),
    {DFU_UTIL: 1.05, READING_BACK: 0.9},
)
SAME = flash("same image again", FLASHED, floor.read(BLOCKS), _requests(0, BLOCKS), {DFU_UTIL: 0.12})
BYTE_16K = one_byte("one byte changed, 16 K sector", sector=2, offset=9 << 10)
BYTE_64K = one_byte("one byte changed, 64 K sector", sector=4, offset=33 << 10)
BYTE_128K = one_byte("one byte changed, 128 K sector", sector=5, offset=65 << 10)
MANY = [
    flash(f"{boards} boards", OTHER, ALL_OF_IT, None, {DFU_UTIL: None}, boards=boards, own_target=own)
    for boards, own in ((4, None), (8, (OVER_OTHER.name, 1.25)))
]
READ_ALL = Work(
    "reading all of flash, 1 MiB",
    {
        STDFU: lambda _: [(["stdfu", "read", BACK, "--json"], (0,)), COMPARED],
        DFU_UTIL: lambda _: [(["dfu-util", "-a", "0", "-s", f"{FLASH:#x}:{1 << 20}", "-U", BACK], (0,)), COMPARED],
    },
    floor.read((1 << 20) // floor.BLOCK),
    _requests(0, (1 << 20) // floor.BLOCK),
    {DFU_UTIL: 1.0},
    before=OTHER,
    after=OTHER,
)
WORKS = [ON_BLANK, OVER_OTHER, SAME, BYTE_16K, BYTE_64K, BYTE_128K, *MANY, listing(1), listing(8), READ_ALL]
