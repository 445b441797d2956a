"""Boards without DfuSe, by what their makers' sources say of them: what hosts have to find out."""

from dataclasses import dataclass

import firmware
from lab import ADDRESS

KIB = 1 << 10
STACK_POINTER = bytes.fromhex("00500020")


@dataclass(frozen=True)
class Memory:
    """One of a board's memories."""

    # bAlternateSetting, and the string of its interface.
    alt: int
    name: str | None
    # Where it is in the file that keeps the board's flash.
    start: int
    size: int


@dataclass(frozen=True)
class Plain:
    """A board, and the memory that firmware goes to."""

    name: str
    ids: str
    serial: str
    # wTransferSize, or what has to be assumed where nothing tells.
    block: int
    memory: Memory
    # How long the file is that keeps its flash.
    flash: int
    # bitCanUpload, bitManifestationTolerant.
    uploads: bool = False
    tolerant: bool = False
    # The application's ids, where it has any USB.
    application: str | None = None
    # An upload ends with the image, and not with the memory.
    gives_image: bool = False
    # Nothing but being unplugged takes it out of DFU mode.
    stays: bool = False

    def spec(self, *options):
        return ",".join((self.name, f"serial={self.serial}", f"flash={self.name}.bin", *options))

    def image(self, seed, blocks=3):
        """Some blocks of firmware and a bit, which begin with a stack pointer in 20 KiB of RAM: dapboot looks for that."""
        return STACK_POINTER + firmware.sample(blocks * self.block + 96, seed)

    def holding(self, image):
        """Its flash, which was blank, with firmware in it."""
        end = self.memory.start + len(image)
        return b"\xff" * self.memory.start + image + b"\xff" * (self.flash - end)

    def given(self, image):
        """What an upload gives that comes after a download of this image alone."""
        return image if self.gives_image else self.holding(image)[self.memory.start :][: self.memory.size]

    def stored(self, lab):
        return (lab.folder / f"{self.name}.bin").read_bytes()


UBOOT = Plain(
    "uboot",
    "0451:d022",
    "0123456789ABCDEF",
    4096,
    Memory(1, "u-boot.env.raw", 1024 * KIB, 128 * KIB),
    4096 * KIB,
    uploads=True,
    tolerant=True,
)
PLUTO = Plain(
    "pluto",
    "0456:b674",
    "104473541196000618001900241F1E6931",
    4096,
    Memory(0, "firmware.dfu", 1024 * KIB, 2048 * KIB),
    4096 * KIB,
    uploads=True,
    tolerant=True,
    application="0456:b673",
)
ZEPHYR = Plain(
    "zephyr",
    "2fe3:ffff",
    "3539361234567890",
    128,
    Memory(1, "image_1", 256 * KIB, 256 * KIB),
    512 * KIB,
    uploads=True,
    tolerant=True,
    stays=True,
)
MCUBOOT = Plain(
    "mcuboot",
    "2fe3:0100",
    "3539361234567891",
    128,
    Memory(0, "image_0", 0, 256 * KIB),
    256 * KIB,
    uploads=True,
    application="2fe3:0100",
)
MAPLE = Plain(
    "maple",
    "1eaf:0003",
    "LLM 003",
    1024,
    Memory(2, "STM32duino bootloader v1.0  Upload to Flash 0x8002000", 8 * KIB, 120 * KIB),
    148 * KIB,
    uploads=True,
    application="1eaf:0004",
)
DAPBOOT = Plain(
    "dapboot", "1209:db42", "0668FF515055", 1024, Memory(0, "@DAPBoot DFU", 0, 56 * KIB), 56 * KIB, uploads=True
)
TINYUSB = Plain(
    "tinyusb",
    "cafe:4000",
    "123456",
    512,
    Memory(0, "FLASH", 0, 64 * KIB),
    80 * KIB,
    uploads=True,
    application="cafe:4000",
)
LPC = Plain("lpc", "1fc9:000c", "ABCD", 2048, Memory(0, "DFU", 0, 96 * KIB), 96 * KIB)
UBERTOOTH = Plain(
    "ubertooth",
    "1d50:6003",
    "08F00003",
    256,
    Memory(0, "Flash", 0, 496 * KIB),
    496 * KIB,
    uploads=True,
    tolerant=True,
    application="1d50:6002",
)
FOMU = Plain("fomu", "1209:5bf0", "0", 1024, Memory(0, None, 0, 128 * KIB), 128 * KIB, tolerant=True)
ESP32S2 = Plain("esp32s2", "303a:0002", "0", 4096, Memory(0, "flash", 0, 1024 * KIB), 1024 * KIB)
OPENMOKO = Plain(
    "openmoko", "1d50:5119", "0000000", 1024, Memory(3, "kernel", 512 * KIB, 1024 * KIB), 3136 * KIB, stays=True
)
SIMTRACE = Plain("simtrace", "16c0:0762", "0000001", 1024, Memory(0, "DFU Application", 0, 64 * KIB), 64 * KIB)
XMOS = Plain(
    "xmos",
    "20b1:0008",
    "X200001",
    64,
    Memory(1, "DFU Upgrade", 128 * KIB, 128 * KIB),
    256 * KIB,
    uploads=True,
    tolerant=True,
    application="20b1:0008",
    gives_image=True,
)
BOARDS = (
    UBOOT,
    PLUTO,
    ZEPHYR,
    MCUBOOT,
    MAPLE,
    DAPBOOT,
    TINYUSB,
    LPC,
    UBERTOOTH,
    FOMU,
    ESP32S2,
    OPENMOKO,
    SIMTRACE,
    XMOS,
)


def plug_in(lab, *specs, port=ADDRESS[1]):
    """Serves boards and plugs them all in. Returns the server, and the boards' paths."""
    server = lab.serve(*specs)
    return server, [lab.plug(busid(number), port) for number in range(len(specs))]


def busid(number):
    """Where the simulator has its board with this number, from 0 on."""
    return f"1-{number + 1}"


def with_applications(boards):
    """Bus ids of those that come to their ports again once they have left. One whose application has no USB doesn't; to
    be plugged in by hand would mean DFU mode."""
    return [busid(number) for number, board in enumerate(boards) if board.application]
