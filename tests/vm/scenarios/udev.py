"""udev's daemon in the guest, which has none otherwise: programs that hear of boards through it find them when they come."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from lab import wait_until

DAEMON = "/lib/systemd/systemd-udevd"
FOLDER = Path("/run/udev")
ENVIRONMENT = {"SYSTEMD_IGNORE_CHROOT": "1"}


@contextlib.contextmanager
def running(lab):
    """Only for as long as it is needed: other scenarios look at what comes without it."""
    with open(lab.folder / "udev.log", "wb") as log:
        daemon = subprocess.Popen(
            [DAEMON], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **ENVIRONMENT}
        )
    try:
        wait_until((FOLDER / "control").exists, "udev listens")
        yield
        # Whoever goes on watching is told that the boards have gone.
        lab.run("udevadm", "settle", env=ENVIRONMENT)
    finally:
        daemon.terminate()
        daemon.wait()
        shutil.rmtree(FOLDER)
