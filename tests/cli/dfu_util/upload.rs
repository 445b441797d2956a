//! `-U`: a new file with what is there.

use super::called::{Bench, screen, with_f405};

#[track_caller]
fn reads(bench: &Bench, arguments: &str, offset: usize, length: usize, lines: &str) {
    let file = "out.bin";
    let run = bench.run(&format!("{arguments} -U {file}"));
    crate::run::assert_text("stdout", &screen(&run.stdout), &with_f405(lines));
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    let expected = bench.flash.before()[offset..offset + length].to_vec();
    assert!(bench.read(file) == Some(expected), "{arguments}");
    std::fs::remove_file(bench.path(file)).expect("it is there");
}

#[test]
fn as_much_as_is_asked_for() {
    let lines = "\
DfuSe interface name: \"Internal Flash  \"
Upload\t[=========================] 100%         5001 bytes
Upload done.
";
    reads(
        &Bench::f405(),
        "-a 0 -s 0x08004000:5001",
        0x4000,
        5001,
        lines,
    );
}

#[test]
fn to_the_end_of_the_segment_where_nobody_says_how_much() {
    let lines = "\
DfuSe interface name: \"Internal Flash  \"
Limiting upload to end of memory segment, 49152 bytes
Upload\t[=========================] 100%        49152 bytes
Upload done.
";
    reads(&Bench::f405(), "-a 0 -s 0x08004000", 0x4000, 0xC000, lines);
}

#[test]
fn sixteen_kibibytes_where_nobody_says_where_either() {
    let lines = "\
Limiting default upload to 16384 bytes
Upload\t[=========================] 100%        16384 bytes
Upload done.
";
    reads(&Bench::f405(), "-a 0", 0, 0x4000, lines);
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let bench = Bench::f405();
    bench.put("there.bin", b"precious");
    let run = bench.run("-a 0 -s 0x08000000:16 -U there.bin");
    let told = "dfu-util: Cannot open file there.bin for writing: File exists\n";
    run.says(73, &with_f405(""), told);
    assert_eq!(bench.read("there.bin").as_deref(), Some(&b"precious"[..]));
}

#[test]
fn no_file_is_left_of_a_reading_that_failed() {
    let bench = Bench::f405();
    let run = bench.run("-a 0 -s 0x08F00000:16 -U out.bin");
    assert_eq!(run.exit, 64, "{}", run.stderr);
    assert_eq!(bench.read("out.bin"), None);
}

#[test]
fn a_device_without_dfuse_gives_all_it_has() {
    let bench = Bench::new("uboot", 4 << 20);
    let run = bench.run("-a 0 -U out.bin -Z 5");
    assert_eq!(run.exit, 0);
    assert!(
        run.stdout
            .ends_with("Upload done.\nReceived a total of 1048576 bytes\n")
    );
    assert_eq!(
        run.stderr,
        "dfu-util: Unexpected number of bytes uploaded from device\n"
    );
    assert_eq!(
        bench.read("out.bin").map(|bytes| bytes.len()),
        Some(1 << 20)
    );
}

#[test]
fn nothing_is_done_before_the_file_is_there() {
    let bench = Bench::new("uboot,quirk=upload=nothing", 4 << 20);
    let run = bench.run("-a 0 -U out.bin");
    assert_eq!(run.exit, 74);
    assert!(!run.stdout.contains("done."), "{}", run.stdout);
    let bench = Bench::f405();
    let run = bench.run_all(&["-a", "0", "-s", "0x08000000:16", "-U", ""]);
    assert_eq!(run.exit, 73);
    assert!(!run.stdout.contains("done."), "{}", run.stdout);
}

#[test]
fn a_small_memory_is_read_to_its_end() {
    let bench = Bench::f405();
    let run = bench.run("-a 1 -U options.bin");
    assert_eq!(run.exit, 0, "{}", run.stderr);
    assert_eq!(bench.read("options.bin").map(|bytes| bytes.len()), Some(16));
}

#[test]
fn a_device_that_gives_nothing_back_is_74() {
    let bench = Bench::new("dapboot,quirk=no-upload", 56 << 10);
    let run = bench.run("-U out.bin");
    assert_eq!(run.exit, 74, "{}", run.stderr);
    assert_eq!(bench.read("out.bin"), None);
}
