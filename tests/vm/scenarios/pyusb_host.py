"""A host written with pyusb straight from AN3156 and DFU 1.1 against the simulator: what the specification says
works, works, and what it forbids is refused in the way it says."""

import struct
import time

import firmware
from dfu import (
    ABORT,
    CLRSTATUS,
    DNBUSY,
    DNLOAD,
    DNLOAD_IDLE,
    DNLOAD_SYNC,
    ERR_STALLEDPKT,
    ERR_TARGET,
    ERROR,
    IDLE,
    MANIFEST,
    OK,
    UPLOAD,
    UPLOAD_IDLE,
    Board,
    expect,
)
from firmware import BLANK, FLASH
from lab import check_flash, wait_gone

BLOCK = 2048


def descriptors_are_those_of_the_rom(lab):
    lab.serve("f405")
    with Board(lab.plug()) as board:
        device = bytes(board.device.ctrl_transfer(0x80, 6, 0x0100, 0, 18))
        assert len(device) == 18 and device[:2] == b"\x12\x01", device.hex(" ")
        assert struct.unpack("<HH", device[8:12]) == (0x0483, 0xDF11)
        configuration = bytes(board.device.ctrl_transfer(0x80, 6, 0x0200, 0, 4096))
        assert struct.unpack("<H", configuration[2:4])[0] == len(configuration), configuration.hex(" ")
        interfaces, functional = [], []
        rest = configuration[configuration[0] :]
        while rest:
            descriptor, rest = rest[: rest[0]], rest[rest[0] :]
            {4: interfaces, 0x21: functional}[descriptor[1]].append(descriptor)
        # DFU 1.1, table 4.4: interface 0, four settings, no endpoints, class FE subclass 1 protocol 2.
        assert [i[:8] for i in interfaces] == [bytes([9, 4, 0, n, 0, 0xFE, 1, 2]) for n in range(4)]
        assert len({i[8] for i in interfaces} - {0}) == 4, "each memory has a string of its own"
        # DFU 1.1, table 4.2: download, upload, will-detach; 255 ms; 2048 bytes; version 1.1a.
        assert set(functional) == {bytes.fromhex("09 21 0b ff 00 00 08 1a 01")}, functional


def the_commands_are_told(lab):
    lab.serve("f405")
    with Board(lab.plug()) as board:
        board.to_idle()
        commands = board.receive(UPLOAD, 0, BLOCK)
        assert commands == bytes([0x00, 0x21, 0x41, 0x92]), commands.hex(" ")
        # An answer shorter than asked for ends the upload (DFU 1.1, A.2.3).
        assert board.state() == IDLE


def a_board_is_erased_written_and_read(lab):
    before = firmware.full(seed=21)
    lab.file("board.bin", before)
    server = lab.serve("f405,flash=board.bin")
    # Three full blocks and a tail, in the fifth sector, which is erased by an address in its middle.
    image = firmware.sample(3 * BLOCK + 100, seed=22)
    start = FLASH + 0x1_0000
    with Board(lab.plug()) as board:
        board.to_idle()
        expect(board.erase(start + 0x1234), (OK, DNLOAD_IDLE))
        expect(board.set_address(start), (OK, DNLOAD_IDLE))
        for block in range(3):
            expect(board.download(2 + block, image[block * BLOCK :][:BLOCK]), (OK, DNLOAD_IDLE))
        expect(board.set_address(start + 3 * BLOCK), (OK, DNLOAD_IDLE))
        expect(board.download(2, image[3 * BLOCK :]), (OK, DNLOAD_IDLE))
        board.send(ABORT)
        check_flash(board.read(start, len(image)), image, start)
    server.stop()
    check_flash(_flash(lab), firmware.programmed(before, (start, image)))


def blocks_far_on_are_at_their_address(lab):
    lab.file("board.bin", firmware.full(seed=23))
    lab.serve("f405,flash=board.bin")
    with Board(lab.plug()) as board:
        board.to_idle()
        expect(board.set_address(FLASH), (OK, DNLOAD_IDLE))
        board.send(ABORT)
        content = firmware.full(seed=23)
        # (wValue - 2) * wTransferSize + address pointer, in any order.
        for block in (2, 401, 513, 3):
            at = (block - 2) * BLOCK
            check_flash(board.receive(UPLOAD, block, BLOCK), content[at : at + BLOCK], FLASH + at)
            assert board.state() == UPLOAD_IDLE
        # Shorter than a block: asked for so, not cut off by the board.
        assert board.receive(UPLOAD, 2, 10) == content[:10]


def mass_erase_erases_main_flash(lab):
    lab.file("board.bin", firmware.full(seed=24))
    server = lab.serve("f405,flash=board.bin")
    with Board(lab.plug()) as board:
        board.to_idle()
        expect(board.mass_erase(), (OK, DNLOAD_IDLE))
    server.stop()
    check_flash(_flash(lab), BLANK)


def programming_only_clears_bits(lab):
    lab.file("board.bin", firmware.sample(BLOCK, seed=25) + BLANK[BLOCK:])
    server = lab.serve("f405,flash=board.bin")
    over = firmware.sample(BLOCK, seed=26)
    with Board(lab.plug()) as board:
        board.to_idle()
        board.set_address(FLASH)
        board.download(2, over)
    server.stop()
    both = bytes(a & b for a, b in zip(firmware.sample(BLOCK, seed=25), over))
    check_flash(_flash(lab), both + BLANK[BLOCK:])


def a_board_that_takes_its_time_is_busy_until_the_work_is_done(lab):
    lab.serve("f405,timing=real")
    with Board(lab.plug()) as board:
        board.to_idle()
        # DS8626: 250 ms for a sector of 16 K.
        board.send(DNLOAD, 0, b"\x41" + struct.pack("<I", FLASH))
        started = time.monotonic()
        status, state, poll = board.status()
        assert (status, state) == (OK, DNBUSY) and 200 <= poll <= 300, f"{status}, {state}, {poll} ms"
        expect(board.status()[:2], (OK, DNBUSY))
        while board.status()[1] == DNBUSY:
            time.sleep(0.01)
        taken = time.monotonic() - started
        assert taken >= 0.24, f"done after {taken * 1000:.0f} ms"
        assert board.state() == DNLOAD_IDLE


def nothing_happens_before_getstatus(lab):
    before = firmware.full(seed=27)
    lab.file("board.bin", before)
    server = lab.serve("f405,flash=board.bin")
    path = lab.plug()
    with Board(path) as board:
        board.to_idle()
        board.send(DNLOAD, 0, b"\x41")
        assert board.state() == DNLOAD_SYNC
    server.stop()
    check_flash(_flash(lab), before)


def addresses_outside_are_err_target(lab):
    before = firmware.full(seed=28)
    lab.file("board.bin", before)
    server = lab.serve("f405,flash=board.bin")
    with Board(lab.plug()) as board:
        for command in (board.set_address, board.erase):
            for address in (0x0810_0000, 0x07FF_FFFF, 0x4000_0000):
                board.to_idle()
                status, state = command(address)
                assert (status, state) == (ERR_TARGET, ERROR), f"{address:#010x}: {status}, {state}"
                # An error stays until it is cleared (DFU 1.1, A.2.11).
                assert board.state() == ERROR
                board.send(CLRSTATUS)
                expect(board.status()[:2], (OK, IDLE))
    server.stop()
    check_flash(_flash(lab), before)


def illegal_requests_stall_into_err_stalledpkt(lab):
    before = firmware.full(seed=29)
    lab.file("board.bin", before)
    server = lab.serve("f405,flash=board.bin")
    with Board(lab.plug()) as board:

        def in_upload_idle():
            board.set_address(FLASH)
            board.send(ABORT)
            board.receive(UPLOAD, 2, BLOCK)
            assert board.state() == UPLOAD_IDLE

        cases = [
            ("UPLOAD in dfuDNLOAD-IDLE", lambda: board.set_address(FLASH), (UPLOAD, 2, b"", BLOCK)),
            ("UPLOAD in dfuDNLOAD-SYNC", lambda: board.send(DNLOAD, 0, b"\x41"), (UPLOAD, 2, b"", BLOCK)),
            ("DNLOAD in dfuDNLOAD-SYNC", lambda: board.send(DNLOAD, 0, b"\x41"), (DNLOAD, 2, b"\0" * 16)),
            ("DNLOAD in dfuUPLOAD-IDLE", in_upload_idle, (DNLOAD, 2, b"\0" * 16)),
            ("a request that DFU doesn't have", lambda: None, (7, 0, b"")),
            ("DNLOAD of more than wTransferSize", lambda: board.set_address(FLASH), (DNLOAD, 2, b"\0" * (BLOCK + 1))),
        ]
        for name, prepare, request in cases:
            board.to_idle()
            prepare()
            assert board.is_stalled(*request), f"{name} is not stalled"
            found = board.status()[:2]
            assert found == (ERR_STALLEDPKT, ERROR), f"after {name}, (bStatus, bState) is {found}"
            board.send(CLRSTATUS)
            expect(board.status()[:2], (OK, IDLE))
            print(f"  stalled: {name}")
        board.to_idle()
        check_flash(board.read(FLASH, BLOCK), before[:BLOCK])
    server.stop()
    check_flash(_flash(lab), before)


def every_memory_is_reached_through_its_own_setting(lab):
    lab.serve("f405")
    path = lab.plug()
    for alternate, (start, length) in enumerate([(FLASH, 64), (0x1FFF_C000, 16), (0x1FFF_7800, 16), (0xFFFF_0000, 4)]):
        with Board(path, alternate) as board:
            board.to_idle()
            assert len(board.read(start, length)) == length


def leave_manifests_and_the_board_is_gone(lab):
    content = firmware.full(seed=30)
    lab.file("board.bin", content)
    lab.serve("f405,flash=board.bin")
    path = lab.plug()
    # The zero-length DNLOAD comes with wValue 0 from some hosts, with 2 from others.
    for block in (0, 2):
        with Board(path) as board:
            board.to_idle()
            board.set_address(FLASH)
            board.send(DNLOAD, block)
            expect(board.status()[:2], (OK, MANIFEST))
            wait_gone(path)
        path = lab.plug()
    with Board(path) as board:
        board.to_idle()
        check_flash(board.read(FLASH, 4096), content[:4096])


def _flash(lab):
    return (lab.folder / "board.bin").read_bytes()
