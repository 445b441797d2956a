"""More of the option table: boards without DfuSe, applications, several boards at once, and boards that misbehave."""

from option_calls import Bench, Call, DETAILS, Meet, ON_STDERR, Otherwise, TOO_LONG, WRONG_IDS, refused

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
        Call("-a 0 -D plain.bin", 74, unlike=("failed!",), why=ON_STDERR),
        Call("-a 1 -s 0x08000000 -D plain.bin", 74),
        Call("-a 1 -D plain-other.bin", 0, refused(64, WRONG_IDS)),
        Call("-a 1 -D plain-other.bin -d 2fe3:ffff", 64),
        Call(
            "-a 1 -t 1024 -D plain.bin",
            74,
            Otherwise(0, TOO_LONG, like="-a 1 -D plain.bin"),
            unlike=("Overriding device",),
        ),
    ),
    _plain(
        "dapboot,serial=D",
        Call("-l"),
        _goes("-D plain.bin"),
        Call("-U up.bin -Z 57344 -R"),
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
    _plain("lpc,serial=L", Call("-l"), _goes("-D plain.bin")),
    _plain("openmoko,serial=O", Call("-a kernel -D plain.bin")),
    _plain("xmos,serial=X", Call("-a 1 -D plain.bin"), Call("-a 1 -U up.bin", 0, Otherwise(74, "nothing came", fails=True))),
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

# A host that is emulated on a busy machine may need longer for a reset than boards grant.
_PATIENT = "quirk=application,quirk=detach-timeout=5000"
_APPLICATION = f"ubertooth,serial=T,{_PATIENT}"
APPLICATION = (
    Bench(
        (_APPLICATION,),
        (
            Call("-l"),
            Call("-l -d 1d50:6002 -a 7"),
            Call("-l -d 1d50:6003"),
            Call("-l -d ,1d50:6002"),
            Call("-l -S x"),
            Call("-d ,1d50:6003 -e", 74),
        ),
        meet=Meet.AT_ONCE,
    ),
    Bench((_APPLICATION,), (Call("-e"), Call("-E 3 -D ubertooth.bin")), cable=True),
    Bench((_APPLICATION + ",quirk=will-detach=no,quirk=runtime=no-status",), (Call("-E 3 -D plain.bin"),), cable=True),
    Bench((f"f072,serial=A,{_PATIENT}",), (Call("-E 3 -a 0 -s 0x08000000 -D app.bin"),), cable=True),
)

_TWO = ("f072,serial=AAAA00000001", "f072,serial=BBBB00000002")
SEVERAL = (
    Bench(
        _TWO,
        (
            Call("-l"),
            Call("-a 0 -s 0x08000000 -D tiny.bin", 74),
            Call("-D app.dfu", 74),
            Call("-a 0 -U up.bin", 74),
        ),
        meet=Meet.AT_ONCE,
    ),
    Bench(_TWO, (Call("-a 0 -S BBBB00000002 -s 0x08000000 -D tiny.bin"),)),
    Bench(
        ("f072,serial=A", "dapboot,serial=D"),
        (Call("-l"), Call("-l -d ,1209:db42"), Call("-a 0 -D plain.bin", 74)),
        meet=Meet.AT_ONCE,
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
    _plain(
        "f072,serial=A,fault=unplug@12",
        Call(_TINY, 74, leaves=True, unlike=("Erase",), why="nothing is called done before all of it is"),
    ),
    _plain(
        "zephyr,serial=Z,quirk=manifest=err-verify",
        Call("-a 1 -D plain.bin", 0, Otherwise(74, "the board says errVERIFY", fails=True)),
    ),
    _plain(
        "dapboot,serial=D,quirk=err-write-at=0", Call("-D plain.bin", 74, unlike=("failed!",), why=ON_STDERR)
    ),
    _plain(
        "dapboot,serial=D,quirk=no-upload",
        Call("-U up.bin", 74, Otherwise(74, "no empty file is left behind", fails=True)),
    ),
    *(_plain(board, Call("-l"), meet=Meet.AT_ONCE) for board in ("f427", "gd32vf103", "jabra", "mboot")),
)
