"""What the functions return: the program's JSON as dataclasses, whose fields docs/json.md explains."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Mapping, TypeVar

#: What everybody knows in hexadecimal only.
_HEX = {"address": "#010x", "vendor_id": "#06x", "product_id": "#06x"}

_T = TypeVar("_T", bound="Record")


@dataclass(frozen=True, repr=False)
class Record:
    """Something that the program tells. `raw` is the same as JSON, with fields that a newer program may add."""

    def __repr__(self) -> str:
        """Only what is not as ever, so that a prompt stays readable."""
        plain = type(self)()
        shown = [each.name for each in fields(self) if each.repr]
        told = [name for name in shown if getattr(self, name) != getattr(plain, name)]
        return f"{type(self).__name__}({', '.join(f'{name}={_shown(name, getattr(self, name))}' for name in told)})"


def _shown(name: str, value: Any) -> str:
    return format(value, _HEX[name]) if name in _HEX else repr(value)


def from_json(kind: type[_T], told: Mapping[str, Any]) -> _T:
    """Takes what is known here, and leaves the rest to `raw`."""
    known: dict[str, Any] = {"raw": told}
    for each in fields(kind):
        if each.name in told:
            of = each.metadata.get("of")
            value = told[each.name]
            known[each.name] = value if of is None else [from_json(of, one) for one in value]
    return kind(**known)


def board_name(told: Mapping[str, Any]) -> str:
    """A board as the program names it."""
    serial, path = told.get("serial"), told.get("path")
    return f"{serial} at {path}" if serial else f"the board at {path}"


def _raw() -> Any:
    return field(default_factory=dict, repr=False, compare=False)


def _list(of: type[Record] | None = None) -> Any:
    return field(default_factory=list, metadata={} if of is None else {"of": of})


@dataclass(frozen=True, repr=False)
class Segment(Record):
    """Sectors of one size, one after the other."""

    address: int = 0
    sectors: int = 0
    sector_size: int = 0
    readable: bool = False
    erasable: bool = False
    writable: bool = False
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Memory(Record):
    """A memory of a board. `alt` is what the functions take as alt."""

    alt: int = 0
    name: str | None = None
    layout: str | None = None
    segments: list[Segment] = _list(Segment)
    error: str | None = None
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Board(Record):
    """A board in DFU mode. `path` always means exactly this one; `serial` is None where it can't be read."""

    protocol: str = ""
    dfu_version: str | None = None
    chip: str | None = None
    serial: str | None = None
    vendor_id: int = 0
    product_id: int = 0
    path: str = ""
    bus: int = 0
    device: int = 0
    product: str | None = None
    transfer_size: int | None = None
    can_download: bool | None = None
    can_upload: bool | None = None
    manifestation_tolerant: bool | None = None
    will_detach: bool | None = None
    read_protected: bool | None = None
    memories: list[Memory] = _list(Memory)
    error: str | None = None
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Other(Record):
    """A device with a DFU interface that can't be used, why not, and what to do about it."""

    serial: str | None = None
    vendor_id: int = 0
    product_id: int = 0
    path: str = ""
    reason: str = ""
    hint: str | None = None
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Result(Record):
    """What came of a board. `exit` is 0 where all went well; counts are of this time, whatever was there before."""

    serial: str | None = None
    path: str = ""
    exit: int = 0
    error: str | None = None
    hint: str | None = None
    warnings: list[str] = _list()
    erased_sectors: int = 0
    written_bytes: int = 0
    skipped_bytes: int = 0
    #: Of other data in the erased sectors; None where nobody has looked.
    lost_bytes: int | None = None
    preserved_bytes: int = 0
    verified_bytes: int = 0
    #: `verify` only.
    differing_bytes: int | None = None
    requests: int = 0
    retries: int = 0
    #: Whether the application was started.
    left: bool = False
    #: Devices without DfuSe only: it said that it took the firmware, and can't be read.
    accepted: bool | None = None
    started_as: str | None = None
    #: `unprotect` only: whether there was protection to lift.
    unprotected: bool | None = None
    seconds: float = 0.0
    #: `flash` with dry_run=True only: what would be done.
    plan: Mapping[str, Any] | None = None
    #: `read` only, as are those below.
    output: str | None = None
    format: str | None = None
    alt: int | None = None
    ranges: list[Mapping[str, int]] = _list()
    readings: int = 0
    read_bytes: int = 0
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class FileInfo(Record):
    """What is in a firmware file. Where boards were meant, `boards` says of each whether the file fits."""

    file: str = ""
    exit: int = 0
    error: str | None = None
    hint: str | None = None
    format: str | None = None
    size: int | None = None
    sha256: str | None = None
    unpacked_size: int | None = None
    ids: Mapping[str, Any] | None = None
    family: Mapping[str, Any] | None = None
    crc: int | None = None
    prefix: Mapping[str, Any] | None = None
    targets: list[Mapping[str, Any]] = _list()
    warnings: list[str] = _list()
    boards: list[Mapping[str, Any]] = _list()
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Conversion(Record):
    """A firmware file that was written."""

    output: str = ""
    format: str = ""
    size: int = 0
    sha256: str = ""
    #: Of firmware in it.
    bytes: int = 0
    warnings: list[str] = _list()
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Finding(Record):
    """Something that was looked at. `state` is "ok", "note" or "failed"."""

    about: str = ""
    state: str = ""
    message: str = ""
    hint: str | None = None
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Diagnosis(Record):
    """What the program sees. `exit` is 0 where a board can be used and nothing stands in the way."""

    exit: int = 0
    error: Mapping[str, Any] | None = None
    libusb: str | None = None
    system: str = ""
    simulated: bool = False
    findings: list[Finding] = _list(Finding)
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, repr=False)
class Progress(Record):
    """How far the work on a board is.

    `phase` is "compare", "erase", "write", "verify" and others, one after the other, and in the end "end": then `exit`
    says how. `total` is None where nobody knows how long it takes.
    """

    serial: str | None = None
    path: str = ""
    phase: str = ""
    #: Bytes.
    done: int = 0
    #: Bytes.
    total: int | None = None
    #: Whether this is the end of the phase.
    ended: bool = False
    #: How often something went wrong on this board and was tried again, up to now.
    retries: int = 0
    #: In phase "end" only: 0, or the exit code of what went wrong.
    exit: int | None = None
    raw: Mapping[str, Any] = _raw()
