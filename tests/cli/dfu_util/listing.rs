//! `-l`: a line for each alternate setting, as those read it who parse it.

use super::called::{Bench, after_banner};

const FEATURE: &str = "Found DFU: [0483:df11] ver=2200, devnum=2, cfg=1, intf=0, path=\"1-1\", alt=3, name=\"@Device \
                       Feature/0xFFFF0000/01*004 e\", serial=\"336133663433\"\n";
const OTP: &str = "Found DFU: [0483:df11] ver=2200, devnum=2, cfg=1, intf=0, path=\"1-1\", alt=2, name=\"@OTP Memory \
                   /0x1FFF7800/01*512 e,01*016 e\", serial=\"336133663433\"\n";
const OPTIONS: &str = "Found DFU: [0483:df11] ver=2200, devnum=2, cfg=1, intf=0, path=\"1-1\", alt=1, name=\"@Option \
                       Bytes  /0x1FFFC000/01*016 e\", serial=\"336133663433\"\n";
const FLASH: &str = "Found DFU: [0483:df11] ver=2200, devnum=2, cfg=1, intf=0, path=\"1-1\", alt=0, name=\"@Internal \
                     Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg\", serial=\"336133663433\"\n";

#[track_caller]
fn lists(bench: &Bench, arguments: &[&str], lines: &[&str]) {
    bench
        .run_all(arguments)
        .says(0, &after_banner(&lines.concat()), "");
}

#[test]
fn the_last_alternate_setting_comes_first() {
    let bench = Bench::f405();
    for arguments in [&["-l"][..], &["--list"], &["--li"], &["-V", "-l"]] {
        lists(&bench, arguments, &[FEATURE, OTP, OPTIONS, FLASH]);
    }
}

#[test]
fn each_option_leaves_out_what_it_does_not_mean() {
    let bench = Bench::f405();
    let all: &[&str] = &[FEATURE, OTP, OPTIONS, FLASH];
    let none: &[&str] = &[];
    let layout = "@Option Bytes  /0x1FFFC000/01*016 e";
    for (option, value, expected) in [
        ("-d", "0483:df11", all),
        ("-d", ",0483:DF11", all),
        ("-d", "1234:5678", all),
        ("-d", ",0483:df12", none),
        ("-d", "*,-", none),
        ("-d", "", all),
        ("-p", "1-1", all),
        ("-p", "1-2", none),
        ("-n", "2", all),
        ("-n", "x", none),
        ("-n", "-1", all),
        ("-c", "0", all),
        ("-c", "2", none),
        ("-i", "0", all),
        ("-i", "1", none),
        ("-S", "336133663433", all),
        ("-S", "x,336133663433", all),
        ("-S", "336133663433,x", none),
        ("-a", "1", &[OPTIONS]),
        ("-a", "0x2", &[OTP]),
        ("-a", layout, &[OPTIONS]),
        ("-a", "Option Bytes", none),
        ("-a", "9", none),
        ("-a", "-1", all),
    ] {
        lists(&bench, &["-l", option, value], expected);
    }
}

#[test]
fn an_application_is_listed_as_what_it_is() {
    let bench = Bench::new("f405,quirk=application", 1 << 20);
    let line = "Found Runtime: [0483:df11] ver=2200, devnum=2, cfg=1, intf=0, path=\"1-1\", alt=0, name=\"DFU Runtime\", \
                serial=\"336133663433\"\n";
    lists(&bench, &["-l"], &[line]);
    lists(&bench, &["-l", "-d", "0483:df11"], &[line]);
    lists(&bench, &["-l", "-d", ",0483:df11"], &[]);
}

#[test]
fn a_string_that_is_not_there_is_unknown() {
    let bench = Bench::new("fomu", 128 << 10);
    let run = bench.run("-l");
    assert!(run.stdout.contains("name=\"UNKNOWN\""), "{}", run.stdout);
}

#[test]
fn no_device_is_no_error() {
    let bench = Bench::f405();
    lists(&bench, &["-l", "-p", "9-9"], &[]);
}

#[test]
fn a_device_that_can_not_be_opened_is_told_with_what_to_do() {
    let bench = Bench::new("f405,quirk=no-access", 1 << 20);
    let run = bench.run("-l");
    assert_eq!((run.exit, run.stdout), (0, after_banner("")));
    let told = "dfu-util: Cannot open DFU device 0483:df11 found on devnum 2 (permission denied)\n";
    assert!(run.stderr.starts_with(told), "{}", run.stderr);
    assert!(run.stderr.contains("dfu-util: hint: "), "{}", run.stderr);
}
