//! From the application into DFU mode: `-e`, and a detach before everything else.

use super::called::Bench;

#[test]
fn an_application_is_detached_and_waited_for() {
    let bench = Bench::new("f405,quirk=application", 1 << 20);
    let application = bench.application(5000);
    let run = bench.run("-e");
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    assert!(
        run.stdout.ends_with("Device will detach and reattach...\n"),
        "{}",
        run.stdout
    );
    let run = bench.run("-a 0 -s 0x08000000 -D app.bin");
    assert_eq!(run.exit, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("\nOpening DFU USB Device...\n"),
        "{}",
        run.stdout
    );
    bench.flash.holds(&bench.programmed(0, &application));
}

#[test]
fn an_application_that_comes_back_as_something_else_than_is_asked_for_is_lost() {
    let bench = Bench::new("f405,quirk=application", 1 << 20);
    bench.application(5000);
    let run = bench.run("-d 0483:df11,1234:5678 -s 0x08000000 -D app.bin");
    assert_eq!(run.exit, 74);
    assert!(
        run.stderr.contains("dfu-util: Lost device after RESET?\n"),
        "{}",
        run.stderr
    );
    bench.flash.is_untouched();
}

#[test]
fn in_dfu_mode_a_detach_is_sent_all_the_same_and_a_refusal_is_told() {
    let run = Bench::f405().run("-a 0 -e");
    assert_eq!(
        (run.exit, run.stderr.as_str()),
        (0, "dfu-util: can't detach\n")
    );
    let run = Bench::new("uboot", 4 << 20).run("-a 0 -e");
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
}
