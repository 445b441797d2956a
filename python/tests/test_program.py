"""Which program is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import stdfu
from stdfu import _program


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if the module were there, and no program."""
    monkeypatch.delenv("STDFU", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_program, "_installed", lambda: iter([tmp_path / "not-there"]))


def test_a_missing_program_is_said_with_what_to_do(nothing_installed: None) -> None:
    with pytest.raises(stdfu.ProgramMissing) as caught:
        stdfu.boards()
    assert "is missing" in caught.value.message
    assert caught.value.hint is not None and "pip install" in caught.value.hint


def test_a_variable_that_names_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STDFU", "/no/such/stdfu")
    with pytest.raises(stdfu.ProgramMissing, match="'/no/such/stdfu', which the environment variable STDFU names"):
        stdfu.program()


def test_the_one_on_the_path_is_the_last_resort(nothing_installed: None, tmp_path: Path) -> None:
    program = tmp_path / ("stdfu.exe" if os.name == "nt" else "stdfu")
    program.write_bytes(b"")
    program.chmod(0o755)
    assert stdfu.program() == str(program)


def test_one_that_can_not_be_started_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "stdfu.exe"
    program.write_bytes(b"\0not a program")
    program.chmod(0o755)
    monkeypatch.setenv("STDFU", str(program))
    with pytest.raises(stdfu.ProgramMissing, match="can't be started"):
        stdfu.boards()


@pytest.mark.skipif("STDFU" in os.environ, reason="STDFU names the program to be tested")
def test_the_one_of_the_same_wheel_is_the_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "stdfu"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert Path(stdfu.program()).parent == Path(sys.executable).parent
    # Whatever Python's folders say: it is in the list of the wheel's files.
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    assert Path(stdfu.program()).parent.resolve() == Path(sys.executable).parent.resolve()


def _module(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stdfu", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_module_can_be_run_as_the_program() -> None:
    assert _module("--sim", "f405", "serial").stdout == "336133663433\n"
    several = _module("--sim", "f405", "--sim", "l476", "serial")
    assert (several.returncode, several.stdout) == (4, "")
    assert "there are 2 boards" in several.stderr


def test_the_module_says_that_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STDFU", "/no/such/stdfu")
    run = _module("list")
    assert run.returncode == 1
    assert run.stderr.startswith("error: there is no program")
    assert "Traceback" not in run.stderr
