"""Has the tools do their work: boards plugged in, time taken, flash compared afterwards."""

import contextlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab import ADDRESS, Lab, boards, check_flash, wait_until
from meter import PORT
from works import IMAGE, LAB, STDFU


@dataclass(frozen=True)
class Run:
    """One tool's work, done once."""

    seconds: float
    # What stdfu says of it, board by board; nothing of other tools.
    said: list

    @property
    def requests(self):
        return sum(board["requests"] for board in self.said) if self.said else None


class Bench:
    """Where the works are done. `stdfu` serves the boards; `programs` says by name how programs are started."""

    def __init__(self, stdfu, programs, meter):
        self._stdfu = stdfu
        self._programs = programs
        self._meter = meter

    def in_turns(self, work):
        """Each tool once, or more often where nothing changes on the boards. Returns each tool's runs."""
        if work.repeats == 1:
            return {tool: [self._timed(work, tool)] for tool in work.tools}
        runs = {tool: [] for tool in work.tools}
        with self._boards(work, "real") as lab:
            for _ in range(work.repeats):
                for tool in work.tools:
                    runs[tool].append(self._do(lab, work, tool))
        return runs

    def count(self, work, tool):
        """Requests and bytes of data that go over the bus."""
        with self._boards(work, "none", PORT) as lab:
            before = self._meter.requests, self._meter.payload
            self._do(lab, work, tool)
            if work.leaves:
                self._wait_left()
            return self._meter.requests - before[0], self._meter.payload - before[1]

    def _timed(self, work, tool):
        with self._boards(work, "real") as lab:
            run = self._do(lab, work, tool)
            if work.leaves:
                self._wait_left()
            return run

    def _wait_left(self):
        wait_until(lambda: not boards(), "the boards leave")

    def _do(self, lab, work, tool):
        done = []
        for (program, *arguments), expect in work.tools[tool](_serials(work)):
            arguments = [argument.replace(LAB, str(lab.folder)) for argument in arguments]
            done.append(lab.run(*self._programs[program], *arguments, expect=expect))
        said = []
        if tool == STDFU and done[0].stdout.startswith("{"):
            said = json.loads(done[0].stdout)["boards"]
            assert len(said) == work.boards, f"stdfu flashed {len(said)} boards"
        return Run(sum(command.seconds for command in done), said)

    @contextlib.contextmanager
    def _boards(self, work, timing, port=ADDRESS[1]):
        """A lab with the work's boards plugged in. In the end their flash has to hold what it should."""
        lab = Lab(self._stdfu)
        files = [f"{serial}.bin" for serial in _serials(work)]
        try:
            lab.file("app.bin", IMAGE)
            for file in files:
                lab.file(file, work.before)
            specs = (f"f405,serial={s},flash={f},timing={timing}" for s, f in zip(_serials(work), files))
            with _exact_timers():
                server = lab.serve(*specs)
            for number in range(1, work.boards + 1):
                lab.plug(f"1-{number}", port)
            yield lab
            server.stop()
            for file in files:
                check_flash((lab.folder / file).read_bytes(), work.after)
        finally:
            lab.close()
            shutil.rmtree(lab.folder)


@contextlib.contextmanager
def _exact_timers():
    """Programs started meanwhile sleep no longer than they want; usually it may be 50 µs more, a tenth of a request.
    For the simulator alone: the tools have to live with it, as everywhere."""
    slack = Path("/proc/self/timerslack_ns")
    usual = slack.read_text()
    slack.write_text("1")
    try:
        yield
    finally:
        slack.write_text(usual)


def _serials(work):
    return [f"BENCH{number}" for number in range(1, work.boards + 1)]
