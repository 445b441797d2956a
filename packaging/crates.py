"""Which crates end up in a program, and whose they are."""

import json
import re
import subprocess
import sys
from pathlib import Path

BOOST = "BSL-1.0"
MPL = "MPL-2.0"
ROOT = Path(__file__).resolve().parent.parent


def linked(manifest, *arguments):
    """What ends up in the program made of this manifest, by name: not what only runs while it is built."""
    tree = cargo("tree", manifest, "-e", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}", *arguments)
    wanted = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    crates = [crate for crate in packages(manifest) if (crate["name"], "v" + crate["version"]) in wanted]
    return sorted((crate for crate in crates if crate["source"]), key=lambda crate: crate["name"])


def packages(manifest):
    return json.loads(cargo("metadata", manifest, "--format-version", "1"))["packages"]


def cargo(command, manifest, *arguments):
    run = ["cargo", command, "--locked", "--manifest-path", str(manifest), *arguments]
    return subprocess.run(run, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


def licence(crate):
    """Under which of the licences it offers a crate is used here: another than these is for a person to look at."""
    offered = re.split(r" OR | AND |/|\(|\)", crate["license"])
    for known in ("MIT", MPL, BOOST):
        if known in offered:
            return known
    sys.exit(f"{crate['name']} is under {crate['license']}, of which nobody has said yet what it asks for")


def source(crate):
    """What a program with an unchanged crate under the MPL 2.0 has to say (its section 3.2), and with one under Boost's
    licence may: that asks for nothing of machine-executable code. Nothing for others."""
    if licence(crate) == MPL:
        return f"used unchanged, under the Mozilla Public License 2.0; its source is at {crate['repository']}"
    if licence(crate) == BOOST:
        return "used under the Boost Software License 1.0"
    return None


def crate_notices(crate):
    """Who holds the rights, as the crate's licence files say; else its authors, else its developers."""
    directory = Path(crate["manifest_path"]).parent
    files = sorted(file for file in directory.iterdir() if re.match("LICEN[CS]E|COPYRIGHT", file.name, re.IGNORECASE))
    # The texts of the Apache licence and the GPL have notices of their own, as examples.
    own = [file for file in files if file.is_file() and not re.search("APACHE|GPL", file.name, re.IGNORECASE)]
    texts = [file.read_text(errors="replace") for file in own]
    return notices("\n".join(texts)) or crate["authors"] or [f"the developers of {crate['name']}"]


def notices(text):
    found = re.findall(r"^\s*Copyright (?:(?:\(c\)|©)\s*(?=\S)|(?=\d{4}))(.*\S)", text, re.IGNORECASE | re.MULTILINE)
    return list(dict.fromkeys(found))


def libusb_version(crate):
    """That of the libusb which is in the crate libusb1-sys."""
    header = (Path(crate["manifest_path"]).parent / "libusb/libusb/version.h").read_text()
    return ".".join(re.search(rf"LIBUSB_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "MICRO"))


def musl():
    """The folder of the C library that zig brings; what needs it runs where ziglang is installed."""
    import ziglang

    return Path(ziglang.__file__).parent / "lib/libc/musl"


def musl_version():
    return re.search(r'VERSION "(.*)"', (musl() / "src/internal/version.h").read_text())[1]
