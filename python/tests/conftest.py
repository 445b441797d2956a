"""What all tests have: an environment of their own, firmware, and simulated boards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"

#: Of the simulated boards f405 and l476.
F405 = "336133663433"
L476 = "205834865852"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable says which board is meant, and files go to a fresh folder."""
    for name in ("STDFU_SERIAL", "STDFU_PATH", "STDFU_SIM"):
        monkeypatch.delenv(name, raising=False)
    if "STDFU" in os.environ:
        # It may be relative to the folder that the tests are started in.
        monkeypatch.setenv("STDFU", os.path.abspath(os.environ["STDFU"]))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def firmware() -> Path:
    """A small firmware for main flash at 0x08000000."""
    return DATA / "blinky.dfu"


@pytest.fixture
def raw() -> bytes:
    """The same as raw bytes."""
    return (DATA / "blinky.bin").read_bytes()
