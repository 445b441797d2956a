"""Keyword arguments and files → the program's command line."""

from __future__ import annotations

import operator
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Iterator, Mapping, Sequence, Union, cast

#: Firmware: the path of a file, or what would be in it.
Firmware = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]
#: "0x08000000+128K", "0x08000000..0x08020000", an address for the sector it is in, or a Python range.
Range = Union[str, int, range]

#: Text that may look like a number, and must not be taken for one: zeros in front would be lost.
_TEXT = ("serial", "path", "id", "sim", "port")
#: All that needs a value: True is none, though Python takes it for a number.
_VALUED = (
    *_TEXT,
    *("address", "alt", "count", "entry", "format", "output", "prefix", "range", "record", "timeout", "to"),
)
#: What may have one.
_EITHER = ("wait", "enter_dfu")


def options(given: Mapping[str, Any]) -> list[str]:
    """`must_verify=True` is --must-verify, `address=4096` is --address=4096; None and False are left out.

    Each of a list is an option of its own.
    """
    return [
        f"--{name.replace('_', '-')}{_value(name, value)}"
        for name, values in given.items()
        if values is not None and values is not False
        for value in _each(name, values)
    ]


def _each(name: str, values: Any) -> Sequence[Any]:
    if not isinstance(values, (list, tuple)):
        return [values]
    if not values:
        # Without the option any board would do, where none was meant.
        raise ValueError(f"{name} is an empty list")
    return cast(Sequence[Any], values)


def _value(name: str, value: Any) -> str:
    if value is True and name not in _VALUED:
        return ""
    if name not in (*_VALUED, *_EITHER):
        raise TypeError(f"{name} has to be True or False: {value!r}")
    if isinstance(value, (str, os.PathLike)):
        return f"={os.fspath(value)}"
    if isinstance(value, (int, float)) and not isinstance(value, bool) and name not in _TEXT:
        return f"={value}"
    kind = type(value).__name__
    raise TypeError(f"{name} has to be text, and not {kind}" if name in _TEXT else f"{name} can't be a {kind}")


def ranges(given: Range | Sequence[Range]) -> list[str]:
    """One or several, as the program takes them."""
    return [_range(one) for one in ([given] if isinstance(given, (str, int, range)) else given)]


def _range(given: Range) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, range):
        if given.step != 1:
            raise ValueError(f"{given!r} has gaps")
        if given.start < 0:
            raise ValueError(f"{given!r} begins below 0")
        return f"{given.start:#010x}..{given.stop:#010x}"
    if isinstance(given, bool):
        raise TypeError(f"a range can't be {given!r}")
    return f"{operator.index(given):#010x}"


@contextmanager
def files(given: Sequence[Firmware]) -> Iterator[list[str]]:
    """Their paths. What is given as bytes is in a file while the context lasts: stdin has another use."""
    with ExitStack() as stack:
        yield [_path_of(one, stack) for one in given]


def _path_of(given: Firmware, stack: ExitStack) -> str:
    if not isinstance(given, (bytes, bytearray, memoryview)):
        return as_path(given)
    if isinstance(given, bytes) and os.path.exists(given):
        # Taken for firmware, it would be flashed byte for byte.
        raise TypeError(f"the path of a file has to be text, and not bytes: {os.fsdecode(given)!r}")
    file = Path(stack.enter_context(TemporaryDirectory(prefix="stdfu-"))) / "firmware"
    file.write_bytes(given)
    return str(file)


def as_path(file: str | os.PathLike[str]) -> str:
    """A file as an argument, whatever it is called."""
    path = os.fspath(file)
    # To the program, this alone would be stdin or stdout.
    return os.path.join(os.curdir, "-") if path == "-" else path
