//! `-D`: what is in flash afterwards, what is said, and how it ends.

use super::called::{Bench, screen, with_f405};
use crate::firmware::Firmware;

/// What is said of 5000 bytes at 0x08000000 once they are there.
const FLASHED: &str = "\
DfuSe interface name: \"Internal Flash  \"
Downloading element to address = 0x08000000, size = 5000
Erase   \t[=========================] 100%         5000 bytes
Erase    done.
Download\t[=========================] 100%         5000 bytes
Download done.
File downloaded successfully
";
const LOST: &str = "dfu-util: Warning: 11384 bytes that were in the same sectors, and are not in the file, were erased\n";

#[test]
fn a_raw_file_is_written_and_the_board_stays() {
    let bench = Bench::f405();
    let application = bench.application(5000);
    for (arguments, warnings) in [
        ("-a 0 -s 0x08000000 -D app.bin", LOST),
        ("-a0 -s134217728 -Dapp.bin", ""),
        ("--alt=0 --dfuse-address 0x8000000 --download=app.bin", ""),
    ] {
        let run = bench.run(arguments);
        let said = screen(&run.stdout);
        crate::run::assert_text("stdout", &said, &with_f405(FLASHED));
        assert_eq!((run.exit, run.stderr.as_str()), (0, warnings));
        bench.flash.holds(&bench.programmed(0, &application));
    }
}

#[test]
fn it_is_started_where_leave_says_so_and_that_is_exit_0() {
    let bench = Bench::f405();
    bench.application(5000);
    let run = bench.run("-a 0 -s 0x08000000:leave -D app.bin -R");
    let left =
        format!("{FLASHED}Submitting leave request...\nTransitioning to dfuMANIFEST state\n");
    crate::run::assert_text("stdout", &screen(&run.stdout), &with_f405(&left));
    assert_eq!(run.exit, 0);
}

#[test]
fn progress_is_drawn_in_one_line_and_full_only_once_all_is_checked() {
    let bench = Bench::f405();
    bench.application(60_000);
    let run = bench.run("-a 0 -s 0x08000000 -D app.bin");
    for name in ["Erase   ", "Download"] {
        let drawn = run.stdout.matches(&format!("\r{name}\t[")).count();
        assert!(drawn > 5, "{name} is drawn {drawn} times");
        let full = format!(
            "\r{name}\t[=========================] 100%        60000 bytes\n{name} done.\n"
        );
        assert_eq!(run.stdout.matches(&full).count(), 1, "{}", run.stdout);
    }
    let broken = Bench::new("f405,quirk=flipped-bit=0x08000104", 1 << 20);
    broken.application(5000);
    let run = broken.run("-a 0 -s 0x08000000 -D app.bin");
    assert_eq!(run.exit, 74, "{}", run.stderr);
    for word in [
        "Download done.",
        "100%         5000 bytes\nDownload",
        "successfully",
    ] {
        assert!(!run.stdout.contains(word), "{word} in {}", run.stdout);
    }
}

#[test]
fn a_dfuse_file_goes_to_its_addresses() {
    let bench = Bench::f405();
    let application = bench.application(3000);
    let file = Firmware::dfuse(&[(0, 0x0800_4000, &application)]);
    bench.put("made.dfu", &file.bytes);
    let run = bench.run("-D made.dfu");
    let lines: Vec<String> = screen(&run.stdout)
        .lines()
        .skip(3)
        .map(str::to_owned)
        .collect();
    let expected = "\
Match vendor ID from file: 0483
Match product ID from file: df11
Multiple alternate interfaces for DfuSe file
Opening DFU capable USB device...
Device ID 0483:df11
Device DFU version 011a
Claiming USB DFU Interface...
Determining device status...
DFU state(2) = dfuIDLE, status(0) = No error condition is present
DFU mode device DFU version 011a
Device returned transfer size 2048
DfuSe interface name: \"Device Feature\"
DfuSe interface name: \"OTP Memory \"
DfuSe interface name: \"Option Bytes  \"
DfuSe interface name: \"Internal Flash  \"
File contains 1 DFU images
Parsing DFU image 1
No target name
Image for alternate setting 0, (1 elements, total size = 3008)
Setting Alternate Interface #0 ...
Parsing element 1, address = 0x08004000, size = 3000
Erase   \t[=========================] 100%         3000 bytes
Erase    done.
Download\t[=========================] 100%         3000 bytes
Download done.
Done parsing DfuSe file";
    assert_eq!(lines.join("\n"), expected);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    bench.flash.holds(&bench.programmed(0x4000, &application));
}

#[test]
fn a_device_without_dfuse_takes_a_file_and_stays_or_is_reset() {
    let bench = Bench::new("uboot", 4 << 20);
    bench.application(5000);
    let run = bench.run("-a 0 -D app.bin");
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    // LAVA looks for these two lines, one right after the other.
    let end = "No error condition is present\nDone!\n";
    assert!(run.stdout.ends_with(end), "{}", run.stdout);
    let run = bench.run("-a 0 -D app.bin -R");
    assert_eq!(run.exit, 0);
    let end = format!("{end}Resetting USB to switch back to Run-Time mode\n");
    assert!(run.stdout.ends_with(&end), "{}", run.stdout);
}

#[test]
fn a_mass_erase_and_a_start_need_no_file() {
    let bench = Bench::f405();
    let run = bench.run("-a 0 -s :mass-erase:force");
    let lines = "\
DfuSe interface name: \"Internal Flash  \"
Performing mass erase, this can take a moment
DfuSe command mode
";
    run.says(0, &with_f405(lines), "");
    bench.flash.holds(&vec![0xFF; 1 << 20]);
    let run = bench.run("-a 0 -s :leave");
    let lines = "\
DfuSe interface name: \"Internal Flash  \"
DfuSe command mode
Submitting leave request...
Transitioning to dfuMANIFEST state
";
    run.says(0, &with_f405(lines), "");
}

#[test]
fn all_is_erased_before_a_file_where_that_is_asked_for() {
    let bench = Bench::f405();
    let application = bench.application(5000);
    let run = bench.run("-a 0 -s 0x08000000:mass-erase:force -D app.bin");
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    let mut expected = vec![0xFF; 1 << 20];
    expected[..5000].copy_from_slice(&application);
    bench.flash.holds(&expected);
}

#[test]
fn option_bytes_are_written_where_they_are_named() {
    let bench = Bench::f405();
    bench.put(
        "ob.bin",
        &[
            0xEF, 0xAA, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0x0F, 0, 0, 0, 0, 0, 0,
        ],
    );
    let run = bench.run("-a 1 -s 0x1FFFC000:will-reset -D ob.bin");
    assert_eq!(run.exit, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("File downloaded successfully"),
        "{}",
        run.stdout
    );
}
