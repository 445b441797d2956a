"""The functions and the program's own help: what is an option there is a keyword argument here, by the same name."""

from __future__ import annotations

import inspect
import re
import subprocess
from typing import Any

import pytest
import stdfu

#: The command behind each function.
COMMANDS = {
    "boards": "list",
    "others": "list",
    "serial": "serial",
    "flash": "flash",
    "verify": "verify",
    "erase": "erase",
    "read": "read",
    "read_bytes": "read",
    "leave": "leave",
    "unprotect": "unprotect",
    "detach": "detach",
    "info": "info",
    "convert": "convert",
    "doctor": "doctor",
}
#: Commands that have no function, and why.
NO_FUNCTION = {
    "sim": "it serves until it is ended, for other programs",
    "station": "for somebody at a screen, until it is ended",
    "completions": "for shells",
    "man": "for people",
    "udev": "for people",
    "decode": "it tells people of a recording",
    "dfu-util": "for programs that call that one",
}
#: What the module uses itself, or means nothing to a program.
OF_THE_MODULE = {"help", "version", "json", "quiet", "color", "progress", "stop-on-eof"}
#: Options that a function has no use for, and why.
LEFT_OUT = {
    "read_bytes": {"format": "bytes are bytes", "force": "there is no file"},
}
#: Arguments that are no options.
NOT_OPTIONS = {"progress", "firmware", "ranges", "out"}


def _help(*command: str) -> str:
    return subprocess.run([stdfu.program(), *command, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()


def _options(command: str) -> set[str]:
    """All long options in a command's help."""
    found = re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]+)", _help(command), re.MULTILINE)
    return set(found) - OF_THE_MODULE


@pytest.mark.parametrize("function", COMMANDS)
def test_each_option_is_a_keyword_argument(function: str) -> None:
    parameters = inspect.signature(getattr(stdfu, function)).parameters
    arguments = {name.replace("_", "-") for name in parameters if name not in NOT_OPTIONS}
    if function == "leave":
        arguments.remove("address")
    options = _options(COMMANDS[function])
    assert len(options) > 5
    missing = options - arguments - LEFT_OUT.get(function, {}).keys()
    assert not missing, f"stdfu.{function} in python/stdfu/_commands.py lacks {sorted(missing)}"
    # A command without boards takes the options of all commands, and shows those that mean something to it.
    assert arguments - options <= ({"timeout"} if function == "convert" else set())


@pytest.mark.parametrize("function", COMMANDS)
def test_true_is_no_value(function: str) -> None:
    valued = set(re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]+) <", _help(COMMANDS[function]), re.MULTILINE))
    parameters = inspect.signature(getattr(stdfu, function)).parameters
    # Python itself says of a file's name what it has to be.
    valued -= OF_THE_MODULE | {"output"}
    arguments = [name for name in parameters if name.replace("_", "-") in valued]
    assert arguments
    for name in arguments:
        with pytest.raises(TypeError, match=name):
            _call(function, **{name: True})


@pytest.mark.parametrize("function", COMMANDS)
def test_what_has_no_value_is_true_or_false(function: str) -> None:
    flags = set(re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]+)$", _help(COMMANDS[function]), re.MULTILINE)) - OF_THE_MODULE
    arguments = [
        name for name in inspect.signature(getattr(stdfu, function)).parameters if name.replace("_", "-") in flags
    ]
    assert arguments or function == "doctor"
    for name in (name for name in arguments if name != "verbose"):
        for value in (1, "no"):
            with pytest.raises(TypeError, match=f"{name} has to be True or False"):
                _call(function, **{name: value})


def test_what_can_not_hear_of_progress_is_refused_before_anything_begins() -> None:
    with pytest.raises(TypeError, match="progress has to be a function"):
        stdfu.flash("there-is-no-such-file.dfu", progress=True)  # type: ignore[arg-type]


def _call(function: str, **arguments: Any) -> object:
    given = {"read": ["x.bin"], "convert": ["x.hex"]}.get(function, [])
    if function == "convert":
        arguments["output"] = "x.bin"
    return getattr(stdfu, function)(*given, **arguments)


def test_each_command_has_a_function() -> None:
    section = _help().split("Commands:\n")[1].split("\n\n")[0]
    commands = set(re.findall(r"^  ([a-z-]+)", section, re.MULTILINE)) - {"help"}
    assert commands == set(COMMANDS.values()) | NO_FUNCTION.keys()
    public = {name for name in stdfu.__all__ if inspect.isfunction(getattr(stdfu, name))}
    assert public == COMMANDS.keys() | {"program"}


def test_each_option_of_a_function_is_in_its_help() -> None:
    everywhere = inspect.getdoc(stdfu) or ""
    for function in COMMANDS:
        told = inspect.getdoc(getattr(stdfu, function))
        assert told, function
        if function == "verify":
            told += inspect.getdoc(stdfu.flash) or ""
        for name in inspect.signature(getattr(stdfu, function)).parameters:
            if name not in NOT_OPTIONS:
                assert re.search(rf"^ *{name} |\b{name}=", told + everywhere, re.MULTILINE), (
                    f"{function}: {name} is not explained"
                )
