"""A function for each command of the program, with its options as keyword arguments."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Sequence

from ._arguments import Firmware, Range, as_path, files, options, ranges
from ._errors import NoBoard, check
from ._results import Board, Conversion, Diagnosis, FileInfo, Other, Result, board_name, from_json
from ._run import Document, OnProgress, run


def boards(
    *,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Board]:
    """The boards in DFU mode, and their memories: an empty list where there is none. `others` may say why.

    With verbose=1, each board's read_protected is told, too.
    """
    return [from_json(Board, board) for board in _list(locals()).get("boards", [])]


def others(
    *,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Other]:
    """The devices with a DFU interface that can't be used now, why, and what to do about it."""
    return [from_json(Other, other) for other in _list(locals()).get("others", [])]


def serial(
    *,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> str:
    """The serial number of the board that is meant."""
    document = _run("serial", locals())
    check(document)
    return str(document["serial"])


def flash(
    *firmware: Firmware,
    address: int | str | None = None,
    format: str | None = None,
    alt: int | str | None = None,
    full: bool = False,
    if_different: bool = False,
    in_order: bool = False,
    preserve: bool = False,
    no_verify: bool = False,
    must_verify: bool = False,
    mass_erase: bool = False,
    stay: bool = False,
    enter_dfu: bool | str = False,
    port: str | None = None,
    entry: int | str | None = None,
    any_id: bool = False,
    only_fitting: bool = False,
    as_is: bool = False,
    strict: bool = False,
    yes: bool = False,
    dry_run: bool = False,
    progress: OnProgress = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Result]:
    """Programs firmware, checks it, and starts it. Only what differs is erased and written, and all of it is read back.

    address       where a raw binary belongs
    format        "bin", "dfu", "hex", "elf", "srec" or "uf2", when the content misleads
    alt           the memory, by number or name
    full          erase and write everything, even what is already there
    if_different  plain DFU: read first, and skip what is already there, as is always done with DfuSe
    in_order      write everything, from the first block to the last
    preserve      keep other data in the sectors of the firmware
    no_verify     don't read back and compare
    must_verify   refuse a board that can't be read back
    mass_erase    erase all of the memory first
    stay          stay in DFU mode: don't start the application
    enter_dfu     put a running application into DFU mode first: True, "detach", "touch" or "micropython"
    port          the application's serial port, for enter_dfu
    entry         start the application at this address
    any_id        flash even a file for a device with other ids
    only_fitting  flash only what the board has a memory for
    as_is         flash even a raw file that looks linked for another address
    strict        refuse a file that can't start
    yes           do what can't be undone, such as writing option bytes
    dry_run       change nothing: each result has a plan of what would be done

    `help(stdfu)` says how to choose a board.
    """
    return _work("flash", locals())


def verify(
    *firmware: Firmware,
    address: int | str | None = None,
    format: str | None = None,
    alt: int | str | None = None,
    only_fitting: bool = False,
    any_id: bool = False,
    enter_dfu: bool | str = False,
    port: str | None = None,
    progress: OnProgress = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Result]:
    """Compares firmware with what is in flash, and changes nothing. Differs is raised where they differ.

    The arguments are those of `flash`.
    """
    return _work("verify", locals())


def erase(
    *ranges: Range,
    all: bool = False,
    alt: int | str | None = None,
    yes: bool = False,
    enter_dfu: bool | str = False,
    port: str | None = None,
    progress: OnProgress = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Result]:
    """Erases exactly the sectors of the ranges, or with all=True all of the memory.

    A range is "0x08020000+128K", range(0x08020000, 0x08040000), or an address for the sector it is in.

    alt        the memory, by number or name
    enter_dfu  put a running application into DFU mode first, as with `flash`
    port       the application's serial port, for enter_dfu
    yes        do what can't be undone
    """
    return _work("erase", locals())


def read(
    out: str | os.PathLike[str],
    *ranges: Range,
    alt: int | str | None = None,
    format: str | None = None,
    twice: bool = False,
    force: bool = False,
    enter_dfu: bool | str = False,
    port: str | None = None,
    progress: OnProgress = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> Result:
    """Reads flash of one board into a file: the ranges, or all of the memory.

    alt        the memory, by number or name
    format     "bin", "dfu", "hex" or "srec", whatever the file is called
    twice      read everything twice, and compare
    force      overwrite the file if it exists
    enter_dfu  put a running application into DFU mode first, as with `flash`
    port       the application's serial port, for enter_dfu
    """
    return _work("read", locals())[0]


def read_bytes(
    *ranges: Range,
    alt: int | str | None = None,
    twice: bool = False,
    enter_dfu: bool | str = False,
    port: str | None = None,
    progress: OnProgress = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> bytes:
    """Reads flash of one board: from the first address of the ranges to the last, or all of the memory.

    alt        the memory, by number or name
    twice      read everything twice, and compare
    enter_dfu  put a running application into DFU mode first, as with `flash`
    port       the application's serial port, for enter_dfu
    """
    given = locals()
    with TemporaryDirectory(prefix="stdfu-") as directory:
        out = Path(directory) / "flash.bin"
        _work("read", {**given, "out": out})
        return out.read_bytes()


def leave(
    address: int | str | None = None,
    *,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Result]:
    """Starts the application: that of main flash, or the one with its vector table at this address."""
    given = locals()
    given["ranges"] = [] if address is None else [address]
    del given["address"]
    return _work("leave", given)


def unprotect(
    *,
    yes: bool = False,
    progress: OnProgress = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Result]:
    """Lifts read protection, which erases ALL of the chip. It takes yes=True."""
    return _work("unprotect", locals())


def detach(
    *,
    enter_dfu: bool | str = False,
    port: str | None = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[Result]:
    """Puts a running application into DFU mode, and waits until the board is back.

    enter_dfu  how: "detach", "touch" or "micropython"
    port       the application's serial port
    """
    return _work("detach", locals())


def info(
    *firmware: Firmware,
    address: int | str | None = None,
    format: str | None = None,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> list[FileInfo]:
    """What is in firmware files. With an option that chooses a board, also whether `flash` would take each file.

    address  where a raw binary belongs
    format   "bin", "dfu", "hex", "elf", "srec" or "uf2", when the content misleads
    """
    document = _run("info", locals())
    found = [from_json(FileInfo, file) for file in document.get("files", [])]
    # What is wrong with a file begins with its name.
    check(document, "files", [("", file) for file in found])
    return found


def convert(
    *firmware: Firmware,
    output: str | os.PathLike[str],
    to: str | None = None,
    alt: str | Sequence[str] | None = None,
    id: str | None = None,
    range: Range | Sequence[Range] | None = None,
    plain: bool = False,
    prefix: str | None = None,
    address: int | str | None = None,
    format: str | None = None,
    force: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> Conversion:
    """Writes firmware in another format, or several files as one.

    output   the file to write, whose name tells the format
    to       "bin", "dfu", "hex" or "srec", whatever the name
    alt      "N:FILE", a file for the memory with this number; a list for several
    id       the ids of the boards that a .dfu file is for
    range    only what lies in this range; a list for several
    plain    make a file for a board that speaks plain DFU
    prefix   "lpc", or "stellaris=ADDRESS"
    address  where a raw binary belongs
    format   the format of the firmware, when its content misleads
    force    overwrite the output if it exists
    """
    given = locals()
    given["output"] = as_path(output)
    given["range"] = None if range is None else ranges(range)
    document = _run("convert", given)
    check(document)
    return from_json(Conversion, document)


def doctor(
    *,
    serial: str | Sequence[str] | None = None,
    path: str | Sequence[str] | None = None,
    id: str | None = None,
    every: bool = False,
    count: int | None = None,
    wait: bool | float = False,
    sim: str | Sequence[str] | None = None,
    record: str | os.PathLike[str] | None = None,
    record_without_data: bool = False,
    timeout: float | None = None,
    verbose: int = 0,
) -> Diagnosis:
    """What the program sees, and what stands in its way. What is wrong is told, and not raised."""
    document = _run("doctor", locals())
    if "findings" not in document:
        check(document)
    return from_json(Diagnosis, document)


def _list(given: dict[str, Any]) -> Document:
    document = _run("list", given)
    try:
        check(document)
    except NoBoard:
        # That is an answer, too.
        pass
    return document


def _work(command: str, given: dict[str, Any]) -> list[Result]:
    """Has something done with boards, and raises what went wrong with any of them."""
    document = _run(command, given)
    results = [from_json(Result, board) for board in document.get("boards", [])]
    check(document, "boards", [(board_name(result.raw), result) for result in results])
    return results


def _run(command: str, given: dict[str, Any]) -> Document:
    """Runs a command with a function's own arguments: what is an option there is one here, by the same name."""
    given = dict(given)
    progress = given.pop("progress", None)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress has to be a function, and not {progress!r}")
    details = ["-v"] * (given.pop("verbose") or 0)
    out = [as_path(given.pop("out"))] if "out" in given else []
    named = ranges(given.pop("ranges", []))
    with files(given.pop("firmware", [])) as firmware:
        return run(command, [*details, *options(given), "--", *out, *firmware, *named], progress)
