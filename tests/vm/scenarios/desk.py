"""Where dfu-util, and stdfu under its name, meet the same boards with the same calls, and what comes of it."""

import contextlib
import ctypes
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

from lab import CONTROLLER, SYSFS, address, attach, boards, occupied, wait_until
from option_calls import Meet
from option_files import FILES

THEIRS = "/usr/bin/dfu-util"
# Until a call counts as one that never ends, in seconds.
FOR_EVER = 10
NEVER = "it never ends"
# dfuIDLE, and dfuUPLOAD-IDLE: what stdfu has read back, it has not always read to the end, and any host ends that.
AT_REST = (2, 9)
# USBDEVFS_CONTROL (linux/usbdevice_fs.h), and DFU_GETSTATE from interface 0.
CONTROL, GETSTATE = 0xC0185500, (0xA1, 5, 0, 0, 1, 1000)


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


class Desk:
    """Where calls meet boards."""

    def __init__(self, lab, bench):
        self._lab, self._bench = lab, bench
        self._is_shared = bench.meet is not Meet.ANEW
        self._rounds = 1 if self._is_shared else 3 * len(bench.calls)
        specs = []
        for round in range(self._rounds):
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
        if self._bench.meet is Meet.AT_ONCE:
            self._plug_once()
            return self._lab.at_once(lambda tool: self._answer(tool, call, 0), (THEIRS, link))
        answers = [self._answer(tool, call, 3 * number + which) for which, tool in enumerate((THEIRS, link))]
        if call.otherwise and call.otherwise.like:
            like = replace(call, line=call.otherwise.like)
            answers.append(self._answer(THEIRS, like, 3 * number + 2))
        return answers

    def _answer(self, tool, call, number):
        if self._is_shared:
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
        first = 0 if self._is_shared else number * len(self._bench.boards)
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
        if self._is_shared:
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
            out, err = process.communicate(timeout=FOR_EVER if call.exit is None and command[0] == THEIRS else 120)
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
        path = self._lab.folder / self._flash_name(0 if self._is_shared else number, seat)
        # A blank board has none yet.
        return path.read_bytes().rstrip(b"\xff") if path.exists() else b""


def _link(lab):
    """stdfu by the name of dfu-util."""
    link = lab.folder / "bin" / "dfu-util"
    if not link.is_symlink():
        link.parent.mkdir()
        link.symlink_to(lab.stdfu)
    return str(link)


def _ids_and_state(path):
    """What a board is, and its DFU state where it tells."""
    ids = ":".join((SYSFS / path / name).read_text().strip() for name in ("idVendor", "idProduct"))
    state = _state(path)
    return f"{ids} at rest" if state in AT_REST else f"{ids} in state {state}"


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
