"""What is raised when something goes wrong: a class for each exit code of the program."""

from __future__ import annotations

from typing import Any, Mapping, Sequence


class StdfuError(Exception):
    """Something went wrong: what, and what to do next."""

    #: The program's exit code. 1 is anything that has no class of its own; a negative one is the signal that ended it.
    exit_code: int = 1
    #: What went wrong.
    message: str
    #: What to do next, where that is known.
    hint: str | None
    #: What came of each board, in the order of `path`; of `info`, each file. Empty where no board was touched.
    results: Sequence[Any]

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        exit_code: int | None = None,
        results: Sequence[Any] = (),
    ) -> None:
        # All of them, so that the error can be handed to another process.
        super().__init__(message, hint, exit_code, results)
        self.message = message
        self.hint = hint
        self.results = results
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class ProgramMissing(StdfuError):
    """The program stdfu, which does the work, can't be found or started."""


class UsageError(StdfuError):
    """The program doesn't understand an argument, or not those together (exit code 2)."""

    exit_code = 2


class NoBoard(StdfuError):
    """There is no such board (exit code 3)."""

    exit_code = 3


class SeveralBoards(StdfuError):
    """There are several boards, and none is chosen; none was touched (exit code 4)."""

    exit_code = 4


class NoAccess(StdfuError):
    """The system doesn't allow it: permission, driver, no USB (exit code 5)."""

    exit_code = 5


class BadFile(StdfuError):
    """The file is damaged, or not what it claims to be (exit code 6)."""

    exit_code = 6


class DoesNotFit(StdfuError):
    """The file, or the command, doesn't fit this board (exit code 7)."""

    exit_code = 7


class BoardFailed(StdfuError):
    """The board answered an error, fell silent or went away (exit code 8)."""

    exit_code = 8


class Differs(StdfuError):
    """What was read differs from the file (exit code 9)."""

    exit_code = 9


class ReadProtected(StdfuError):
    """Read protection is on (exit code 10)."""

    exit_code = 10


class Interrupted(StdfuError):
    """The program was interrupted by somebody else, and stopped in good order (exit code 130)."""

    exit_code = 130


_CLASSES: dict[int, type[StdfuError]] = {
    each.exit_code: each
    for each in (
        UsageError,
        NoBoard,
        SeveralBoards,
        NoAccess,
        BadFile,
        DoesNotFit,
        BoardFailed,
        Differs,
        ReadProtected,
        Interrupted,
    )
}


def failure(exit_code: int, message: str, hint: str | None, results: Sequence[Any] = ()) -> StdfuError:
    """The error for an exit code, also for one that is not known here."""
    return _CLASSES.get(exit_code, StdfuError)(message, hint, exit_code, results)


def check(document: Mapping[str, Any], noun: str = "", results: Sequence[tuple[str, Any]] = ()) -> None:
    """Raises what the document says went wrong: with all of it, or with some of the results, each with its name."""
    told = [result for _, result in results]
    error = document.get("error")
    if error is not None:
        raise failure(error.get("exit", 1), error.get("message", ""), error.get("hint"), told)
    failed = [(name, result) for name, result in results if result.exit != 0]
    if failed:
        reasons = [f"{name}: {result.error}" if name else str(result.error) for name, result in failed]
        if len(told) > 1:
            reasons.insert(0, f"{len(failed)} of {len(told)} {noun} failed:")
        # Those that failed for one reason have one hint.
        hints = dict.fromkeys(result.hint for _, result in failed if result.hint is not None)
        raise failure(failed[0][1].exit, "\n".join(reasons), "\n".join(hints) or None, told)
