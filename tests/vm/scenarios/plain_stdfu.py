"""Our own binary and devices without DfuSe, through libusb, the kernel and USB/IP: what leaves the bus there is really
gone, and what comes back has been enumerated by a kernel."""

import contextlib
import json

import firmware
from lab import address, boards, check_flash, unplug_all, wait_until
from plain_boards import BOARDS, MAPLE, PLUTO, TINYUSB, UBERTOOTH, UBOOT, ZEPHYR, busid


def every_board_is_listed_with_what_it_can(lab):
    lab.serve(*(board.spec() for board in BOARDS))
    paths = [lab.plug(busid(number)) for number in range(len(BOARDS))]
    listed = json.loads(lab.run_stdfu("list", "--json").stdout)["boards"]
    assert [board["path"] for board in listed] == paths
    for board, found in zip(BOARDS, listed):
        vendor, product = (int(number, 16) for number in board.ids.split(":"))
        expected = {
            "protocol": "dfu",
            "serial": board.serial,
            "vendor_id": vendor,
            "product_id": product,
            "transfer_size": board.block,
            "can_download": True,
            "can_upload": board.uploads,
            "manifestation_tolerant": board.tolerant,
        }
        for name, value in expected.items():
            assert found[name] == value, f"{board.name}: {name} is {found[name]!r}, expected {value!r}"
        assert (found["bus"], found["device"]) == address(found["path"])
        memories = [(memory["alt"], memory["name"]) for memory in found["memories"]]
        assert (board.memory.alt, board.memory.name) in memories, f"{board.name} has {memories}"


def every_board_is_flashed_and_seen_off(lab):
    server = lab.serve(*(board.spec() for board in BOARDS))
    for number, board in enumerate(BOARDS):
        image = board.image(seed=100 + number)
        file = lab.file("app.bin", image)
        path = lab.plug(busid(number))
        # An application without USB never comes to the port; a board that is plugged in by hand is in DFU mode.
        with lab.stay_plugged(busid(number)) if board.application else contextlib.nullcontext():
            done = lab.run_stdfu("flash", file, "--alt", board.memory.alt, "--json")
        (result,) = json.loads(done.stdout)["boards"]
        verified = board.uploads and board.tolerant
        expected = {
            "exit": 0,
            "error": None,
            "path": path,
            "serial": board.serial,
            "written_bytes": len(image),
            "verified_bytes": len(image) if verified else 0,
            "accepted": not verified,
            "retries": 0,
            "left": not board.stays,
        }
        for name, value in expected.items():
            assert result[name] == value, f"{board.name}: {name} is {result[name]!r}, expected {value!r}"
        assert result.get("started_as") == board.application, f"{board.name}: {result.get('started_as')}"
        there = bool(board.application) or board.stays
        assert boards() == [path] * there, f"{board.name} {'is gone' if there else 'is still there'}"
        check_flash(board.stored(lab), board.holding(image), base=0)
        unplug_all()
    server.stop()


def boards_stay_when_told_to_and_are_verified_read_and_left(lab):
    chosen = (UBOOT, PLUTO, ZEPHYR, UBERTOOTH)
    server = lab.serve(*(board.spec() for board in chosen))
    for number, board in enumerate(chosen):
        alt = ("--alt", board.memory.name)
        image = board.image(seed=120 + number)
        other = image[:-1] + bytes([image[-1] ^ 1])
        file = lab.file("app.bin", image)
        path = lab.plug(busid(number))
        done = lab.run_stdfu("flash", file, *alt, "--stay", "--json")
        (result,) = json.loads(done.stdout)["boards"]
        assert (result["left"], result["verified_bytes"]) == (False, len(image)), result
        assert boards() == [path]
        lab.run_stdfu("verify", file, *alt)
        done = lab.run_stdfu("verify", lab.file("other.bin", other), *alt, "--json", expect=9)
        (result,) = json.loads(done.stdout)["boards"]
        assert f"{len(image) - 1:#x}" in result["error"], result["error"]
        # What isn't there, is sent: the upload before it is no obstacle.
        done = lab.run_stdfu("flash", "other.bin", *alt, "--stay", "--if-different", "--json")
        (result,) = json.loads(done.stdout)["boards"]
        assert (result["written_bytes"], result["retries"]) == (len(image), 0), result
        done = lab.run_stdfu("flash", "other.bin", *alt, "--stay", "--if-different", "--json")
        (result,) = json.loads(done.stdout)["boards"]
        assert (result["written_bytes"], result["skipped_bytes"]) == (0, len(image)), result
        lab.run_stdfu("read", "read.bin", *alt)
        start, size = board.memory.start, board.memory.size
        check_flash((lab.folder / "read.bin").read_bytes(), board.holding(other)[start:][:size], base=0)
        with lab.stay_plugged(busid(number)) if board.application else contextlib.nullcontext():
            done = lab.run_stdfu("leave", "--json", expect=8 if board.stays else 0)
        (result,) = json.loads(done.stdout)["boards"]
        assert result.get("started_as") == board.application, result
        assert boards() == [path] * (bool(board.application) or board.stays)
        check_flash(board.stored(lab), board.holding(other), base=0)
        unplug_all()
    server.stop()


def several_memories_are_flashed_in_turn(lab):
    contents = {name: firmware.sample(9000, seed=130 + n) for n, name in enumerate(("boot.dfu", "uboot-env.dfu"))}
    server = lab.serve(PLUTO.spec())
    path = lab.plug()
    for name, content in contents.items():
        lab.run_stdfu("flash", lab.file(name, content), "--format", "bin", "--alt", name, "--stay")
    assert boards() == [path]
    server.stop()
    flash = PLUTO.stored(lab)
    check_flash(flash[:9000], contents["boot.dfu"], base=0)
    check_flash(flash[896 << 10 :][:9000], contents["uboot-env.dfu"], base=0)


def an_application_is_followed_into_dfu_mode_at_its_port_whatever_its_ids_and_serial_number_become(lab):
    """Each as its maker has it, and with what else was seen in applications."""
    chosen = (
        (PLUTO, "quirk=runtime=other-serial"),
        (UBERTOOTH, "quirk=runtime-alternate=1"),
        (MAPLE, "quirk=runtime-interface=3"),
        (TINYUSB, "quirk=runtime=no-status"),
        (ZEPHYR, "quirk=detach-takes=7"),
    )
    server = lab.serve(*(board.spec("quirk=application", quirk) for board, quirk in chosen))
    for number, (board, _) in enumerate(chosen):
        image = board.image(seed=140 + number)
        file = lab.file("app.bin", image)
        path = lab.plug(busid(number))
        listed = json.loads(lab.run_stdfu("list", "--json", expect=3).stdout)
        assert listed["boards"] == [], listed
        (other,) = listed["others"]
        application = f"{other['vendor_id']:04x}:{other['product_id']:04x}"
        assert (other["path"], other["reason"]) == (path, "is running its application"), other
        with lab.stay_plugged(busid(number)):
            options = ("--path", path, "--alt", board.memory.alt, "--enter-dfu=detach", "--json")
            done = lab.run_stdfu("flash", file, *options)
            (result,) = json.loads(done.stdout)["boards"]
            assert (result["exit"], result["written_bytes"], result["path"]) == (0, len(image), path), result
            assert result.get("started_as") == board.application, result
            if board.application:
                assert application == board.application
        check_flash(board.stored(lab), board.holding(image), base=0)
        unplug_all()
    server.stop()


def detach_ends_when_the_board_can_be_opened_in_dfu_mode(lab):
    chosen = (PLUTO, UBERTOOTH)
    server = lab.serve(*(board.spec("quirk=application", "quirk=runtime=other-serial") for board in chosen))
    for number, board in enumerate(chosen):
        path = lab.plug(busid(number))
        with lab.stay_plugged(busid(number)):
            lab.run_stdfu("detach")
            (found,) = json.loads(lab.run_stdfu("list", "--json").stdout)["boards"]
        assert (found["path"], found["serial"]) == (path, board.serial), found
        assert f"{found['vendor_id']:04x}:{found['product_id']:04x}" == board.ids
        unplug_all()
    server.stop()

