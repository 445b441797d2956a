"""Calls of dfu-util with every option of it on DfuSe boards, and where stdfu answers otherwise, with the reason."""

from option_calls import (
    BLOCKS,
    Bench,
    Call,
    DAMAGED,
    DETAILS,
    EMPTY,
    LEFT,
    Meet,
    Otherwise,
    TOO_FAR,
    TOO_LONG,
    WRONG_IDS,
    refused,
)
from option_files import FULL

GONE = "it has left already: there is nothing to reset"

_NO_BOARD = (
    Call("-d ,1234:5678 -s 0x08000000:leave -a 0 -R -D app.bin", 74),
    Call("-l"),
    Call("-D app.bin", 74),
    Call("-U up.bin", 74),
    Call("-e", 74),
    Call("-a 0 -s :leave", 74),
)
NO_BOARD = Bench((), _NO_BOARD, meet=Meet.AT_ONCE)

_SERIAL = "336133663433"
_LIST = (
    *(Call("-l" + rest) for rest in ("", "v -w -R --detach-delay=3 -t 512 -Z 5 -s 0x08000000")),
    Call("--li"),
    # -d: runtime:runtime,dfu:dfu
    Call("-l -d,0483:df11"),
    Call("-l -d ,-"),
    Call("-l -d '*,-'"),
    Call("-l -d ,"),
    # Without a comma, any board in DFU mode.
    Call("-l -d 1234:5678"),
    Call("-l -d 0483:df11,:5678"),
    Call("-l -d 0483:1111,:df11"),
    Call("-l -d '0483:df11,1234:*'"),
    Call("-l --device ,1234:5678"),
    Call("-l --device=,0x483:DF11"),
    Call("-l -n {devnum}"),
    Call("-l -n99"),
    Call("-l -p {path}"),
    Call("-l --path=1-9"),
    Call("-l --cfg=0"),
    Call("-l --configuration 0x2"),
    Call("-l --inter 1"),
    Call("-la3"),
    Call("-l --alt=0x2"),
    Call("-l -a '@Option Bytes  /0x1FFFC000/01*016 e'"),
    Call("-l -a nope"),
    Call("-l --serial x"),
    Call(f"-l -S x,{_SERIAL}"),
    Call(f"-l -S {_SERIAL},x"),
    Call(f"-l -S {_SERIAL},"),
    # Of what to do, the last counts.
    Call("-D missing.bin -l"),
    Call("-V -l"),
    Call(f"-l -R -w -E0 -t64 -Z1 -n{{devnum}} -p{{path}} -c1 -i0 -a0 -S{_SERIAL} -d0483:df11"),
    # None of these comes as far as a board.
    Call("-D app.bin -s 0x08000000", 74),
    Call("-U up.bin", 74),
    Call("-e", 74),
    Call("-a 0 -S wrong -s 0x08000000 -D app.bin", 74),
    Call("-a 0 -d ,1234:5678 -s 0x08000000 -D app.bin", 74),
)
LIST = Bench((f"f405,serial={_SERIAL}",), _LIST, meet=Meet.AT_ONCE)

_REFUSED = (
    Call("-a 0 -s nonsense -D app.bin", 64),
    Call("-a 0 -s 08000000 -D app.bin", 64),
    Call("-a 0 -s 0x08000000:mass-erase -D app.bin", 64),
    Call("-a 0 -s :unprotect", 64),
    Call("-a 0 -D app.bin", 64),
    Call("-a 0 -s 0x20000000 -D data.bin", 64, unlike=("Downloading",), why=TOO_FAR),
    Call("-a 0 -s 0x08000000 -D app.dfu", 64, refused(64, "what the file is, is known before a board is opened")),
    Call("-a 0 -D other.dfu -d 0483:df11", 64),
    Call("-a 0 -U there.bin -s 0x08000000:100", 73),
)
REFUSED = Bench(("f072,serial=A",), _REFUSED, meet=Meet.ALL, content=FULL)

_DOWNLOADS = (
    Call("--alt=0 --dfuse-address=0x08000000:leave --down app.bin", leaves=True),
    Call("-D- -s0x08000000 -w -a0", stdin="app.bin"),
    Call("-D app.dfu", unlike=("Setting Alternate Interface #1 ...",), why="only what is in the file is chosen"),
    Call("-a 0 -D app.dfu -s :leave", leaves=True),
    Call(
        "-a 0 -D pieces.dfu",
        unlike=("Parsing element 2", "100%", " done."),
        why="all is erased before any of it is written: one bar for both elements, which are told before it",
    ),
    Call("-a 0 -s 134217728 -D suffix.bin"),
    Call("-a 0 -s 0x08000c10 -D data.bin"),
    Call("-a 0 -s 0x08000000 -D big.bin", 64, unlike=("Downloading",), why=TOO_FAR),
    Call("-a 0 -s 0x08000000 -D empty.bin", 64, refused(65, EMPTY)),
    Call("-a '@Internal Flash  /0x08000000/064*0002Kg' -p {path} -n {devnum} -c1 -i0 -s 0x08000000 -D app.bin"),
    Call("-a 0 -t 512 -s 0x08000000 -D app.bin", unlike=("Overriding device",), why=BLOCKS),
    Call(
        "-a 0 -t 8192 -s 0x08000000 -D app.bin",
        74,
        Otherwise(0, TOO_LONG, like="-a 0 -s 0x08000000 -D app.bin"),
        unlike=("Overriding device", "Limited transfer size"),
    ),
    Call("-v -a 0 -s 0x08000000 -D tiny.bin", unlike=("100%", " done.", "Memory segment"), why=DETAILS),
    Call("-a 0 -R -s 0x08000000 -d 1234:5678 -U up.bin -D tiny.bin"),
    Call("-a 0 -R -s 0x08000000:leave -D tiny.bin", (74, 251), LEFT, leaves=True, unlike=("Resetting USB",), why=GONE),
    Call(
        "-a 0 -s 0x08000000:will-reset -D tiny.bin",
        0,
        Otherwise(0, "where it didn't reset, it is left in dfuIDLE", leaves=False),
    ),
)
DOWNLOAD = Bench(("f072,serial=A",), _DOWNLOADS, content=FULL)

_COMMANDS = (
    Call("-s 0x08000000:leave -a0 -R", (74, 251), LEFT, leaves=True, unlike=("Resetting USB",), why=GONE),
    Call("-a 0 -s :force"),
    Call("-a 0 -s 0x08000000:force:mass-erase:leave -D app.bin", leaves=True),
    Call("-a 0 -D app.dfu -s :mass-erase:force"),
    Call(
        "-a 0 -s :unprotect:force",
        0,
        Otherwise(0, "a board that isn't protected keeps what it has", refuses=True, leaves=False),
        leaves=True,
    ),
    Call("-a 0 -e -R"),
)
COMMAND = Bench(("f072,serial=A",), _COMMANDS, content=FULL)

# What stdfu refuses for good reason, and what force makes of it.
_DOUBTFUL = (
    Call("-a 0 -D other.dfu", 0, refused(64, WRONG_IDS)),
    Call("-a 0 -s 0x08000000 -D suffix-other.bin", 0, refused(64, WRONG_IDS)),
    Call("-a 0 -s 0x08000000 -D suffix-damaged.bin", 0, refused(65, DAMAGED)),
    Call("-a 0 -s 0x08000000 -D text.bin", 0, refused(65, "a text is no firmware")),
    Call("-a 0 -s 0x08000000:force -D text.bin"),
)
DOUBTFUL = Bench(("f072,serial=A",), _DOUBTFUL, content=FULL)

# On a blank board: where it is linked for, there is nothing.
_ELSEWHERE = (
    Call("-a 0 -s 0x08000000 -D elsewhere.bin", 0, refused(64, "it is linked for another address")),
    Call("-a 0 -s 0x08000000:force -D elsewhere.bin"),
)
ELSEWHERE = Bench(("f072,serial=A",), _ELSEWHERE)

_UPLOADS = (
    Call("-U up.bin -s0x08000010:0x14:force -a0"),
    Call("-a 0 -s 0x0801f000 --upload=up.bin"),
    Call("-a 0 -Z 100 -U up.bin"),
    Call("-a 0 -s :100 --upload-size 7 --upload up.bin"),
    Call(
        "-a 0 -t 512 -s 0x08000000:1300 -U up.bin",
        0,
        Otherwise(0, BLOCKS, like="-a 0 -s 0x08000000:1300 -U up.bin"),
        unlike=("Overriding device",),
    ),
    Call("-a 1 -s 0x1ffff800:16 -U up.bin"),
    Call("-v -R -a 0 -s 0x08000000:100 -U up.bin", unlike=("Memory segment",), why=DETAILS),
    Call("-a 0 -s 0x08000000:100:leave -U up.bin", leaves=True),
)
UPLOAD = Bench(("f072,serial=A",), _UPLOADS, content=FULL)
