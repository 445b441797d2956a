"""Ctrl-C, and whatever else ends a program that uses the module: no work is cut off, and none is left to itself."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import pytest
import stdfu
from conftest import F405, L476

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

#: As many bytes as fit a board, in blocks so small, and for so many boards, that they are far from their end when the
#: first says that it writes.
SLOW = "f767,quirk=transfer-size=64"
LONG = 2_000_000
BOARDS = 12
#: Seconds until what ends soon has ended, on a machine that is busy with other tests.
SOON = 30


class Stop(Exception):
    """Somebody has seen enough."""


def _session(pid: int) -> list[str]:
    """The names of the processes that belong to a session."""
    names = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        state, _, _, session = rest.split()[:4]
        if int(session) == pid and state != "Z":
            names.append(name)
    return names


def _wait_for(what: object, seconds: float = SOON) -> None:
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


def _children() -> str:
    return Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()


class Script:
    """A Python program in a session of its own, as in a terminal of its own."""

    def __init__(self, text: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"import stdfu, sys\n{text}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            start_new_session=True,
            # What a shell starts in the background ignores it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ctrl_c(self) -> None:
        """As a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> tuple[str, str]:
        stdout, stderr = self.process.communicate(timeout=SOON)
        assert _session(self.process.pid) == []
        return stdout, stderr


@pytest.fixture
def scripts() -> Iterator[list[Script]]:
    started: list[Script] = []
    yield started
    for script in started:
        with script.process:
            script.process.kill()


def test_an_exception_in_the_callback_stops_the_work_in_good_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flash = tmp_path / "board.bin"

    def hear(progress: stdfu.Progress) -> None:
        if progress.phase == "write" and progress.done > 0:
            raise Stop

    with pytest.raises(Stop):
        sim = [f"{SLOW},flash={flash}"] + [SLOW] * (BOARDS - 1)
        stdfu.flash(bytes(LONG), address=0x08000000, full=True, sim=sim, every=True, progress=hear)
    assert _children() == ""
    told = [record.getMessage() for record in caplog.records if "interrupted; " in record.getMessage()]
    assert len(told) == BOARDS and "erased" in told[0]
    # The first block is written last, and has not been.
    assert flash.read_bytes()[:64] == b"\xff" * 64


def test_an_exception_at_the_first_event_and_at_the_last_leaves_nothing_behind(firmware: Path) -> None:
    def first(progress: stdfu.Progress) -> None:
        raise Stop

    def last(progress: stdfu.Progress) -> None:
        if progress.phase == "end":
            raise Stop

    for hear in (first, last):
        with pytest.raises(Stop):
            stdfu.flash(firmware, sim="f405", progress=hear)
        assert _children() == ""


WRITING = f"""
def hear(progress):
    if progress.phase == "write" and progress.done > 0:
        print("writing", flush=True)
stdfu.flash(bytes({LONG}), address=0x08000000, full=True, every=True, sim=["{SLOW}"] * {BOARDS}, progress=hear)
print("done")
"""
WAITING = 'print("waiting", flush=True); stdfu.flash("a.dfu", sim="f405", serial="NOSUCH", wait=True)'


@pytest.mark.parametrize("to_all", [True, False], ids=["terminal", "alone"])
def test_ctrl_c_stops_the_work_in_good_order(to_all: bool, scripts: list[Script]) -> None:
    script = Script(WRITING)
    scripts.append(script)
    assert script.line() == "writing\n"
    script.ctrl_c() if to_all else script.process.send_signal(signal.SIGINT)
    stdout, stderr = script.end()
    assert "done" not in stdout
    assert stderr.count(": interrupted; ") == BOARDS, stderr
    assert stderr.rstrip().endswith("KeyboardInterrupt")
    assert script.process.returncode == -signal.SIGINT


@pytest.mark.parametrize("to_all", [True, False], ids=["terminal", "alone"])
def test_ctrl_c_ends_a_wait(to_all: bool, scripts: list[Script], firmware: Path) -> None:
    Path("a.dfu").write_bytes(firmware.read_bytes())
    script = Script(WAITING)
    scripts.append(script)
    assert script.line() == "waiting\n"
    _wait_for(lambda: "stdfu" in _session(script.process.pid))
    time.sleep(0.3)
    script.ctrl_c() if to_all else script.process.send_signal(signal.SIGINT)
    assert script.end()[1].rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("text", [WAITING, WRITING], ids=["waiting", "writing"])
def test_a_program_that_is_gone_leaves_no_work_behind(
    text: str, number: signal.Signals, scripts: list[Script], firmware: Path
) -> None:
    Path("a.dfu").write_bytes(firmware.read_bytes())
    script = Script(text)
    scripts.append(script)
    assert script.line() in ("waiting\n", "writing\n")
    _wait_for(lambda: "stdfu" in _session(script.process.pid))
    script.process.send_signal(number)
    _wait_for(lambda: _session(script.process.pid) == [])
    assert "done" not in script.end()[0]


def test_a_process_that_was_forked_meanwhile_keeps_no_work_from_its_end(caplog: pytest.LogCaptureFixture) -> None:
    forked: list[int] = []

    def hear(progress: stdfu.Progress) -> None:
        if progress.phase == "write" and progress.done > 0:
            forked.append(os.fork())
            if forked[-1] == 0:
                time.sleep(60)
                os._exit(0)
            raise Stop

    try:
        with pytest.raises(Stop):
            stdfu.flash(bytes(LONG), address=0x08000000, full=True, sim=[SLOW] * BOARDS, every=True, progress=hear)
    finally:
        os.kill(forked[0], signal.SIGKILL)
        os.waitpid(forked[0], 0)
    assert any("interrupted" in record.getMessage() for record in caplog.records)


def _deaf(folder: Path, on_eof: str) -> None:
    """A program that hears a Ctrl-C, and at the end of stdin does something else than to end."""
    program = folder / "deaf"
    program.write_text(
        f"#!/bin/sh\ntrap 'echo >{folder}/asked; exit 130' INT\necho >{folder}/there\n"
        f"cat >/dev/null\n{on_eof}\necho '{{\"boards\":[]}}'\n"
    )
    program.chmod(0o755)
    os.environ["STDFU"] = str(program)


def test_a_second_ctrl_c_ends_the_program_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts: list[Script]
) -> None:
    monkeypatch.setenv("STDFU", "")
    _deaf(tmp_path, "while :; do sleep 0.05; done")
    script = Script("stdfu.boards()")
    scripts.append(script)
    _wait_for((tmp_path / "there").exists)
    time.sleep(0.2)
    script.process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert not (tmp_path / "asked").exists()
    script.process.send_signal(signal.SIGINT)
    assert script.end()[1].rstrip().endswith("KeyboardInterrupt")
    assert (tmp_path / "asked").exists()


def test_one_ctrl_c_that_comes_twice_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts: list[Script]
) -> None:
    monkeypatch.setenv("STDFU", "")
    _deaf(tmp_path, "sleep 1")
    script = Script("stdfu.boards()")
    scripts.append(script)
    _wait_for((tmp_path / "there").exists)
    time.sleep(0.2)
    script.process.send_signal(signal.SIGINT)
    time.sleep(0.03)
    script.process.send_signal(signal.SIGINT)
    script.end()
    assert not (tmp_path / "asked").exists()


def test_a_program_that_somebody_else_interrupts_is_an_error(firmware: Path) -> None:
    def hear(progress: stdfu.Progress) -> None:
        if progress.phase == "write" and progress.done > 0:
            for child in _children().split():
                os.kill(int(child), signal.SIGTERM)

    with pytest.raises(stdfu.Interrupted) as caught:
        stdfu.flash(bytes(LONG), address=0x08000000, full=True, sim=[SLOW] * BOARDS, every=True, progress=hear)
    assert caught.value.exit_code == 130
    assert caught.value.results[0].left is False


def test_a_program_that_is_killed_in_the_middle_is_an_error() -> None:
    def hear(progress: stdfu.Progress) -> None:
        if progress.phase == "write" and progress.done > 0:
            for child in _children().split():
                os.kill(int(child), signal.SIGKILL)

    with pytest.raises(stdfu.StdfuError, match="ended by SIGKILL") as caught:
        stdfu.flash(bytes(LONG), address=0x08000000, full=True, sim=[SLOW] * BOARDS, every=True, progress=hear)
    assert caught.value.hint == "What it was doing may be half done: repeat it."
    assert _children() == ""


def test_a_slow_listener_does_not_hold_up_the_work(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="stdfu")
    ended: list[float] = []

    def hear(progress: stdfu.Progress) -> None:
        if not ended:
            # More is said meanwhile than a pipe holds.
            _wait_for(lambda: Path(f"/proc/{_children().split()[0]}/stat").read_text().split()[2] == "Z")
            ended.append(time.monotonic())

    stdfu.read_bytes("0x08000000+256K", sim=SLOW, verbose=2, progress=hear)
    assert ended
    assert len(caplog.records) > 4_000


def test_threads_work_on_a_board_each(firmware: Path) -> None:
    with ThreadPoolExecutor() as pool:
        flashes = [pool.submit(stdfu.flash, firmware, sim=sim) for sim in ("f405", "l476") * 4]
    assert [flash.result()[0].serial for flash in flashes] == [F405, L476] * 4


def test_ctrl_c_reaches_the_work_of_other_threads(scripts: list[Script], firmware: Path) -> None:
    Path("a.dfu").write_bytes(firmware.read_bytes())
    script = Script(
        "import asyncio\n"
        "async def main():\n"
        '    flash = lambda: stdfu.flash("a.dfu", sim="f405", serial="NOSUCH", wait=True)\n'
        "    await asyncio.get_running_loop().run_in_executor(None, flash)\n"
        "asyncio.run(main())"
    )
    scripts.append(script)
    _wait_for(lambda: "stdfu" in _session(script.process.pid))
    time.sleep(0.3)
    script.ctrl_c()
    script.end()
    assert script.process.returncode != 0
