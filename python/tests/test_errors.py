"""What goes wrong: a class for each exit code, with the program's words."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Callable

import pytest
import stdfu
from conftest import DATA, F405, L476

BLINKY = DATA / "blinky.dfu"
CASES: list[tuple[type[stdfu.StdfuError], int, Callable[[], object]]] = [
    (stdfu.StdfuError, 1, lambda: stdfu.flash("nofile.dfu", sim="f405")),
    (stdfu.StdfuError, 1, lambda: stdfu.flash(BLINKY, sim="f405", serial="NOSUCH", wait=True, timeout=0.1)),
    (stdfu.UsageError, 2, lambda: stdfu.flash(sim="f405")),
    (stdfu.NoBoard, 3, lambda: stdfu.flash(BLINKY, sim="f405", serial="NOSUCH")),
    (stdfu.SeveralBoards, 4, lambda: stdfu.flash(BLINKY, sim=["f405", "l476"])),
    (stdfu.NoAccess, 5, lambda: stdfu.flash(BLINKY, sim="f405,quirk=no-access")),
    (stdfu.BadFile, 6, lambda: stdfu.flash(b"DfuSe", sim="f405")),
    (stdfu.DoesNotFit, 7, lambda: stdfu.flash(bytes(16), address=0x20000000, sim="f405")),
    (stdfu.BoardFailed, 8, lambda: stdfu.flash(BLINKY, sim="f405,fault=unplug@30")),
    (stdfu.Differs, 9, lambda: stdfu.verify(BLINKY, sim="f405")),
    (stdfu.ReadProtected, 10, lambda: stdfu.flash(BLINKY, sim="f405,quirk=read-protected")),
]


@pytest.mark.parametrize("kind, code, act", CASES, ids=[f"{kind.__name__}-{code}" for kind, code, _ in CASES])
def test_each_exit_code_has_its_class(kind: type[stdfu.StdfuError], code: int, act: Callable[[], object]) -> None:
    with pytest.raises(stdfu.StdfuError) as caught:
        act()
    error = caught.value
    assert type(error) is kind
    assert error.exit_code == code
    assert error.message
    assert str(error) == (error.message if error.hint is None else f"{error.message}\nhint: {error.hint}")


def test_every_exit_code_of_the_documents_has_a_class() -> None:
    page = (DATA.parents[1] / "docs" / "scripts.md").read_text(encoding="utf-8")
    codes = {int(line.split("|")[1]) for line in page.splitlines() if line.startswith("| ") and line[2].isdigit()}
    kinds = [kind for kind in vars(stdfu).values() if isinstance(kind, type) and issubclass(kind, stdfu.StdfuError)]
    assert codes == {0} | {kind.exit_code for kind in kinds}


def test_one_board_that_fails_does_not_hide_the_other() -> None:
    with pytest.raises(stdfu.BoardFailed) as caught:
        stdfu.flash(BLINKY, sim=["f405", "l476,fault=unplug@20"], every=True)
    error = caught.value
    assert error.message.startswith(f"1 of 2 boards failed:\n{L476} at 1-2: ")
    assert error.hint is not None and "Check the cable" in error.hint
    good, bad = error.results
    assert (good.serial, good.exit, good.error, good.verified_bytes > 0) == (F405, 0, None, True)
    assert (bad.serial, bad.exit, bad.hint) == (L476, 8, error.hint)


def test_one_board_alone_is_named_and_not_counted() -> None:
    with pytest.raises(stdfu.Differs) as caught:
        stdfu.verify(BLINKY, sim="f405")
    assert caught.value.message.startswith(f"{F405} at 1-1: verification failed: ")
    assert caught.value.results[0].differing_bytes == 5109


def test_several_boards_are_listed_with_what_picks_each() -> None:
    with pytest.raises(stdfu.SeveralBoards) as caught:
        stdfu.erase(all=True, sim=["f405", "l476"])
    assert f"--serial {F405}" in caught.value.message
    assert "--path 1-2" in caught.value.message
    assert caught.value.hint is not None and "Nothing was touched" in caught.value.hint


def test_an_error_survives_the_way_to_another_process() -> None:
    with pytest.raises(stdfu.Differs) as caught:
        stdfu.verify(BLINKY, sim="f405")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is stdfu.Differs
    assert (str(copy), copy.exit_code, copy.results) == (str(caught.value), 9, caught.value.results)


def test_a_traceback_names_an_error_as_everybody_does() -> None:
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind, _, _ in CASES}
    assert names == {f"stdfu.{kind.__name__}" for kind, _, _ in CASES}


def _program(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "stdfu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("STDFU", str(program))


def test_an_exit_code_that_is_not_known_is_an_error_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, 'echo \'{"error":{"exit":11,"message":"the board is on fire"}}\'; exit 11', monkeypatch)
    with pytest.raises(stdfu.StdfuError, match="on fire") as caught:
        stdfu.boards()
    assert caught.value.exit_code == 11


def test_a_program_without_an_answer_is_shown_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "echo 'libfoo.so.1: cannot open shared object file' >&2; exit 127", monkeypatch)
    with pytest.raises(stdfu.StdfuError, match="exit code 127 and without an answer:\nlibfoo.so.1") as caught:
        stdfu.flash("a.dfu")
    assert caught.value.exit_code == 127
    _program(tmp_path, "echo hello", monkeypatch)
    with pytest.raises(stdfu.StdfuError, match="exit code 0 and without an answer"):
        stdfu.flash("a.dfu")


def test_a_program_that_is_killed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "kill -9 $$", monkeypatch)
    with pytest.raises(stdfu.StdfuError, match="ended by SIGKILL") as caught:
        stdfu.flash("a.dfu")
    assert caught.value.exit_code == -9
