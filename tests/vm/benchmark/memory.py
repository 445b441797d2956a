"""The programs whose time is taken, in a root of their own in the guest's memory.

The guest's clock jumps while it waits for the files of the machine outside, since it can't tell that from having
nothing to do (GUEST_CLOCK in tests/vm/guest). So these programs find none of those files.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path("/run/root")
# It needs no library: it is what starts the others.
BUSYBOX = "/run/busybox"
# As outside: devices, and the folder in which the labs are.
SAME = ("/dev", "/proc", "/sys", tempfile.gettempdir())


def install(programs):
    """Copies programs, by their names, with the libraries they need. Returns how each is started."""
    shutil.copy(shutil.which("busybox"), BUSYBOX)
    for folder in SAME:
        (ROOT / folder[1:]).mkdir(parents=True)
        subprocess.run([BUSYBOX, "mount", "--rbind", folder, ROOT / folder[1:]], check=True)
    for name, path in programs.items():
        _copy(path, f"/bin/{name}")
        for library in _libraries(path):
            _copy(library, library)
    return {name: [BUSYBOX, "chroot", ROOT, f"/bin/{name}"] for name in programs}


def _libraries(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def _copy(path, inside):
    target = ROOT / inside[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(os.path.realpath(path), target)
