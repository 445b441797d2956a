"""What the option table is made of: calls, the boards that they meet, and reasons to answer otherwise than dfu-util."""

from dataclasses import dataclass
from enum import Enum


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


class Meet(Enum):
    """How calls meet boards."""

    # Each meets fresh ones, once with each tool.
    ANEW = "anew"
    # All meet the same, since none changes anything.
    ALL = "all"
    # And none does more than look: both tools may at the same time.
    AT_ONCE = "at once"


@dataclass(frozen=True)
class Bench:
    """Boards, and calls that meet them."""

    boards: tuple[str, ...]
    calls: tuple[Call, ...]
    meet: Meet = Meet.ANEW
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
ON_STDERR = "what failed is told on stderr"
BLOCKS = "a DfuSe board counts addresses in blocks of its own size, which is the only right one"
TOO_LONG = "a block is never longer than the board takes"
LEFT = Otherwise(0, "it went well: dfu-util asks the board that has left for something, and calls that an error")
