"""Flashes STM32 boards and other devices in DFU mode over USB, and checks what it wrote.

    import stdfu

    for board in stdfu.boards():
        print(board.serial, board.path, board.chip)

    stdfu.flash("firmware.dfu", serial="336133663433")

A function stands for a command of the program `stdfu`, and takes its options as keyword arguments: --must-verify is
must_verify=True, --address 0x08000000 is address=0x08000000. The program does the work; this module has no USB code.

Which board: with several boards in DFU mode and no choice, SeveralBoards is raised and none is touched.

    serial      the board with this serial number; a list for several boards
    path        the board plugged in here, such as "1-1.4"; a list for several boards
    id          boards with these ids, such as "0483:df11"
    every       True: all boards that match, at the same time
    count       with every: at least this many, else none is touched
    wait        until it appears: True for as long as it takes, or a number of seconds
    sim         simulated boards instead of USB, such as "f405"; a list for several
    record      a file that all that is said with boards is recorded in, for Wireshark and bug reports
    record_without_data  True: without the bytes of the firmware
    timeout     give up after this many seconds, in good order
    verbose     1: what is decided is logged; 2: every USB request, too

Firmware is the path of a file, or bytes. Addresses and sizes are in bytes.

What goes wrong is raised: a StdfuError, or the class of it that says what it was. It has exit_code, message, hint, and
results, with what came of each board.

A function given as progress is called with a Progress whenever work goes on. Everything else that the program says on
its way is logged under the name "stdfu". Ctrl-C, and any exception in that function, stop the program in good order
before they are raised.
"""

from ._commands import (
    boards,
    convert,
    detach,
    doctor,
    erase,
    flash,
    info,
    leave,
    others,
    read,
    read_bytes,
    serial,
    unprotect,
    verify,
)
from ._errors import (
    BadFile,
    BoardFailed,
    Differs,
    DoesNotFit,
    Interrupted,
    NoAccess,
    NoBoard,
    ProgramMissing,
    ReadProtected,
    SeveralBoards,
    StdfuError,
    UsageError,
)
from ._program import program
from ._results import Board, Conversion, Diagnosis, FileInfo, Finding, Memory, Other, Progress, Result, Segment

__all__ = [
    "BadFile",
    "Board",
    "BoardFailed",
    "Conversion",
    "Diagnosis",
    "Differs",
    "DoesNotFit",
    "FileInfo",
    "Finding",
    "Interrupted",
    "Memory",
    "NoAccess",
    "NoBoard",
    "Other",
    "ProgramMissing",
    "Progress",
    "ReadProtected",
    "Result",
    "Segment",
    "SeveralBoards",
    "StdfuError",
    "UsageError",
    "boards",
    "convert",
    "detach",
    "doctor",
    "erase",
    "flash",
    "info",
    "leave",
    "others",
    "program",
    "read",
    "read_bytes",
    "serial",
    "unprotect",
    "verify",
]

# A traceback names them as everybody does.
for _name in __all__:
    if _name[0].isupper() and issubclass(globals()[_name], StdfuError):
        globals()[_name].__module__ = __name__
