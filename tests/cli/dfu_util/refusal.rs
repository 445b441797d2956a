//! What is refused, before anything is erased, and what `:force` overrules.

use super::called::{Bench, after_banner};
use crate::firmware::Firmware;
use crate::linked::linked_for;

/// Asserts the exit code and a piece of what is said on stderr, and that flash is as it was.
#[track_caller]
fn refuses(bench: &Bench, arguments: &str, exit: i32, told: &str) {
    let run = bench.run(arguments);
    assert_eq!(run.exit, exit, "{arguments}: {}", run.stderr);
    assert!(run.stderr.contains(told), "{arguments}: {}", run.stderr);
    assert!(!run.stdout.contains("done."), "{arguments}: {}", run.stdout);
    bench.flash.is_untouched();
}

#[test]
fn a_command_line_that_makes_no_sense_is_64_with_the_help() {
    let bench = Bench::f405();
    for (arguments, told) in [
        (
            "",
            "You need to specify one of -D or -U\nUsage: dfu-util [options] ...\n",
        ),
        ("-R", "You need to specify one of -D or -U\nUsage: "),
        ("-l extra", "Unexpected argument: extra\nUsage: "),
        ("-x", "there is no option -x\nUsage: "),
        (
            "--dev 0483:df11",
            "option --dev is ambiguous: --device, --devnum\nUsage: ",
        ),
        ("-D", "option -D needs a value\nUsage: "),
        ("-l -i 1x", "the value of --intf is no number: 1x\nUsage: "),
        ("-a 0 -s nonsense -D /dev/null", ""),
    ] {
        let run = bench.run(arguments);
        if !told.is_empty() {
            assert!(run.stderr.starts_with(told), "{arguments}: {}", run.stderr);
        }
        assert!([64, 65].contains(&run.exit), "{arguments}: {}", run.exit);
    }
}

#[test]
fn help_and_version_are_no_refusal() {
    let bench = Bench::f405();
    bench.run("-V").says(0, &after_banner(""), "");
    let run = bench.run("-h -x");
    assert_eq!((run.exit, run.stdout.as_str()), (64, ""));
    let run = bench.run("--help");
    assert_eq!((run.exit, run.stdout.as_str()), (0, ""));
    assert!(run.stderr.starts_with("Usage: dfu-util [options] ...\n"));
    assert!(
        run.stderr.lines().all(|line| line.chars().count() <= 80),
        "{}",
        run.stderr
    );
}

#[test]
fn no_device_several_devices_and_several_memories_are_74() {
    let bench = Bench::f405();
    bench.application(100);
    refuses(
        &bench,
        "-a 0 -d ,1234:5678 -s 0x08000000 -D app.bin",
        74,
        "No DFU capable USB device available",
    );
    let several = "More than one DFU capable USB device found! Try `--list' and specify the serial number or disconnect all but \
                   one device\ndfu-util: hint: It has several memories: add -a and the one that is meant.";
    refuses(&bench, "-s 0x08000000 -D app.bin", 74, several);
    let two = Bench::f405().beside("f405,serial=OTHER");
    two.application(100);
    let several = "dfu-util: hint: Add -p and the path of the one that is meant.";
    refuses(&two, "-a 0 -s 0x08000000 -D app.bin", 74, several);
    assert_eq!(
        two.run("-a 0 -S 336133663433 -s 0x08000000 -D app.bin")
            .exit,
        0
    );
}

#[test]
fn a_file_that_can_not_be_read_is_66_or_70() {
    let bench = Bench::f405();
    refuses(
        &bench,
        "-a 0 -D no.bin",
        66,
        "dfu-util: Could not open file no.bin for reading: No such file or directory\n",
    );
    refuses(&bench, "-a 0 -D .", 70, "dfu-util: . is a directory\n");
}

#[test]
fn a_raw_file_needs_an_address_and_a_dfuse_file_has_its_own() {
    let bench = Bench::f405();
    let application = bench.application(100);
    let needs = "Only DfuSe file version 1.1a is supported\ndfu-util: (for raw binary download, use the --dfuse-address option)\n";
    refuses(&bench, "-a 0 -D app.bin", 64, needs);
    refuses(&bench, "-a 0 -s :leave -D app.bin", 64, needs);
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &application)]);
    bench.put("made.dfu", &file.bytes);
    refuses(
        &bench,
        "-a 0 -s 0x08000000 -D made.dfu",
        64,
        "This is a DfuSe file, not meant for raw download",
    );
}

#[test]
fn a_damaged_file_is_65() {
    let bench = Bench::f405();
    let application = bench.application(100);
    let mut file = Firmware::dfuse(&[(0, 0x0800_0000, &application)]).bytes;
    file[300] ^= 1;
    bench.put("bad.dfu", &file);
    refuses(&bench, "-a 0 -D bad.dfu", 65, "the file is damaged");
}

#[test]
fn a_file_for_another_device_is_64_and_force_overrules_that_unless_ids_were_asked_for() {
    let bench = Bench::new("gd32vf103", 128 << 10);
    let application = bench.application(100);
    let file = Firmware::dfuse(&[(0, 0x0800_0000, &application)]);
    bench.put("made.dfu", &file.bytes);
    let mismatch = "File ID 0483:df11 does not match device (28e9:0189)";
    refuses(&bench, "-a 0 -D made.dfu", 64, mismatch);
    refuses(
        &bench,
        "-a 0 -d 28e9:0189 -s :force -D made.dfu",
        64,
        mismatch,
    );
    assert_eq!(bench.run("-a 0 -s :force -D made.dfu").exit, 0);
}

#[test]
fn text_and_an_image_that_was_linked_elsewhere_need_force() {
    let bench = Bench::f405();
    bench.put("elsewhere.bin", &linked_for(0x0800_8000, 8 << 10).bytes);
    bench.put("text.bin", b"This is a text, and no firmware at all.\n");
    let force = "dfu-util: hint: To do it all the same, add :force to the value of -s.\n";
    refuses(&bench, "-a 0 -s 0x08000000 -D text.bin", 65, force);
    assert_eq!(bench.run("-a 0 -s 0x08000000:force -D text.bin").exit, 0);
    bench.flash.put(&[0xFF; 1 << 20]);
    let run = bench.run("-a 0 -s 0x08000000 -D elsewhere.bin");
    assert_eq!(run.exit, 64, "{}", run.stderr);
    assert!(run.stderr.ends_with(force), "{}", run.stderr);
    bench.flash.holds(&[0xFF; 1 << 20]);
    assert_eq!(
        bench.run("-a 0 -s 0x08000000:force -D elsewhere.bin").exit,
        0
    );
}

#[test]
fn what_erases_everything_needs_force() {
    let bench = Bench::f405();
    refuses(
        &bench,
        "-a 0 -s :mass-erase",
        64,
        "The mass erase command can only be used with force\n",
    );
    refuses(
        &bench,
        "-a 0 -s :unprotect",
        64,
        "can only be used with force\n",
    );
}

#[test]
fn an_address_means_nothing_to_a_device_without_dfuse() {
    let bench = Bench::new("uboot", 4 << 20);
    bench.application(100);
    refuses(
        &bench,
        "-a 0 -s 0x08000000 -D app.bin",
        74,
        "this device speaks plain DFU, which has none\n",
    );
}

#[test]
fn a_dfuse_file_with_something_for_no_memory_is_refused_unless_the_rest_is_to_be_written() {
    let bench = Bench::f405();
    let file = Firmware::dfuse(&[(0, 0x0800_0000, b"flash"), (7, 0x9000_0000, b"elsewhere")]);
    bench.put("two.dfu", &file.bytes);
    refuses(&bench, "-D two.dfu", 64, "hint: -l shows the memories");
    let run = bench.run("-a 0 -D two.dfu");
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let told = "dfu-util: No alternate setting 7 (skipping elements)\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!run.stdout.contains("0x90000000"), "{}", run.stdout);
    assert!(
        run.stdout.contains("100%            5 bytes"),
        "{}",
        run.stdout
    );
}

#[test]
fn lifting_read_protection_is_all_that_is_done_where_it_was_on_and_that_is_no_success_of_a_flash() {
    let bench = Bench::new("f405,quirk=read-protected", 1 << 20);
    bench.application(100);
    let run = bench.run("-a 0 -s 0x08000000:unprotect:force -D app.bin");
    assert_eq!(run.exit, 74, "{}", run.stdout);
    assert!(
        run.stderr.contains("nothing else was done\n"),
        "{}",
        run.stderr
    );
    let bench = Bench::f405();
    let application = bench.application(100);
    let run = bench.run("-a 0 -s 0x08000000:unprotect:force -D app.bin");
    assert_eq!(run.exit, 0, "{}", run.stderr);
    bench.flash.holds(&bench.programmed(0, &application));
}

#[test]
fn ids_are_overruled_on_a_device_without_dfuse_too() {
    let bench = Bench::new("uboot", 4 << 20);
    let mut file = crate::firmware::Firmware::raw(100).bytes;
    file.extend(b"\xFF\xFF\x11\xDF\x83\x04\x00\x01UFD\x10");
    let file = crate::firmware::with_crc([file, vec![0; 4]].concat());
    bench.put("other.bin", &file);
    refuses(&bench, "-a 0 -D other.bin", 64, "use -s with :force");
    let run = bench.run("-a 0 -s :force -D other.bin");
    assert_eq!(run.exit, 0, "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_variable_that_can_not_be_read_is_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let run = crate::run::stdfu("dfu-util -l");
    let mut command = run.into_command();
    command.env("STDFU_SIM", std::ffi::OsStr::from_bytes(b"f405\xFF"));
    let run = crate::run::Run::from(command.output().expect("the binary starts"));
    assert_eq!(run.exit, 64);
    assert!(run.stderr.contains("STDFU_SIM"), "{}", run.stderr);
}
