"""Which program is run."""

import os
import shutil
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Iterator

from ._errors import ProgramMissing

_NAME = "stdfu.exe" if os.name == "nt" else "stdfu"


def program() -> str:
    """The path of the program that does the work.

    The environment variable STDFU names it; else it is the one that was installed with this module, else the one on the
    PATH.
    """
    named = os.environ.get("STDFU")
    if named:
        found = shutil.which(named)
        if found is None:
            raise ProgramMissing(
                f"there is no program {named!r}, which the environment variable STDFU names",
                hint="Set it to the path of the program stdfu, or unset it.",
            )
        return found
    for path in _installed():
        if path.is_file():
            return str(path)
    found = shutil.which("stdfu")
    if found is None:
        raise ProgramMissing(
            "the program stdfu is missing: it is neither where this module was installed nor on the PATH",
            hint="`pip install --force-reinstall stdfu` brings it; or set the environment variable STDFU to its path.",
        )
    return found


def _installed() -> Iterator[Path]:
    """Where the program of the same wheel may be."""
    try:
        files = metadata.files("stdfu") or []
    except metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name == _NAME:
            yield Path(os.path.abspath(file.locate()))
    yield Path(sysconfig.get_path("scripts")) / _NAME
    # `pip install --target` has its own place.
    yield Path(__file__).parent.parent / "bin" / _NAME
