"""Calls of dfu-util with every option of it, and where stdfu answers otherwise, with the reason."""

from dataclasses import dataclass

from option_files import FULL


@dataclass(frozen=True)
class Otherwise:
    """How stdfu answers where dfu-util's answer is wrong, or worse. All else is the same, unless it says here."""

    exit: int
    why: str
    # Nothing is done, though dfu-util does something.
    refuses: bool = False
    # It fails, and says so, where dfu-util says nothing.
    fails: bool = False
    # What comes of it is what comes of this call of dfu-util's.
    like: str | None = None
    # Whether the board is gone afterwards, where that is another matter.
    leaves: bool | None = None


@dataclass(frozen=True)
class Call:
    """A command line, its words separated as a shell does; {path} and {devnum} are where the first board is."""

    line: str
    # dfu-util's exit status; several where it depends on how soon a board has gone; `None`: it never ends.
    exit: int | tuple[int, ...] | None = 0
    otherwise: Otherwise | None = None
    # The file that is its standard input.
    stdin: str | None = None
    # The board is gone afterwards.
    leaves: bool = False
    # What is in lines that only one of them says, and the reason.
    unlike: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Bench:
    """Boards, and calls that meet them."""

    boards: tuple[str, ...]
    calls: tuple[Call, ...]
    # No call changes anything: all meet the same boards. Otherwise each meets fresh ones, once for each tool.
    shared: bool = False
    # And none does more than look: both tools may do so at the same time.
    only_looks: bool = False
    # What is in the flash of each before.
    content: bytes | None = None
    # The boards come back to their ports when they have left, as with a cable.
    cable: bool = False


def refused(exit, why):
    return Otherwise(exit, why, refuses=True)


WRONG_IDS = "the file says that it is for another device"
DAMAGED = "the file's checksum is wrong: dfu-util warns, and writes it, suffix and all"
TOO_FAR = "that there is no such memory is known before anything is downloaded"
EMPTY = "an empty file is no firmware for any board"
DETAILS = "of -v, the details are on stderr, and the bars stay"
TOO_LONG = "a block is never longer than the board takes"
LEFT = Otherwise(0, "it went well: dfu-util asks the board that has left for something, and calls that an error")

GONE = "it has left already: there is nothing to reset"

_NO_BOARD = (
    Call("-d ,1234:5678 -s 0x08000000:leave -a 0 -R -D app.bin", 74),
    Call("-l"),
    Call("-l -d ,1234:5678"),
    Call("-D app.bin", 74),
    Call("-a 0 -s 0x08000000:leave -D app.bin", 74),
    Call("-D app.dfu", 74),
    Call("-U up.bin", 74),
    Call("-U there.bin", 74),
    Call("-e", 74),
    Call("-a 0 -s :leave", 74),
)

NO_BOARD = Bench((), _NO_BOARD, shared=True, only_looks=True)

_SERIAL = "336133663433"
_LIST = (
    *(Call("-l" + rest) for rest in ("", "v", "w", " -R -E 3 -t 512 -Z 5 -s 0x08000000")),
    Call("--li"),
    # -d: runtime:runtime,dfu:dfu
    Call("-l -d 0483:df11"),
    Call("-l -d,0483:df11"),
    Call("-l -d ,-"),
    Call("-l -d '*,-'"),
    Call("-l -d ,"),
    Call("-l -d ''"),
    # Without a comma, any board in DFU mode.
    Call("-l -d 1234:5678"),
    Call("-l -d 1234:5678,0483:df11"),
    Call("-l -d 0483:df11,:5678"),
    Call("-l -d 0483:1111,:df11"),
    Call("-l -d '0483:df11,1234:*'"),
    Call("-l --device ,1234:5678"),
    Call("-l --device=,0x483:DF11"),
    Call("-l -d '-,*'"),
    Call("-l -n {devnum}"),
    Call("-l -n99"),
    Call("-l -p {path}"),
    Call("-l --path=1-9"),
    Call("-l -c 1"),
    Call("-l --cfg=0"),
    Call("-l --configuration 0x2"),
    Call("-l -i0"),
    Call("-l --inter 1"),
    Call("-l -a 0"),
    Call("-la3"),
    Call("-l --alt=0x2"),
    Call("-l -a '@Option Bytes  /0x1FFFC000/01*016 e'"),
    Call("-l -a nope"),
    Call(f"-l -S {_SERIAL}"),
    Call("-l --serial x"),
    Call(f"-l -S x,{_SERIAL}"),
    Call(f"-l -S ,{_SERIAL}"),
    Call(f"-l -S {_SERIAL},x"),
    Call(f"-l -S {_SERIAL},"),
    # Of what to do, the last counts.
    Call("-D missing.bin -l"),
    Call("-e -l"),
    Call("-V -l"),
    Call(f"-l -R -w -E0 -t64 -Z1 -n{{devnum}} -p{{path}} -c1 -i0 -a0 -S{_SERIAL} -d0483:df11"),
    # None of these comes as far as a board.
    Call("-D app.bin -s 0x08000000", 74),
    Call("-U up.bin", 74),
    Call("-e", 74),
    Call("-s :leave", 74),
    Call("-a 7 -D app.bin -s 0x08000000", 74),
    Call("-a 0 -S wrong -s 0x08000000 -D app.bin", 74),
    Call("-a 0 -d ,1234:5678 -s 0x08000000 -D app.bin", 74),
)
LIST = Bench((f"f405,serial={_SERIAL}",), _LIST, shared=True, only_looks=True)

_REFUSED = (
    Call("-a 0 -s nonsense -D app.bin", 64),
    Call("-a 0 -s 0x08000000:nonsense -D app.bin", 64),
    Call("-a 0 -s 08000000 -D app.bin", 64),
    Call("-a 0 -s :mass-erase", 64),
    Call("-a 0 -s 0x08000000:mass-erase -D app.bin", 64),
    Call("-a 0 -s :unprotect", 64),
    Call("-a 0 -D app.bin", 64),
    Call("-a 0 -s 0x20000000 -D data.bin", 64, unlike=("Downloading",), why=TOO_FAR),
    Call("-a 0 -s 0x08000000 -D app.dfu", 64, refused(64, "what the file is, is known before a board is opened")),
    Call("-a 0 -D other.dfu -d 0483:df11", 64),
    Call("-a 0 -U there.bin -s 0x08000000:100", 73),
    Call("-a 0 -U missing/up.bin -s 0x08000000:100", 73),
)
REFUSED = Bench(("f072,serial=A",), _REFUSED, shared=True, content=FULL)

_DOWNLOADS = (
    Call("-a 0 -s 0x08000000 -D app.bin"),
    Call("--alt=0 --dfuse-address=0x08000000:leave --down app.bin", leaves=True),
    Call("-D- -s0x08000000 -a0", stdin="app.bin"),
    Call("-a 0 -D -", stdin="app.dfu"),
    Call("-D app.dfu", unlike=("Setting Alternate Interface #1 ...",), why="only what is in the file is chosen"),
    Call("-a 0 -D app.dfu -s :leave", leaves=True),
    Call(
        "-a 0 -D pieces.dfu",
        unlike=("Parsing element 2", "100%", " done."),
        why="all is erased before any of it is written: one bar for both elements, which are told before it",
    ),
    Call("-a 0 -D any.dfu"),
    Call("-a 0 -s 134217728 -D suffix.bin"),
    Call("-a 0 -s 0x08000c10 -D data.bin"),
    Call("-a 0 -s 0x08000000 -D big.bin", 64, unlike=("Downloading",), why=TOO_FAR),
    Call("-a 0 -s 0x08000000 -D empty.bin", 64, refused(65, EMPTY)),
    Call("-a 0 -s 0x08000000 -D other.dfu", 64, refused(64, WRONG_IDS)),
    Call("-a '@Internal Flash  /0x08000000/064*0002Kg' -p {path} -n {devnum} -c1 -i0 -s 0x08000000 -D app.bin"),
    Call("-a 0 -d 1234:5678 -s 0x08000000 -D tiny.bin"),
    Call("-a 0 -t 512 -s 0x08000000 -D app.bin"),
    Call(
        "-a 0 -t 8192 -s 0x08000000 -D app.bin",
        74,
        Otherwise(0, TOO_LONG, like="-a 0 -s 0x08000000 -D app.bin"),
        unlike=("Overriding device", "Limited transfer size"),
    ),
    Call("-w -a 0 -s 0x08000000 -D tiny.bin"),
    Call("-v -a 0 -s 0x08000000 -D tiny.bin", unlike=("100%", " done.", "Memory segment"), why=DETAILS),
    Call("-a 0 -R -s 0x08000000 -D tiny.bin"),
    Call("-a 0 -R -s 0x08000000:leave -D tiny.bin", (74, 251), LEFT, leaves=True, unlike=("Resetting USB",), why=GONE),
    Call(
        "-a 0 -s 0x08000000:will-reset -D tiny.bin",
        0,
        Otherwise(0, "where it didn't reset, it is left in dfuIDLE", leaves=False),
    ),
    Call("-a 0 -s 0x08000000 -U up.bin -D tiny.bin"),
)
DOWNLOAD = Bench(("f072,serial=A",), _DOWNLOADS, content=FULL)

_COMMANDS = (
    Call("-a 0 -s :leave", leaves=True),
    Call("-s 0x08000000:leave -a0 -R", (74, 251), LEFT, leaves=True, unlike=("Resetting USB",), why=GONE),
    Call("-a 0 -s :force"),
    Call("-a 0 -s :mass-erase:force"),
    Call("-a 0 -s 0x08000000:force:mass-erase:leave -D app.bin", leaves=True),
    Call("-a 0 -D app.dfu -s :mass-erase:force"),
    Call(
        "-a 0 -s :unprotect:force",
        0,
        Otherwise(0, "a board that isn't protected keeps what it has", refuses=True, leaves=False),
        leaves=True,
    ),
    Call("-a 0 -e"),
    Call("-a 0 -e -R"),
)
COMMAND = Bench(("f072,serial=A",), _COMMANDS, content=FULL)

# What stdfu refuses for good reason, and what force makes of it.
_DOUBTFUL = (
    Call("-a 0 -D other.dfu", 0, refused(64, WRONG_IDS)),
    Call("-a 0 -s 0x08000000 -D suffix-other.bin", 0, refused(64, WRONG_IDS)),
    Call("-a 0 -s 0x08000000 -D suffix-damaged.bin", 0, refused(65, DAMAGED)),
    Call("-a 0 -D damaged.dfu", 64, refused(65, DAMAGED)),
    Call("-a 0 -s 0x08000000 -D text.bin", 0, refused(65, "a text is no firmware")),
    Call("-a 0 -s 0x08000000:force -D text.bin"),
    Call("-a 0 -s 0x08000000 -D elsewhere.bin", 0, refused(65, "it is linked for another address")),
    Call("-a 0 -s 0x08000000:force -D elsewhere.bin"),
)
DOUBTFUL = Bench(("f072,serial=A",), _DOUBTFUL, content=FULL)

_UPLOADS = (
    Call("-a 0 -s 0x08000000:5000 -U up.bin"),
    Call("-U up.bin -s0x08000010:0x14:force -a0"),
    Call("-a 0 -s 0x0801f000 --upload=up.bin"),
    Call("-a 0 -U up.bin"),
    Call("-a 0 -Z 100 -U up.bin"),
    Call("-a 0 -s :100 --upload-size 7 --upload up.bin"),
    Call(
        "-a 0 -t 512 -s 0x08000000:1300 -U up.bin",
        0,
        Otherwise(0, "it counts blocks in what the board counts in", like="-a 0 -s 0x08000000:1300 -U up.bin"),
        unlike=("Overriding device",),
    ),
    Call("-v -a 0 -s 0x08000000:100 -U up.bin", unlike=("Memory segment",), why=DETAILS),
    Call("-a 1 -s 0x1ffff800:16 -U up.bin"),
    Call("-a 0 -s 0x08000000:100 -R -U up.bin"),
    Call("-a 0 -s 0x08000000:100:leave -U up.bin", leaves=True),
)
UPLOAD = Bench(("f072,serial=A",), _UPLOADS, content=FULL)

# "Done!" is said, and that it went well is known: dfu-util then resets a board that goes at that, or asks one that has gone.
DONE = Otherwise(0, "all is stored, and the board has gone to start it: dfu-util calls that an error")


def _goes(line):
    """A download after which the board is gone before dfu-util has said that it's done."""
    return Call(line, 74, DONE, leaves=True, unlike=("Done!",), why="it is done")


def _plain(board, *calls, **bench):
    return Bench((board,), calls, **bench)


ZEPHYR_AND_DAPBOOT = (
    _plain(
        "zephyr,serial=Z",
        Call("-a 1 -D plain.bin"),
        Call("-a image_1 -R -t 64 -D-", stdin="plain.bin"),
        Call("-v -a 1 -D zephyr.bin", unlike=("DFU suffix version", "Sent a total"), why=DETAILS),
        Call("-D plain.bin", 74),
        Call("-a 0 -D plain.bin", 74, unlike=("failed!",), why="what failed is told on stderr"),
        Call("-a 1 -D empty.bin", 74, refused(65, EMPTY)),
        Call("-a 1 -s 0x08000000 -D plain.bin", 74),
        Call("-a 1 -s :leave", 74),
        Call("-a 1 -D plain-other.bin", 0, refused(64, WRONG_IDS)),
        Call("-a 1 -D plain-other.bin -d 2fe3:ffff", 64),
        Call(
            "-a 1 -t 1024 -D plain.bin",
            74,
            Otherwise(0, TOO_LONG, like="-a 1 -D plain.bin"),
            unlike=("Overriding device",),
        ),
        Call("-a 1 -e"),
    ),
    _plain(
        "dapboot,serial=D",
        Call("-l"),
        _goes("-D plain.bin"),
        Call("-U up.bin"),
        Call("-U up.bin -Z 57344 -R"),
        Call("-U there.bin", 73),
        Call("-D text.bin", 0, Otherwise(74, "the board says errFIRMWARE: dfu-util says that, and then Done!", fails=True)),
    ),
)

PLAIN = (
    _plain("uboot,serial=U", Call("-a u-boot.env.raw -D plain.bin"), Call("-a 1 -e", leaves=True)),
    _plain("ubertooth,serial=T", Call("-D ubertooth.bin"), Call("-R -D plain.bin", (74, 251), DONE, leaves=True)),
    _plain(
        "maple,serial=M",
        Call("-l"),
        Call(
            "-a 2 -D plain.bin",
            74,
            DONE,
            leaves=True,
            unlike=("DFU version",),
            why="what a Maple says of itself is told: dfu-util makes 0110 of its 0100",
        ),
        Call("-a 0 -D plain.bin", 74, refused(74, "its name says that it is no memory to write to")),
    ),
    _plain("tinyusb,serial=Y", _goes("-a FLASH -D plain.bin")),
    _plain("lpc,serial=L", Call("-l"), _goes("-D plain.bin")),
    _plain("openmoko,serial=O", Call("-a kernel -D plain.bin")),
    _plain("xmos,serial=X", Call("-a 1 -D plain.bin"), Call("-a 1 -U up.bin", 0, Otherwise(74, "nothing came", fails=True))),
    _plain("mcuboot,serial=B", Call("-D plain.bin", 74, DONE, leaves=True)),
    _plain(
        "simtrace,serial=S",
        Call("-l"),
        Call(
            "-t 1024 -D plain.bin",
            None,
            Otherwise(0, "the board waits for a reset, and dfu-util for the board", leaves=True),
            unlike=("Resetting USB", "Done!"),
            why="it is done",
        ),
    ),
)

_APPLICATION = "ubertooth,serial=T,quirk=application"
APPLICATION = (
    Bench(
        (_APPLICATION,),
        (
            Call("-l"),
            Call("-l -d 1d50:6002 -a 7"),
            Call("-l -d 1d50:6003"),
            Call("-l -d ,1d50:6002"),
            Call("-l -S T,x"),
            Call("-l -S x"),
            Call("-d ,1d50:6003 -e", 74),
            Call("-d ,1d50:6003 -D plain.bin", 74),
        ),
        shared=True,
    ),
    Bench((_APPLICATION,), (Call("-e"), Call("-E 3 -D ubertooth.bin"), Call("-E 3 -U up.bin")), cable=True),
    Bench((_APPLICATION + ",quirk=will-detach=no,quirk=runtime=no-status",), (Call("-E 3 -D plain.bin"),), cable=True),
    Bench(("f072,serial=A,quirk=application",), (Call("-E 3 -a 0 -s 0x08000000 -D app.bin"),), cable=True),
)

_TWO = ("f072,serial=AAAA00000001", "f072,serial=BBBB00000002")
SEVERAL = (
    Bench(
        _TWO,
        (
            Call("-l"),
            Call("-l -S BBBB00000002"),
            Call("-a 0 -s 0x08000000 -D tiny.bin", 74),
            Call("-D app.dfu", 74),
            Call("-a 0 -U up.bin", 74),
            Call("-a 0 -s :leave", 74),
            Call("-a 0 -e", 74),
        ),
        shared=True,
    ),
    Bench(_TWO, (Call("-a 0 -S BBBB00000002 -s 0x08000000 -D tiny.bin"), Call("-a 0 -p {path} -s 0x08000000 -D tiny.bin"))),
    Bench(
        ("f072,serial=A", "dapboot,serial=D"),
        (Call("-l"), Call("-l -d ,1209:db42"), Call("-a 0 -D plain.bin", 74)),
        shared=True,
    ),
)

_TINY = "-a 0 -s 0x08000000 -D tiny.bin"
TROUBLE = (
    _plain("f405,serial=A", Call(_TINY)),
    _plain("f072,serial=A,quirk=flipped-bit=0x08000004", Call(_TINY, 0, Otherwise(74, "a bit is wrong", fails=True))),
    _plain(
        "f072,serial=A,quirk=write-protected=0x08000000",
        Call(_TINY, 0, Otherwise(74, "the sector keeps what it had", fails=True)),
    ),
    _plain(
        "f072,serial=A,quirk=read-protected",
        Call(_TINY, 74),
        Call("-a 0 -s :unprotect:force", leaves=True),
    ),
    _plain("f072,serial=A,fault=unplug@12", Call(_TINY, 74, leaves=True)),
    _plain(
        "zephyr,serial=Z,quirk=manifest=err-verify",
        Call("-a 1 -D plain.bin", 0, Otherwise(74, "the board says errVERIFY", fails=True)),
    ),
    _plain("dapboot,serial=D,quirk=err-write-at=0", Call("-D plain.bin", 74)),
    _plain("dapboot,serial=D,quirk=no-upload", Call("-U up.bin", 74)),
    *(_plain(board, Call("-l"), shared=True, only_looks=True) for board in ("f427", "gd32vf103", "jabra", "mboot")),
)
