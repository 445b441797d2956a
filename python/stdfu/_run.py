"""Runs the program: hears what it says on its way, stops it in good order, and takes its one JSON document."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import threading
import time
import weakref
from typing import IO, Any, Callable, Iterator, Mapping, Optional

from ._errors import ProgramMissing, StdfuError
from ._program import program
from ._results import Progress, board_name, from_json

Document = Mapping[str, Any]
OnProgress = Optional[Callable[[Progress], object]]

_LOG = logging.getLogger("stdfu")
_LEVELS = {"warning": logging.WARNING, "retry": logging.WARNING, "note": logging.INFO, "detail": logging.DEBUG}
#: How often to look whether the program still runs, in seconds. Windows lets nobody interrupt a longer wait.
_LOOK = 0.2
#: Two Ctrl-C as close as this, in seconds, are one: some programs send it to a process and to its group.
_ONE_REQUEST = 0.15
#: How long pipes of a program that has ended may still have something to say, in seconds.
_REST = 5.0
#: All programs that run.
_RUNNING: weakref.WeakSet[_Running] = weakref.WeakSet()
#: On Windows, a program that starts while another one is started would hold its pipes open.
_STARTING = threading.Lock()


def run(command: str, arguments: list[str], progress: OnProgress = None) -> Document:
    """What a command answers, whether it did what it should or not.

    Whatever is raised meanwhile, by Ctrl-C or by `progress`: the program has ended in good order before it goes on.
    """
    running = _Running()
    try:
        running.start([program(), command, "--json", "--progress=json", "--stop-on-eof", *arguments])
        running.heed(progress)
    except BaseException:
        running.stop()
        raise
    return running.document()


class _Running:
    """A program that runs.

    It has a pipe as its stdin, and ends in good order when that is closed: by `stop`, or by the system when nothing is
    left of this process.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answer = b""
        self._unstructured: list[str] = []

    def start(self, command: list[str]) -> None:
        self._command = command
        pipe = subprocess.PIPE
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            with _STARTING:
                self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, creationflags=flags)
            _RUNNING.add(self)
        except OSError as error:
            raise ProgramMissing(f"{command[0]} can't be started: {error.strerror or error}") from error
        # Whoever listens, and however slowly: the program never waits for a reader.
        for read, pipe_end in ((self._read_answer, self._child.stdout), (self._read_lines, self._child.stderr)):
            reader = threading.Thread(target=read, args=[pipe_end], daemon=True)
            reader.start()
            self._readers.append(reader)

    def heed(self, progress: OnProgress) -> None:
        """Passes on what the program says until it has ended."""
        for line in self._said():
            self._pass_on(line, progress)

    def stop(self) -> None:
        """Asks for the end, and waits for it. Another Ctrl-C meanwhile asks for the end at once."""
        began = time.monotonic()
        child = self._child
        while child is not None:
            try:
                self.let_go()
                self.heed(None)
                break
            except KeyboardInterrupt:
                if time.monotonic() - began > _ONE_REQUEST:
                    child.terminate() if os.name == "nt" else child.send_signal(signal.SIGINT)
        # How far it had come, which nobody is told otherwise.
        for board in self._document_or_none().get("boards", []):
            if board.get("error"):
                _LOG.warning("%s: %s", board_name(board), board["error"])

    def let_go(self) -> None:
        """Closes our end of its stdin."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()

    def document(self) -> Document:
        """The answer of a program that has ended."""
        document = self._document_or_none()
        if not document:
            raise self._no_answer()
        return document

    def _said(self) -> Iterator[bytes]:
        """Each line on stderr, until the program has ended."""
        assert self._child is not None, "it was started"
        while True:
            try:
                line = self._lines.get(timeout=_LOOK)
            except queue.Empty:
                # A process that was forked meanwhile may hold the pipe open.
                if self._child.poll() is None:
                    continue
                line = None
            if line is None:
                break
            yield line
        self._child.wait()
        self.let_go()
        for reader in self._readers:
            reader.join(_REST)

    def _pass_on(self, line: bytes, progress: OnProgress) -> None:
        told = _json(line)
        if not told:
            self._unstructured.append(line.decode(errors="replace").rstrip())
            return
        event = told.get("event")
        if event in ("progress", "end") and progress is not None:
            progress(from_json(Progress, {"phase": "end", "ended": True, **told}))
        elif event in _LEVELS:
            message = told.get("message", told.get("reason"))
            text = f"{board_name(told)}: {message}" if told.get("path") else message
            _LOG.log(_LEVELS[event], "%s", text)

    def _read_answer(self, stdout: IO[bytes]) -> None:
        with stdout:
            self._answer = stdout.read()

    def _read_lines(self, stderr: IO[bytes]) -> None:
        with stderr:
            for line in stderr:
                self._lines.put(line)
        self._lines.put(None)

    def _document_or_none(self) -> dict[str, Any]:
        return _json(self._answer)

    def _no_answer(self) -> StdfuError:
        """What is wrong with a program that has ended without a document."""
        assert self._child is not None, "it was started"
        code = self._child.returncode
        said = "\n".join(self._unstructured[-20:])
        if code < 0:
            message = f"stdfu was ended by {_signal_name(-code)}, in the middle of its work"
            hint = "What it was doing may be half done: repeat it."
        else:
            message = f"{self._command[0]} ended with exit code {code} and without an answer"
            hint = "Is this stdfu, and of the same version as this module?"
        return StdfuError(f"{message}:\n{said}" if said else message, hint, code)


def _let_all_go() -> None:
    for running in list(_RUNNING):
        running.let_go()


if hasattr(os, "register_at_fork"):
    # A process forked meanwhile, as multiprocessing does, must not keep the programs of this one from their end.
    os.register_at_fork(after_in_child=_let_all_go)


def _json(text: bytes) -> dict[str, Any]:
    """An object; an empty one where it is something else."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
