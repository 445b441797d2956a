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
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import option_table as table
import udev
from lab import CONTROLLER, SYSFS, address, attach, boards, occupied, wait_until
from option_files import FILES
from option_table import Otherwise

THEIRS = "/usr/bin/dfu-util"
# Until a call counts as one that never ends.
FOR_EVER = 10
NEVER = "it never ends"
# What a script doesn't look for: who says it, how far it is on the way, and what a board says of its state, for which the two
# don't ask equally often.
UNHEARD = re.compile(r"libusb version |Deducing device DFU version|Clearing status|Determining device status|DFU state\(|Aborting previous incomplete transfer|$")
BAR = re.compile(r"(\w+ *)\t\[[= ]{25}\] +(\d+)% +\d+ bytes")
BANNER = "dfu-util 0.11"
SUCCESS = re.compile(r"(Download|Upload) done\.|File downloaded successfully|Done parsing|Done!|Submitting leave")
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


def calls_for_zephyr_and_dapboot(lab):
    _judge(lab, *table.ZEPHYR_AND_DAPBOOT)


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
    # Of each board, up to where it is blank.
    flash: list[bytes]
    # The boards that are there afterwards: their ids and states.
    boards: list[str]


def _judge(lab, *benches):
    """Makes each call with both tools, and tells all that differs."""
    wrong = []
    for bench in benches:
        desk = Desk(lab, bench)
        for number, call in enumerate(bench.calls):
            found = _differences(call, desk.answers(call, number), desk.before)
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
        self.rounds = 1 if bench.shared else 3 * len(bench.calls)
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
        self.before = [(bench.content or b"").rstrip(b"\xff") for _ in bench.boards]
        self._paths = None

    def close(self):
        _unplug()
        if self._server:
            self._server.stop()

    def answers(self, call, number):
        """What comes of a call with dfu-util and with stdfu, and what should, if that is another. Its number is another for
        each."""
        link = _link(self._lab)
        if self._bench.only_looks:
            self._plug_once()
            return self._lab.at_once(lambda tool: self._answer(tool, call, 0), (THEIRS, link))
        answers = [self._answer(tool, call, 3 * number + which) for which, tool in enumerate((THEIRS, link))]
        if call.otherwise and call.otherwise.like:
            like = replace(call, line=call.otherwise.like)
            answers.append(self._answer(THEIRS, like, 3 * number + 2))
        return answers

    def _answer(self, tool, call, number):
        if self._bench.shared:
            self._plug_once()
        else:
            self._plug(number)
        folder = Path(tempfile.mkdtemp(dir=self._lab.folder))
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
        # A blank board has none yet.
        return path.read_bytes().rstrip(b"\xff") if path.exists() else b""


def _differences(call, answers, before):
    """What differs of dfu-util's answer, stdfu's and, where it is another, the one that stdfu's should be like."""
    theirs, ours, *like = answers
    expected = call.exit if isinstance(call.exit, tuple) else (NEVER if call.exit is None else call.exit,)
    if theirs.exit not in expected:
        yield f"dfu-util itself ends with {theirs.exit}, and not with {expected}: the table isn't true"
    yield from _against_each_other(call, like[0] if like else theirs, ours, before)


def _against_each_other(call, theirs, ours, before):
    otherwise = call.otherwise or Otherwise(theirs.exit, "as dfu-util")
    if ours.exit != otherwise.exit:
        said = ours.err.strip().splitlines()
        yield f"exit status {ours.exit}, not {otherwise.exit} ({otherwise.why}); it says {said[-1] if said else 'nothing'!r}"
    if ours.exit != 0 and SUCCESS.search(ours.out):
        yield f"it fails, and says {SUCCESS.search(ours.out)[0]!r}"
    if ours.out and not ours.out.startswith(BANNER):
        yield f"it begins with {ours.out[:20]!r}"
    if otherwise.fails:
        return
    flash, files = (before, {}) if otherwise.refuses else (theirs.flash, theirs.files)
    if differing := [_first_differences(*pair) for pair in zip(flash, ours.flash) if pair[0] != pair[1]]:
        yield f"flash differs: {differing}"
    if ours.files != files:
        yield f"files are {_sizes(ours.files)}, not {_sizes(files)}, or have other content"
    if otherwise.refuses:
        return
    # After an error dfu-util leaves the board in that.
    same = _without_states if theirs.exit else list
    if otherwise.leaves is None and same(ours.boards) != same(theirs.boards):
        yield f"afterwards there is {ours.boards}, not {theirs.boards}"
    yield from _lines_that_differ(call, theirs.out, ours.out)


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
        if not UNHEARD.match(line) and not any(part in line for part in call.unlike):
            # Plugged in anew, it has another.
            found.append(re.sub(r"devnum=\d+", "devnum=…", line))
    return found


def _first_differences(expected, found):
    """Where they begin."""
    blocks = range(0, max(len(expected), len(found)), 256)
    return [hex(at) for at in blocks if expected[at : at + 256] != found[at : at + 256]][:4]


def _without_states(boards):
    return [board.split()[0] for board in boards]


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
