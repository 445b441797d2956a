"""Debian's dfu-util and a link called dfu-util that is stdfu, call by call on the same boards: the same lines, the same flash,
the same files, the same exit status, except where the option table says otherwise and why."""

import contextlib
import ctypes
import difflib
import fcntl
import os
import re
import shlex
import struct
import subprocess
import threading
import time
from dataclasses import dataclass

import option_table as table
import udev
from lab import CONTROLLER, SYSFS, address, attach, boards, occupied, wait_until
from option_files import FILES

THEIRS = "/usr/bin/dfu-util"
# Until a call counts as one that never ends.
FOR_EVER = 10
NEVER = "it never ends"
# What a script doesn't look for: who says it, how far it is on the way, and what a board says of its state, for which the two
# don't ask equally often.
UNHEARD = re.compile(r"libusb version |Determining device status|DFU state\(|Aborting previous incomplete transfer|$")
BAR = re.compile(r"(\w+ *)\t\[[= ]{25}\] +(\d+)% +\d+ bytes")
BANNER = "dfu-util 0.11"
# USBDEVFS_CONTROL (linux/usbdevice_fs.h), and DFU_GETSTATE from interface 0.
CONTROL, GETSTATE = 0xC0185500, (0xA1, 5, 0, 0, 1, 1000)


def calls_without_a_board(lab):
    _judge(lab, table.NO_BOARD)


def calls_that_list(lab):
    _judge(lab, table.LIST)


def calls_that_are_refused(lab):
    _judge(lab, table.REFUSED)


def downloads(lab):
    _judge(lab, table.DOWNLOAD)


def commands_and_downloads_that_one_refuses(lab):
    _judge(lab, table.COMMAND, table.DOUBTFUL)


def uploads(lab):
    _judge(lab, table.UPLOAD)


def calls_for_boards_without_dfuse(lab):
    _judge(lab, *table.PLAIN)


def calls_for_applications(lab):
    with udev.running(lab):
        _judge(lab, *table.APPLICATION)


def calls_where_there_are_several_boards(lab):
    _judge(lab, *table.SEVERAL)


def calls_for_boards_that_misbehave(lab):
    _judge(lab, *table.TROUBLE)


@dataclass
class Answer:
    """What came of a call."""

    exit: int | str
    out: str
    err: str
    # The files it made or changed.
    files: dict[str, bytes]
    flash: list[bytes]
    # The boards that are there afterwards: their ids and states.
    boards: list[str]


def _judge(lab, *benches):
    """Makes each call with both tools, and tells all that differs."""
    wrong = []
    for bench in benches:
        desk = Desk(lab, bench)
        for number, call in enumerate(bench.calls):
            theirs, ours = desk.answers(call, number)
            found = [*_against_table(call, theirs), *_against_each_other(call, theirs, ours, desk.before)]
            wrong += [f"{', '.join(bench.boards) or 'no board'}: dfu-util {call.line}: {line}" for line in found]
        desk.close()
    assert not wrong, "\n".join([f"{len(wrong)} answers differ", *wrong])


def _link(lab):
    """stdfu by the name of dfu-util."""
    link = lab.folder / "bin" / "dfu-util"
    if not link.is_symlink():
        link.parent.mkdir()
        link.symlink_to(lab.stdfu)
    return str(link)


class Desk:
    """Where calls meet boards."""

    def __init__(self, lab, bench):
        self._lab, self._bench = lab, bench
        self.rounds = 1 if bench.shared else 2 * len(bench.calls)
        specs = []
        for round in range(self.rounds):
            for seat, spec in enumerate(bench.boards):
                name = self._flash_name(round, seat)
                specs.append(f"{spec},flash={name}")
                if bench.content is not None:
                    lab.file(name, bench.content)
                else:
                    (lab.folder / name).unlink(missing_ok=True)
        self._server = lab.serve(*specs) if specs else None
        self.before = [bench.content for _ in bench.boards]
        self._paths = None

    def close(self):
        _unplug()
        if self._server:
            self._server.stop()

    def answers(self, call, number):
        """What comes of a call with dfu-util, and with stdfu; its number is another for each."""
        tools = (THEIRS, _link(self._lab))
        numbers = (2 * number, 2 * number + 1)
        if self._bench.only_looks:
            self._plug_once()
            return self._lab.at_once(lambda tool, number: self._answer(tool, call, number), tools, numbers)
        return [self._answer(tool, call, number) for tool, number in zip(tools, numbers)]

    def _answer(self, tool, call, number):
        if self._bench.shared:
            self._plug_once()
        else:
            self._plug(number)
        folder = self._lab.folder / f"work-{number}"
        folder.mkdir()
        words = self._words(call)
        for name, content in FILES.items():
            if name in (*words, call.stdin) or any(word.endswith(name) for word in words):
                (folder / name).write_bytes(content)
        with self._cable(number):
            exit, out, err = self._run(folder, [tool, *words], call)
            files = {path.name: path.read_bytes() for path in folder.iterdir()}
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
            otherwise = call.otherwise if tool != THEIRS else None
            leaves = call.leaves if otherwise is None or otherwise.leaves is None else otherwise.leaves
            after = self._wait_for_boards(leaves)
        flash = [self._flash(number, seat) for seat in range(len(self._bench.boards))]
        return Answer(exit, out, err, {n: b for n, b in files.items() if FILES.get(n) != b}, flash, after)

    def _plug_once(self):
        if self._paths is None:
            self._plug(0)

    def _plug(self, number):
        _unplug()
        first = 0 if self._bench.shared else number * len(self._bench.boards)
        self._paths = []
        for seat in range(len(self._bench.boards)):
            before = set(boards())
            attach(f"1-{first + seat + 1}", seat)
            wait_until(lambda: set(boards()) - before, f"board {first + seat + 1} is there")
            self._paths += set(boards()) - before

    @contextlib.contextmanager
    def _cable(self, number):
        if not self._bench.cable:
            yield
            return
        stop = threading.Event()

        def replug():
            while not stop.wait(0.05):
                if 0 not in occupied():
                    attach(f"1-{number + 1}", 0)

        cable = threading.Thread(target=replug)
        cable.start()
        try:
            yield
        finally:
            stop.set()
            cable.join()

    def _wait_for_boards(self, leaves):
        """The boards that are there in the end; one is gone where it leaves."""
        if self._bench.shared:
            return boards()
        with contextlib.suppress(AssertionError):
            wait_until(lambda: (len(boards()) < len(self._bench.boards)) == leaves, "as many boards as expected", 3)
        return [_ids_and_state(path) for path in boards()]

    def _words(self, call):
        line = call.line
        if self._paths:
            line = line.replace("{path}", self._paths[0]).replace("{devnum}", str(address(self._paths[0])[1]))
        return shlex.split(line)

    def _run(self, folder, command, call):
        started = time.monotonic()
        stdin = open(folder / call.stdin, "rb") if call.stdin else open(os.devnull, "rb")
        with stdin:
            process = subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder
            )
        try:
            out, err = process.communicate(timeout=FOR_EVER if call.exit is None else 120)
            exit = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            exit = NEVER
        out, err = out.decode(errors="replace"), err.decode(errors="replace")
        log = [f"$ {shlex.join(command)}" + (f" < {call.stdin}" if call.stdin else "")]
        for name, text in (("out", out), ("err", err)):
            log += [f"  {name}| {line}" for line in re.split(r"[\r\n]+", text) if line]
        print("\n".join((*log, f"  exit {exit} after {time.monotonic() - started:.1f} s")))
        return exit, out, err

    def _flash_name(self, round, seat):
        return f"flash-{round}-{seat}.bin"

    def _flash(self, number, seat):
        path = self._lab.folder / self._flash_name(0 if self._bench.shared else number, seat)
        return path.read_bytes() if path.exists() else None


def _against_table(call, theirs):
    """Where dfu-util itself answers otherwise than the table says: then it's no longer true."""
    expected = NEVER if call.exit is None else call.exit
    if theirs.exit != expected:
        yield f"dfu-util itself ends with {theirs.exit}, not with {expected}"


def _against_each_other(call, theirs, ours, before):
    """What differs."""
    otherwise = call.otherwise
    expected = theirs.exit if otherwise is None else otherwise.exit
    if ours.exit != expected:
        why = f" ({otherwise.why})" if otherwise else ""
        said = ours.err.strip().splitlines()
        yield f"exit status {ours.exit}, not {expected}{why}; it says {said[-1] if said else 'nothing'!r}"
    refuses = otherwise is not None and otherwise.refuses
    flash, files = (before, {}) if refuses else (theirs.flash, theirs.files)
    if ours.flash != flash:
        yield f"flash differs: {_parts(flash, ours.flash)}"
    if ours.files != files:
        yield f"files are {_sizes(ours.files)}, not {_sizes(files)}"
    if otherwise is None or otherwise.leaves is None:
        if ours.boards != theirs.boards and not refuses:
            yield f"afterwards there is {ours.boards}, not {theirs.boards}"
    if not refuses:
        yield from _lines_that_differ(call, theirs.out, ours.out)
    if ours.out and not ours.out.startswith(BANNER):
        yield f"it begins with {ours.out[:20]!r}"


def _lines_that_differ(call, theirs, ours):
    theirs, ours = _heard(theirs, call), _heard(ours, call)
    for line in difflib.ndiff(theirs, ours):
        if line[0] == "-":
            yield f"it doesn't say {line[2:]!r}"
        elif line[0] == "+":
            yield f"it says {line[2:]!r}, which dfu-util doesn't"


def _heard(out, call):
    """The lines that scripts look for: what follows the banner, and of the bars those that are full."""
    if out.startswith(BANNER):
        out = out.split("\n\n", 2)[-1]
    found = []
    for line in re.split(r"[\r\n]+", out):
        bar = BAR.match(line)
        if bar and bar[2] != "100":
            line = line[bar.end() :]
        if not UNHEARD.match(line) and not any(part in line for part in call.unlike or ()):
            # Plugged in anew, it has another.
            found.append(re.sub(r"devnum=\d+", "devnum=…", line))
    return found


def _parts(expected, found):
    """Where flash differs, board by board."""
    return [
        "nothing"
        if a == b
        else f"{None if b is None else len(b)} bytes, {[hex(at) for at in range(0, len(a or b''), 256) if a[at:at + 256] != (b or b'')[at:at + 256]][:4]}"
        for a, b in zip(expected, found)
    ]


def _sizes(files):
    return {name: len(content) for name, content in files.items()}


def _ids_and_state(path):
    """What a board is, and its DFU state where it tells."""
    ids = ":".join((SYSFS / path / name).read_text().strip() for name in ("idVendor", "idProduct"))
    return f"{ids} in state {_state(path)}"


def _state(path):
    """A board's DFU state by its own word; `None` where it doesn't say."""
    answer = ctypes.create_string_buffer(1)
    request = struct.pack("@BBHHHIP", *GETSTATE, ctypes.addressof(answer))
    with contextlib.suppress(OSError), open("/dev/bus/usb/{:03}/{:03}".format(*address(path)), "rb+", 0) as node:
        fcntl.ioctl(node, CONTROL, request)
        return answer.raw[0]
    return None


def _unplug():
    for port in occupied():
        with contextlib.suppress(OSError):
            (CONTROLLER / "detach").write_text(str(port))
    wait_until(lambda: not (boards() or occupied()), "the kernel lets go of the boards")
