"""`python -m stdfu` is the program itself."""

import os
import subprocess
import sys

from ._errors import ProgramMissing
from ._program import program


def main() -> int:
    """Runs the program in the place of this one."""
    try:
        command = [program(), *sys.argv[1:]]
    except ProgramMissing as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if os.name == "posix":
        os.execv(command[0], command)
    # Windows has nothing of the kind. Ctrl-C reaches the program too, which ends in good order.
    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.exit(main())
