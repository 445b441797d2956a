"""Boards that misbehave, cables that fail and people who press Ctrl-C, where a timeout and an unplug are real ones."""

import json
import signal
import subprocess

import firmware
from firmware import BLANK, FLASH
from lab import boards, check_flash, wait_until

SERIAL = "336133663433"
IMAGE = firmware.sample(40_000, seed=80)


def a_write_protected_sector_is_exit_9_where_dfu_util_says_done(lab):
    protected = "quirk=write-protected=0x08004000"
    lab.serve(f"f405,flash=board.bin,{protected}")
    lab.plug()
    file = lab.file("app.bin", IMAGE)
    said = lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}", "-D", file).stdout
    assert "File downloaded successfully" in said
    done = lab.run_stdfu("flash", file, "--address", f"{FLASH:#x}", expect=9)
    assert "0x08004000" in done.stderr


def a_flipped_bit_is_exit_9_with_its_address(lab):
    lab.serve("f405,flash=board.bin,quirk=flipped-bit=0x08005123")
    lab.plug()
    file = lab.file("app.bin", IMAGE)
    done = lab.run_stdfu("flash", file, "--address", f"{FLASH:#x}", "--json", expect=9)
    (board,) = json.loads(done.stdout)["boards"]
    assert board["exit"] == 9 and "0x08005123" in board["error"], board


def read_protection_is_exit_10(lab):
    lab.serve("f405,flash=board.bin,quirk=read-protected")
    lab.plug()
    file = lab.file("app.bin", IMAGE)
    done = lab.run_stdfu("flash", file, "--address", f"{FLASH:#x}", expect=10)
    assert "read protection is on" in done.stderr


def a_board_that_is_unplugged_is_exit_8_and_flashing_again_mends_it(lab):
    lab.file("board.bin", firmware.full(seed=81))
    lab.serve("f405,flash=board.bin,fault=unplug@70")
    lab.plug()
    file = lab.file("app.bin", IMAGE)
    done = lab.run_stdfu("flash", file, "--address", f"{FLASH:#x}", expect=8)
    assert "so far 3 sectors erased" in done.stderr, "the work had begun"
    wait_until(lambda: not boards(), "the board is gone")
    assert _flash(lab)[:8] != firmware.full(seed=81)[:8], "the old application could start"
    assert _flash(lab)[:8] != IMAGE[:8], "half of the new application could start"
    lab.plug()
    lab.run_stdfu("flash", file, "--address", f"{FLASH:#x}")
    check_flash(_flash(lab), firmware.programmed(firmware.full(seed=81), (FLASH, IMAGE)))


def control_c_stops_in_good_order_and_flashing_again_mends_it(lab):
    server = lab.serve("f405,flash=board.bin,timing=real")
    lab.plug()
    file = lab.file("app.bin", firmware.sample(200_000, seed=82))
    command = [lab.stdfu, "flash", file, "--address", f"{FLASH:#x}"]
    working = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in working.stderr:
        print(f"  err| {line.rstrip()}")
        if line.startswith("writing"):
            working.send_signal(signal.SIGINT)
            break
    said = working.stderr.read()
    print(said)
    assert working.wait(timeout=30) == 130
    assert "interrupted; so far" in said and "repeat the command" in said
    # It is in dfuIDLE: whoever comes next finds nothing to clear.
    listed = lab.run("dfu-util", "-a", "0", "-s", f"{FLASH:#x}:16", "-U", "part.bin").stdout
    assert "DFU state(2) = dfuIDLE, status(0)" in listed, "the board is not in dfuIDLE"
    lab.run_stdfu("flash", file, "--address", f"{FLASH:#x}")
    server.stop()
    check_flash(_flash(lab), firmware.programmed(BLANK, (FLASH, firmware.sample(200_000, seed=82))))


def leave_is_exit_0_where_the_kernel_sees_the_board_go_and_exit_8_where_it_stays(lab):
    goes = ("f405", "gd32vf103", "f405,quirk=leave=needs-address")
    stays = ("l476,quirk=leave=stays", "f405,quirk=leave=stall")
    server = lab.serve(*goes, *stays)
    for number in range(1, len(goes) + 1):
        path = lab.plug(f"1-{number}")
        lab.run_stdfu("leave", "--path", path)
        assert boards() == [], "it is called started, and is still there"
    for number in range(len(goes) + 1, len(goes) + len(stays) + 1):
        path = lab.plug(f"1-{number}")
        done = lab.run_stdfu("leave", "--path", path, expect=8)
        assert path in boards(), "it is called still there, and is gone"
        assert "starting the application" in done.stderr and done.seconds < 60
    server.stop()


def a_flash_on_a_board_that_stays_is_exit_0_with_a_warning(lab):
    lab.serve("l476,flash=board.bin,quirk=leave=stays")
    lab.plug()
    file = lab.file("app.bin", IMAGE)
    done = lab.run_stdfu("flash", file, "--address", f"{FLASH:#x}", "--json")
    (board,) = json.loads(done.stdout)["boards"]
    assert board["left"] is False and "still in DFU mode" in board["warnings"][-1], board


def read_protection_is_lifted_where_there_is_any(lab):
    before = firmware.full(seed=83)
    for quirk, lifted in (("", False), (",quirk=read-protected", True)):
        lab.file("board.bin", before)
        server = lab.serve(f"f405,flash=board.bin{quirk}")
        lab.plug()
        done = lab.run_stdfu("unprotect", "--yes", "--json")
        (board,) = json.loads(done.stdout)["boards"]
        assert board["unprotected"] is lifted, board
        server.stop()
        check_flash(_flash(lab), BLANK if lifted else before)


def option_bytes_are_read_back_from_a_board_that_comes_back_after_its_reset(lab):
    lab.serve("f405")
    lab.plug()
    with _writing_option_bytes(lab) as writing:
        wait_until(lambda: not boards(), "the chip resets")
        lab.plug()
        said, _ = writing.communicate(timeout=30)
    (board,) = json.loads(said)["boards"]
    assert (writing.returncode, board["verified_bytes"], board["warnings"]) == (0, 16, []), board


def option_bytes_of_a_board_that_stays_away_are_not_called_verified(lab):
    lab.serve("f405")
    lab.plug()
    with _writing_option_bytes(lab) as writing:
        said, _ = writing.communicate(timeout=30)
    (board,) = json.loads(said)["boards"]
    assert (writing.returncode, board["verified_bytes"]) == (0, 0), board
    assert "could not be read back" in board["warnings"][0], board


def _writing_option_bytes(lab):
    file = lab.file("option-bytes.bin", bytes(range(16)))
    options = ["--address", "0x1FFFC000", "--alt", "1", "--yes", "--json"]
    return subprocess.Popen([lab.stdfu, "flash", file, *options], stdout=subprocess.PIPE, text=True)


def waiting_ends_when_the_board_appears(lab):
    lab.serve(f"f405,serial={SERIAL}")
    waiting = subprocess.Popen([lab.stdfu, "serial", "--wait=60"], stdout=subprocess.PIPE, text=True)
    try:
        waiting.wait(timeout=2)
        raise AssertionError("it did not wait")
    except subprocess.TimeoutExpired:
        pass
    lab.plug()
    said, _ = waiting.communicate(timeout=30)
    assert (waiting.returncode, said) == (0, f"{SERIAL}\n"), (waiting.returncode, said)


def waiting_ends_with_exit_3_when_no_board_appears(lab):
    lab.serve("f405")
    lab.run_stdfu("list", "--wait=2", expect=3)


def _flash(lab, name="board.bin"):
    return (lab.folder / name).read_bytes()
