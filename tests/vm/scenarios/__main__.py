"""Runs the scenarios, one after another, inside the guest. Each function of the modules below whose name doesn't
begin with an underscore and which takes a `lab` is one; its name is the sentence that is reported. With --names, only
tells which would run; with --half 1 or 2, runs every second one."""

import contextlib
import inspect
import io
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import access
import applications
import dfu_util
import embassy
import farm
import plain_dfu_util
import plain_stdfu
import pyusb_host
import recording
import same_as_dfu_util
import stdfu_host
import trouble
from lab import Lab

MODULES = (
    pyusb_host,
    recording,
    dfu_util,
    stdfu_host,
    access,
    trouble,
    applications,
    plain_stdfu,
    plain_dfu_util,
    embassy,
    farm,
    same_as_dfu_util,
)
# Only where they are named: CI has no time for them. `tests/vm/run same_as` runs the whole option table.
BY_HAND = ("same_as_dfu_util.calls_for_boards_without_dfuse", "same_as_dfu_util.calls_for_boards_that_misbehave")
SECONDS_EACH = 240


def main(wanted):
    if wanted[:1] == ["--names"]:
        print("\n".join(name for name, _ in _chosen(wanted[1:])))
        return 0
    # A copy in memory: programs start faster from there, and anyone may read it.
    stdfu = Path(shutil.copy(os.environ["STDFU"], "/run/stdfu"))
    stdfu.chmod(0o755)
    signal.signal(signal.SIGALRM, _too_long)
    chosen = _chosen(wanted)
    if not chosen:
        print(f"no scenario is called {' or '.join(wanted)}; there are:")
        print("\n".join(name for name, _ in _scenarios()))
        return 2
    results = [_run(name, scenario, stdfu) for name, scenario in chosen]
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _chosen(wanted):
    if not wanted:
        return [s for s in _scenarios() if s[0] not in BY_HAND]
    if wanted[0] == "--half":
        return _chosen([])[int(wanted[1]) - 1 :: 2]
    return [s for s in _scenarios() if any(part in s[0] for part in wanted)]


def _scenarios():
    found = []
    for module in MODULES:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                if list(inspect.signature(function).parameters) == ["lab"]:
                    found.append((f"{module.__name__}.{name}", function))
    return sorted(found, key=lambda s: (MODULES.index(sys.modules[s[1].__module__]), s[1].__code__.co_firstlineno))


def _run(name, scenario, stdfu):
    log = io.StringIO()
    started = time.monotonic()
    passed = True
    with contextlib.redirect_stdout(log):
        lab = Lab(stdfu)
        for step in (lambda: scenario(lab), lab.close):
            signal.alarm(SECONDS_EACH)
            try:
                step()
            except Exception as error:
                passed = False
                # Without the frames of this function.
                error.__traceback__ = error.__traceback__.tb_next.tb_next
                traceback.print_exception(error, file=log)
            signal.alarm(0)
    print(f"{'ok' if passed else 'FAILED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
    # Every log can be read afterwards; the files only of those that failed.
    kept = Path(os.environ["GUEST_OUT"], name)
    shutil.rmtree(kept, ignore_errors=True)
    if passed:
        kept.mkdir()
    else:
        shutil.copytree(lab.folder, kept)
        print("".join(f"    {line}\n" for line in log.getvalue().splitlines()), end="", flush=True)
        print(f"    its files are kept in {kept}", flush=True)
    (kept / "log").write_text(log.getvalue())
    shutil.rmtree(lab.folder)
    return passed


def _too_long(_signal, _frame):
    raise TimeoutError(f"not done after {SECONDS_EACH} s")


sys.exit(main(sys.argv[1:]))
