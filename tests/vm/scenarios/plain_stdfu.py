"""Our own binary and devices without DfuSe, through libusb, the kernel and USB/IP: what leaves the bus there is really
gone, and what comes back has been enumerated by a kernel."""

import json
import threading

import firmware
import stranger
from lab import ADDRESS, address, attach, boards, check_flash, occupied, unplug_all, wait_until
from plain_boards import BOARDS, DAPBOOT, PLUTO, TINYUSB, UBERTOOTH, UBOOT, XMOS, ZEPHYR, busid, plug_in, with_applications


def every_board_is_listed_with_what_it_can_flashed_and_seen_off(lab):
    server, paths = plug_in(lab, *(board.spec() for board in BOARDS))
    _check_list(lab, paths)

    def flash(board, path):
        image = board.image(seed=101)
        file = lab.file(f"{board.name}.app", image)
        done = lab.run_stdfu("flash", file, "--path", path, "--alt", board.memory.alt, "--json")
        verified = board.uploads and board.tolerant
        result = _expect(
            board,
            _only(done),
            exit=0,
            error=None,
            serial=board.serial,
            path=path,
            written_bytes=len(image),
            verified_bytes=len(image) if verified else 0,
            accepted=not verified,
            retries=0,
            left=not board.stays,
        )
        assert result.get("started_as") == board.application, f"{board.name}: {result}"
        is_there, expected = path in boards(), bool(board.application) or board.stays
        assert is_there == expected, f"{board.name} is {'still there' if is_there else 'gone'}"
        check_flash(board.stored(lab), board.holding(image), base=0)

    with lab.stay_plugged(*with_applications(BOARDS)):
        lab.at_once(flash, BOARDS, paths)
    server.stop()


def boards_stay_when_told_to_and_are_verified_read_and_left(lab):
    chosen = (UBOOT, XMOS)
    server, paths = plug_in(lab, *(board.spec() for board in chosen))

    def work(board, path):
        at = ("--path", path, "--alt", board.memory.name)
        image = board.image(seed=102)
        other = image[:-1] + bytes([image[-1] ^ 1])
        file, other_file = lab.file(f"{board.name}.app", image), lab.file(f"{board.name}.other", other)
        done = lab.run_stdfu("flash", file, *at, "--stay", "--json")
        _expect(board, _only(done), left=False, verified_bytes=len(image))
        assert path in boards()
        lab.run_stdfu("verify", file, *at)
        done = lab.run_stdfu("verify", other_file, *at, "--json", expect=9)
        assert f"{len(image) - 1:#x}" in _only(done)["error"], _only(done)
        # What isn't there is sent, and what is isn't.
        done = lab.run_stdfu("flash", other_file, *at, "--stay", "--if-different", "--json")
        _expect(board, _only(done), written_bytes=len(image), verified_bytes=len(image))
        done = lab.run_stdfu("flash", other_file, *at, "--stay", "--if-different", "--json")
        _expect(board, _only(done), written_bytes=0, skipped_bytes=len(image))
        lab.run_stdfu("read", f"{board.name}.bin.read", *at, "--format", "bin")
        check_flash((lab.folder / f"{board.name}.bin.read").read_bytes(), board.given(other), base=0)
        done = lab.run_stdfu("leave", "--path", path, "--json")
        assert _only(done).get("started_as") == board.application, _only(done)
        assert (path in boards()) == bool(board.application)
        check_flash(board.stored(lab), board.holding(other), base=0)

    with lab.stay_plugged(*with_applications(chosen)):
        lab.at_once(work, chosen, paths)
    server.stop()


def several_memories_are_flashed_in_turn(lab):
    contents = {name: firmware.sample(9000, seed=130 + n) for n, name in enumerate(("boot.dfu", "uboot-env.dfu"))}
    server, (path,) = plug_in(lab, PLUTO.spec("quirk=manifest-takes=1"))
    for name, content in contents.items():
        lab.run_stdfu("flash", lab.file(name, content), "--format", "bin", "--alt", name, "--stay")
    assert boards() == [path]
    server.stop()
    flash = PLUTO.stored(lab)
    check_flash(flash[:9000], contents["boot.dfu"], base=0)
    check_flash(flash[896 << 10 :][:9000], contents["uboot-env.dfu"], base=0)


def an_application_is_followed_into_dfu_mode_at_its_port_whatever_becomes_of_its_ids_and_serial_number(lab):
    """Each as its maker has it, with something that was seen in applications."""
    # How soon after DETACH a kernel resets the port depends on how fast this machine is.
    slowly = "quirk=detach-timeout=5000"
    chosen = {
        PLUTO: ("quirk=runtime=other-serial",),
        UBERTOOTH: ("quirk=runtime-alternate=1",),
        XMOS: ("quirk=runtime-interface=5", slowly),
        TINYUSB: ("quirk=runtime=no-status", "quirk=will-detach=no", slowly),
        ZEPHYR: ("quirk=detach-takes=7", slowly),
    }
    applications = ("0456:b673", "1d50:6002", "20b1:0008", "cafe:4000", "2fe3:0100")
    specs = (board.spec("quirk=application", *quirks) for board, quirks in chosen.items())
    server, paths = plug_in(lab, *specs)
    listed = json.loads(lab.run_stdfu("list", "--json", expect=3).stdout)
    assert listed["boards"] == [], listed
    found = [(other["path"], f"{other['vendor_id']:04x}:{other['product_id']:04x}") for other in listed["others"]]
    assert found == list(zip(paths, applications)), found

    def flash(board, path):
        image = board.image(seed=103)
        file = lab.file(f"{board.name}.app", image)
        options = ("--path", path, "--alt", board.memory.alt, "--enter-dfu=detach", "--json")
        done = lab.run_stdfu("flash", file, *options)
        result = _expect(board, _only(done), exit=0, path=path, serial=board.serial, written_bytes=len(image))
        assert result.get("started_as") == board.application, result
        check_flash(board.stored(lab), board.holding(image), base=0)

    with lab.stay_plugged(*(busid(number) for number in range(len(chosen)))):
        lab.at_once(flash, chosen, paths)
    server.stop()


def detach_ends_when_the_board_can_be_opened_in_dfu_mode(lab):
    _, (path,) = plug_in(lab, PLUTO.spec("quirk=application", "quirk=runtime=other-serial"))
    with lab.stay_plugged():
        lab.run_stdfu("detach")
        (found,) = json.loads(lab.run_stdfu("list", "--json").stdout)["boards"]
    _expect(PLUTO, found, path=path, serial=PLUTO.serial, vendor_id=0x0456, product_id=0xB674)


def _check_list(lab, paths):
    listed = json.loads(lab.run_stdfu("list", "--json").stdout)["boards"]
    assert [board["path"] for board in listed] == paths
    for board, found in zip(BOARDS, listed):
        vendor, product = (int(number, 16) for number in board.ids.split(":"))
        _expect(
            board,
            found,
            protocol="dfu",
            serial=board.serial,
            vendor_id=vendor,
            product_id=product,
            transfer_size=board.block,
            can_download=True,
            can_upload=board.uploads,
            manifestation_tolerant=board.tolerant,
        )
        assert (found["bus"], found["device"]) == address(found["path"])
        memories = [(memory["alt"], memory["name"]) for memory in found["memories"]]
        assert (board.memory.alt, board.memory.name) in memories, f"{board.name} has {memories}"


def an_application_that_knows_no_dfu_is_told_by_its_ids(lab):
    _, (path,) = plug_in(lab, DAPBOOT.spec())
    file = lab.file("app.bin", DAPBOOT.image(seed=107))

    def application():
        wait_until(lambda: not occupied(), "the bootloader leaves")
        attach("1-1", 0, (ADDRESS[0], stranger.PORT))

    with stranger.served():
        other = threading.Thread(target=application)
        other.start()
        done = lab.run_stdfu("flash", file, "--json")
        other.join()
        _expect(DAPBOOT, _only(done), exit=0, left=True, accepted=True, started_as="1209:0001")
        wait_until(lambda: boards() == [path], "the application is there")
        unplug_all()


def _only(done):
    """What is said of the only board."""
    (board,) = json.loads(done.stdout)["boards"]
    return board


def _expect(board, found, **expected):
    for name, value in expected.items():
        assert found[name] == value, f"{board.name}: {name} is {found[name]!r}, expected {value!r}"
    return found
