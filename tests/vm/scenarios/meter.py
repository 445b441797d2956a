"""Counts what goes over the bus: a relay between the kernel and the USB/IP server.

It takes time, so it is never there when time is measured. Numbers of requests and bytes don't depend on time.
"""

import contextlib
import functools
import selectors
import socket
import struct
import threading

from lab import ADDRESS

PORT = 3241
# The kernel's usbip_protocol: OP_REQ_IMPORT, OP_REP_IMPORT with a device, and the header of all that follows.
IMPORT_REQUEST, IMPORT_REPLY, HEADER = 40, 320, 48
CMD_SUBMIT, RET_SUBMIT = 1, 3
OUT = 0


class Meter:
    """Listens on PORT from the beginning on; `requests` and `payload`, in bytes, only grow."""

    def __init__(self):
        self.requests = 0
        self.payload = 0
        self._ready = selectors.DefaultSelector()
        listener = socket.create_server((ADDRESS[0], PORT))
        self._ready.register(listener, selectors.EVENT_READ, functools.partial(self._import, listener))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            for key, _ in self._ready.select():
                # Closed by what came before it, perhaps.
                if key.fileobj.fileno() >= 0:
                    key.data()

    def _import(self, listener):
        kernel, _ = listener.accept()
        server = socket.create_connection(ADDRESS)
        outward = {}
        ways = (kernel, server, _Parts(self._requests(outward))), (server, kernel, _Parts(self._answers(outward)))
        for source, sink, parts in ways:
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            relay = functools.partial(self._relay, source, sink, parts)
            self._ready.register(source, selectors.EVENT_READ, relay)

    def _relay(self, source, sink, parts):
        """Passes on first, counts then: by the time of the next transfer that is done."""
        with contextlib.suppress(OSError):
            data = source.recv(1 << 16)
            if data:
                sink.sendall(data)
                parts.take(data)
                return
        for end in (source, sink):
            self._ready.unregister(end)
            end.close()

    def _requests(self, outward):
        """Says how many bytes it wants next, and is given them; `outward` learns which transfers carry data out."""
        yield IMPORT_REQUEST
        while True:
            header = yield HEADER
            command, sequence, _, direction, _, _, length = struct.unpack_from(">7I", header)
            if command == CMD_SUBMIT:
                self.requests += 1
                outward[sequence] = direction == OUT
                if direction == OUT:
                    self.payload += length
                    yield length

    def _answers(self, outward):
        yield IMPORT_REPLY
        while True:
            header = yield HEADER
            command, sequence, _, _, _, _, length = struct.unpack_from(">7I", header)
            if command == RET_SUBMIT and not outward.pop(sequence):
                self.payload += length
                yield length


class _Parts:
    """Cuts a stream into what a generator asks for."""

    def __init__(self, generator):
        self._generator = generator
        self._wanted = next(generator)
        self._rest = b""

    def take(self, data):
        data = self._rest + data
        while len(data) >= self._wanted:
            part, data = data[: self._wanted], data[self._wanted :]
            self._wanted = self._generator.send(part)
        self._rest = data
