"""The bench a scenario works at: simulated boards served over USB/IP, plugged into and out of the kernel."""

import concurrent.futures
import contextlib
import os
import shlex
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ADDRESS = ("127.0.0.1", 3240)
SYSFS = Path("/sys/bus/usb/devices")
CONTROLLER = Path("/sys/devices/platform/vhci_hcd.0")
# Software emulation on a busy machine: generous, since every wait ends as soon as it can.
PATIENCE = 30.0
# How much of a line is shown: JSON has long ones.
LINE = 400


class Lab:
    """One scenario's bench; `close` leaves no server running and no board plugged in."""

    def __init__(self, stdfu):
        self.stdfu = str(stdfu)
        self.folder = Path(tempfile.mkdtemp(prefix="lab-"))
        self._servers = []
        # Where boards are plugged in, by bus id: ports of the virtual host controller.
        self._ports = {}

    def close(self):
        for server in self._servers:
            server.stop()
        unplug_all()

    def file(self, name, content):
        """Writes a file on the bench, for a tool to read."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def serve(self, *boards):
        """Starts `stdfu sim` with these boards; the first is at bus id 1-1, the second at 1-2, and so on."""
        return self._serve(self.stdfu, "sim", *boards)

    def serve_embassy(self, *options):
        """Starts the device made by others of tests/vm/embassy-dfu, at bus id 1-1; its flash is board.bin."""
        return self._serve(os.environ["EMBASSY_DFU"], "--flash", "board.bin", *options)

    def _serve(self, *command):
        server = Server(self, command)
        self._servers.append(server)
        return server

    def plug(self, busid="1-1", port=ADDRESS[1]):
        """Plugs a board in and waits until programs can open it. Returns where: the kernel's name, as 1-1."""
        before, taken = set(boards()), set(occupied())
        self.run(*attach_command(busid, port))
        wait_until(lambda: set(boards()) - before, f"the kernel shows board {busid}")
        (path,) = set(boards()) - before
        (self._ports[busid],) = set(occupied()) - taken
        print(f"  board {busid} is at {path}")
        return path

    @contextlib.contextmanager
    def stay_plugged(self, *busids):
        """Plugs boards in again whenever they have left, each at the port where it is now, as a cable does by itself; the
        one at 1-1 where none is named."""
        ports = {self._ports[busid]: busid for busid in busids or ("1-1",)}
        stop = threading.Event()

        def replug():
            while not stop.wait(0.05):
                for port in ports.keys() - occupied():
                    attach(ports[port], port)

        cable = threading.Thread(target=replug)
        cable.start()
        try:
            yield
        finally:
            stop.set()
            cable.join()

    def at_once(self, work, *items):
        """Like map, but several at a time: boards take their time, and so do those who wait for them."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(work, *items))

    def run(self, *command, expect=(0,), timeout=120, env=None):
        """Runs a command in the scenario's folder, shows it with what it said, and checks its exit status against
        `expect`: a number, several, or None for any. Returns what it said, whole, and how many seconds it took."""
        command = [str(part) for part in command]
        started = time.monotonic()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
        )
        done.seconds = time.monotonic() - started
        log = ["$ " + shlex.join(command)]
        for name, text in (("out", done.stdout), ("err", done.stderr)):
            log += [f"  {name}| {line if len(line) <= LINE else line[:LINE] + ' …'}" for line in text.splitlines()]
        # At once, since others may be running.
        print("\n".join((*log, f"  exit {done.returncode} after {done.seconds:.1f} s")))
        if isinstance(expect, int):
            expect = (expect,)
        if expect is not None:
            wanted = " or ".join(map(str, expect))
            assert done.returncode in expect, f"exit status {done.returncode}, expected {wanted}"
        assert "panicked" not in done.stderr, "a panic"
        return done

    def run_stdfu(self, *arguments, **options):
        return self.run(self.stdfu, *arguments, **options)


class Server:
    """A running simulator, which takes `--listen`."""

    def __init__(self, lab, command):
        self._lab = lab
        self._command = [*command, "--listen", "{}:{}".format(*ADDRESS)]
        self._process = None
        self._log = lab.folder / f"sim-{len(lab._servers)}.log"
        self.start()

    def start(self):
        print("$", shlex.join(self._command), "&")
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._lab.folder
            )
        wait_until(self._listening, "the simulator listens")

    def _listening(self):
        assert self._process.poll() is None, f"the simulator ended at once: {self._log.read_text()}"
        with socket.socket() as probe:
            return probe.connect_ex(ADDRESS) == 0

    def stop(self):
        """Ends the simulator, which unplugs its boards; what it said goes to the scenario's log."""
        if self._process is None:
            return
        ended = self._process.poll()
        self._process.kill()
        self._process.wait()
        self._process = None
        for line in self._log.read_text(errors="replace").splitlines():
            print(f"  sim| {line}")
        assert ended is None, f"the simulator had ended with {ended}"
        wait_until(lambda: not boards(), "the kernel lets go of the boards")



def boards():
    """The kernel's names of the devices plugged in that programs can open already; no hubs, no interfaces."""
    found = []
    for entry in SYSFS.iterdir() if SYSFS.is_dir() else ():
        if ":" in entry.name or entry.name.startswith("usb"):
            continue
        try:
            node = "/dev/bus/usb/{:03}/{:03}".format(*address(entry.name))
            configured = (entry / "bConfigurationValue").read_text().strip() != ""
        except (OSError, ValueError):
            continue
        if configured and os.path.exists(node):
            found.append(entry.name)
    return sorted(found)


def address(path):
    """Bus and device number of the board at `path`."""
    return tuple(int((SYSFS / path / name).read_text()) for name in ("busnum", "devnum"))


def wait_gone(path):
    wait_until(lambda: not (SYSFS / path).exists(), f"{path} goes away")


def attach_command(busid, port=ADDRESS[1]):
    return ("usbip", "--tcp-port", str(port), "attach", "-r", ADDRESS[0], "-b", busid)


def attach(busid, port, server=ADDRESS):
    """Plugs a board in at a port of the virtual host controller, if the server lets it have: what `usbip attach` does,
    which takes the first free one (the kernel's usbip_protocol)."""
    with contextlib.suppress(OSError), socket.create_connection(server) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(struct.pack(">HHI32s", 0x0111, 0x8003, 0, busid.encode()))
        reply = link.recv(320, socket.MSG_WAITALL)
        if len(reply) == 320:
            bus, device, speed = struct.unpack_from(">3I", reply, 8 + 256 + 32)
            Path(CONTROLLER, "attach").write_text(f"{port} {link.fileno()} {bus << 16 | device} {speed}")


def occupied():
    """The ports of the virtual host controller that something is plugged into."""
    status = CONTROLLER / "status"
    found = []
    for line in status.read_text().splitlines()[1:] if status.exists() else ():
        # hub port state …; state 4: nothing there.
        _, port, state, *_ = line.split()
        if int(state) != 4:
            found.append(int(port))
    return found


def unplug_all():
    """Pulls out what is still plugged in."""
    for port in occupied():
        subprocess.run(["usbip", "detach", "-p", str(port)], capture_output=True)
    wait_until(lambda: not (boards() or occupied()), "the kernel lets go of the boards")


def wait_until(condition, what, patience=PATIENCE):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"waited {patience:.0f} s, but not so: {what}"
        time.sleep(0.02)


def check_flash(found, expected, base=0x0800_0000):
    """Compares flash contents byte for byte and says where they part."""
    assert len(found) == len(expected), f"{len(found)} bytes of flash, expected {len(expected)}"
    if found != expected:
        wrong = [at for at, pair in enumerate(zip(found, expected)) if pair[0] != pair[1]]
        first = wrong[0]
        raise AssertionError(
            f"{len(wrong)} bytes of flash are wrong, from {base + first:#010x} to {base + wrong[-1]:#010x}: "
            f"found {found[first:first + 16].hex(' ')}…, expected {expected[first:first + 16].hex(' ')}…"
        )
