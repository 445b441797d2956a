//! What a device gives back, and whether it is believed.

use super::*;
use crate::run::bytes;

/// What was in the slot behind the image comes too, and is nobody's affair.
#[test]
fn a_zephyr_that_gives_its_whole_slot_is_compared_as_far_as_the_file_goes() {
    let device = Device::of("zephyr");
    let file = program();
    let result = device.result(&format!("flash {} --alt 1 --stay", file.path()), 0);
    is_verified(&result);
    let result = device.result(&format!("verify {} --alt 1", file.path()), 0);
    assert_eq!(result["verified_bytes"], 5000);
}

#[test]
fn an_xmos_that_gives_the_image_alone_is_compared() {
    let device = Device::of("xmos");
    // Nothing behind it that would be given, too.
    device.flash.put(&vec![0xFF; size("xmos")]);
    let file = program();
    let result = device.result(&format!("flash {}", file.path()), 0);
    is_verified(&result);
    started_as(&result, Some("20b1:0008"));
}

#[test]
fn a_u_boot_that_gives_nothing_has_accepted() {
    let result = flashes("uboot,quirk=upload=nothing", "", 0);
    is_accepted(&result);
}

#[test]
fn a_u_boot_that_promises_an_upload_and_refuses_it_has_accepted() {
    let device = Device::of("uboot,quirk=upload=stall");
    let file = program();
    device.run(&format!("flash {}", file.path())).says(
        0,
        "OK  0123456789ABCDEF at 1-1  4.9 KiB sent, accepted, started  6.1 s\n    the device accepted it; it can't be read back\n",
        "writing 4.9 KiB\nwaiting for the device to finish\nverifying 4.9 KiB\n\
         comparing block 0: the board answered errSTALLEDPKT in dfuERROR; trying again\n\
         verifying 4.9 KiB\nstarting the application\n",
    );
    device.has(0, &file.bytes);
}

#[test]
fn a_u_boot_that_promises_an_upload_and_refuses_it_can_not_be_compared_or_read() {
    let device = Device::of("uboot,quirk=upload=stall");
    let refusal = "the board says that it can be read, but refuses each time: the board answered errSTALLEDPKT in dfuERROR";
    let hint = "Unplug the device, put it into DFU mode again and repeat the command.\n\
                Some devices say that they can be read, but refuse: those can only be flashed.\n\
                If it happens again: --record FILE records it, for a report.";
    let file = program();
    let result = device.result(&format!("verify {}", file.path()), 8);
    assert_eq!(
        result["error"],
        format!("comparing block 0: {refusal}").as_str()
    );
    assert_eq!(result["hint"], hint);
    let result = device.result("read out.bin", 8);
    assert_eq!(
        result["error"],
        format!("reading block 0: {refusal}; no file was written").as_str()
    );
    assert_eq!(result["hint"], hint);
}

/// What would have been called done without a look.
#[test]
fn an_ubertooth_that_keeps_nothing_of_what_it_takes_is_found_out() {
    let device = Device::of("ubertooth,quirk=writes-nothing=0");
    let file = program();
    let run = device.run(&format!("flash {}", file.path()));
    assert_eq!(run.exit, 9, "{run:?}");
    let at_0 = (device.flash.before()[0], file.bytes[0]);
    let error = format!(
        "error: 08F00003 at 1-1: verification failed: at offset 0x0 there is {:#04x} where {:#04x} should be; \
         5000 of 5000 bytes were sent\n\
         hint: Repeat the command. If it differs again, the device has stored something else.\n      If it happens again: --record FILE records it, for a report.\n",
        at_0.0, at_0.1
    );
    assert!(run.stderr.ends_with(&error), "{run:?}");
    // And with --no-verify it is not.
    let result = device.result(&format!("flash {} --no-verify", file.path()), 0);
    is_accepted(&result);
}

#[test]
fn a_mcuboot_that_keeps_nothing_can_not_be_found_out_and_is_not_called_verified() {
    let device = Device::of("mcuboot,quirk=writes-nothing=0");
    let file = program();
    let run = device.run(&format!("flash {}", file.path()));
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("the device accepted it; it can't be read back"),
        "{run:?}"
    );
    assert!(!run.stdout.contains("verified"), "{run:?}");
}

/// An UPLOAD before the block of no bytes would end the download.
#[test]
fn nothing_is_read_before_a_pluto_is_done_with_it() {
    let device = Device::of("pluto");
    let file = program();
    let transfers = device.transfers(&format!("flash {}", file.path()));
    let last = |name: &str| {
        transfers
            .iter()
            .rposition(|transfer| transfer.starts_with(name))
    };
    let first = transfers
        .iter()
        .position(|transfer| transfer.starts_with("UPLOAD"));
    assert!(first > last("DNLOAD"), "{transfers:#?}");
}

#[test]
fn verify_tells_the_first_offset_that_differs() {
    let device = Device::of("uboot");
    let mut file = device.flash.before()[..10_000].to_vec();
    let right = Firmware::of(file.clone(), "right.bin");
    device.run(&format!("verify {}", right.path())).says(
        0,
        "OK  0123456789ABCDEF at 1-1  9.8 KiB verified, all the same  0.0 s\n",
        "verifying 9.8 KiB\n",
    );
    file[5001] ^= 1;
    let wrong = Firmware::of(file.clone(), "wrong.bin");
    device.run(&format!("verify {}", wrong.path())).says(
        9,
        "",
        &format!(
            "verifying 9.8 KiB\nerror: 0123456789ABCDEF at 1-1: verification failed: at offset 0x1389 there is \
             {:#04x} where {:#04x} should be\nhint: `stdfu flash` sends it again.\n      If it happens again: --record FILE records it, for a report.\n",
            file[5001] ^ 1,
            file[5001]
        ),
    );
    device.flash.is_untouched();
}

#[test]
fn what_an_embassy_can_not_do_is_told_before_it_is_asked() {
    let device = Device::of("embassy");
    let file = program();
    for command in ["verify", "flash --must-verify", "flash --if-different"] {
        device.run(&format!("{command} {}", file.path())).says(
            7,
            "",
            "error: 1235678 at 1-1: this device can't be read back\n\
             hint: It can only be flashed: `stdfu flash`, without --must-verify and --if-different.\n",
        );
    }
    let result = device.result("read out.bin", 7);
    assert_eq!(result["error"], "this device can't be read back");
    device.flash.is_untouched();
}

#[test]
fn all_of_a_slot_is_read_into_a_raw_file_or_to_stdout() {
    let device = Device::of("zephyr");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let out = directory.path().join("slot.bin");
    let run = device.run(&format!("read {} --alt image_1", out.display()));
    run.says(
        0,
        &format!(
            "OK  3539361234567890 at 1-1  256 KiB read into {}  0.0 s\n",
            out.display()
        ),
        "reading\n",
    );
    let slot = &device.flash.before()[256 << 10..];
    assert!(std::fs::read(&out).expect("a file") == slot);
    let output = stdfu("--sim")
        .arg(device.flash.board("zephyr"))
        .args("read - --alt 1 --twice")
        .into_command()
        .output()
        .expect("it runs");
    assert!(output.stdout == slot);
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        stderr.contains("256 KiB read into stdout, twice, and the same both times"),
        "{stderr}"
    );
}

/// What is read into a .dfu file can be flashed again: its suffix has the device's ids.
#[test]
fn a_slot_that_is_read_into_a_dfu_file_has_a_suffix_and_goes_back() {
    let device = Device::of("pluto");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let out = directory.path().join("env.dfu");
    let result = device.result(&format!("read {} --alt uboot-env.dfu", out.display()), 0);
    assert_eq!(result["read_bytes"], 128 << 10);
    assert_eq!(result["format"], "dfu");
    let file = std::fs::read(&out).expect("a file");
    let env = &device.flash.before()[896 << 10..1 << 20];
    assert!(file[..128 << 10] == *env);
    // bcdDevice 0, idProduct b674, idVendor 0456, bcdDFU 0100.
    assert_eq!(
        file[128 << 10..][..12],
        *b"\x00\x00\x74\xb6\x56\x04\x00\x01UFD\x10"
    );
    device.flash.patch(896 << 10, &[0; 4096]);
    let result = device.result(&format!("flash {} --alt uboot-env.dfu", out.display()), 0);
    assert_eq!(result["verified_bytes"], 128 << 10);
    device.flash.is_untouched();
}

#[test]
fn a_format_with_addresses_is_refused_before_anything_is_read() {
    let device = Device::of("zephyr");
    for format in ["hex", "srec"] {
        device.run(&format!("read out.{format}")).says(
            7,
            "",
            &format!(
                "error: 3539361234567890 at 1-1: a {format} file needs addresses, and a device that speaks plain DFU has \
                 none\nhint: Write a .bin file, or a .dfu file, which has a DFU suffix.\n"
            ),
        );
    }
}

#[test]
fn an_xmos_gives_the_factory_image_and_no_more() {
    let device = Device::of("xmos");
    let mut flash = vec![0xFF; size("xmos")];
    let image = bytes(3000, 7);
    flash[..3000].copy_from_slice(&image);
    device.flash.put(&flash);
    let output = stdfu("--sim")
        .arg(device.flash.board("xmos"))
        .args("read -")
        .into_command()
        .output()
        .expect("it runs");
    assert!(output.stdout == image);
}
