"""labgrid's DFUDriver, unchanged, as a test farm runs it: with dfu-util, and with stdfu under dfu-util's name. labgrid finds
boards through udev, so udev's daemon runs meanwhile."""

import logging
import shutil

import firmware
import udev
from firmware import BLANK, FLASH
from lab import check_flash, wait_gone
from plain_boards import UBOOT, plug_in

F405 = "336133663433"
CONFIG = f"""\
targets:
  f405:
    resources:
      DFUDevice: {{match: {{ID_SERIAL_SHORT: '{F405}'}}}}
    drivers:
      DFUDriver: {{}}
  uboot:
    resources:
      DFUDevice: {{match: {{ID_SERIAL_SHORT: '{UBOOT.serial}'}}}}
    drivers:
      DFUDriver: {{}}
tools:
  dfu-util: TOOL
"""


def labgrid_lists_downloads_and_detaches_with_dfu_util(lab):
    _drive(lab, shutil.which("dfu-util"))


def labgrid_lists_downloads_and_detaches_with_stdfu_under_dfu_utils_name(lab):
    link = lab.folder / "bin" / "dfu-util"
    link.parent.mkdir()
    link.symlink_to(lab.stdfu)
    _drive(lab, link)


def _drive(lab, tool):
    """Each of the driver's three methods, on the boards they are for."""
    application, environment = firmware.sample(9001, seed=131), UBOOT.image(seed=132)
    with udev.running(lab):
        server, paths = plug_in(lab, f"f405,serial={F405},flash=board.bin", UBOOT.spec())
        said, driver = _labgrid(lab, tool)

        driver("f405").list()
        driver("uboot").list()
        layout = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"
        for path, alt, name in ((paths[0], 0, layout), (paths[1], 2, "rootfs")):
            listed = [line for line in said if f'path="{path}", alt={alt}, name="{name}"' in line]
            assert len(listed) == 1 and listed[0].startswith("Found DFU: ["), f"{name} is not listed once"

        driver("f405").download(0, lab.file("app.dfu", firmware.dfuse((FLASH, application))))
        assert "Done parsing DfuSe file" in said
        driver("uboot").download(UBOOT.memory.name, lab.file("uboot.env", environment))
        assert "Done!" in said
        driver("uboot").detach(UBOOT.memory.alt)
        wait_gone(paths[1])
        server.stop()
    check_flash((lab.folder / "board.bin").read_bytes(), firmware.programmed(BLANK, (FLASH, application)))
    check_flash(UBOOT.stored(lab), UBOOT.holding(environment), base=0)


def _labgrid(lab, tool):
    """What its programs say, line by line and growing; and what gives a target's driver, once its board is there."""
    # Only here: that alone takes longer than many a scenario.
    from labgrid import Environment
    from labgrid.util.helper import processwrapper

    # Otherwise it prints what its programs say by itself, too.
    logging.getLogger("Process").setLevel(logging.INFO)
    said = []

    def hear(part, _process):
        said.append(part.decode().strip("\n"))
        print(f"  labgrid| {said[-1]}")

    processwrapper.callbacks[:] = [hear]
    environment = Environment(str(lab.file("env.yaml", CONFIG.replace("TOOL", str(tool)).encode())))
    return said, lambda target: environment.get_target(target).get_driver("DFUDriver")
