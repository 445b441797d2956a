//! dfu-util, and stdfu in its place: command lines that end before a device is looked for.

use std::process::Output;

use crate::bench::{Bench, noise};

/// Whether anything was said on stdout beside a banner; what a script reads there.
fn answer(output: &Output) -> Option<&'static str> {
    let said = String::from_utf8_lossy(&output.stdout);
    if said.is_empty() {
        return None;
    }
    assert!(said.starts_with("dfu-util 0.11\n"), "{said}");
    let after = said.split_once("\n\n").expect("a banner and an empty line");
    let is_only_banner = after.1.is_empty() || after.1.trim_end().ends_with("/tickets/");
    Some(if is_only_banner { "banner" } else { "more" })
}

#[test]
fn what_dfu_util_refuses_and_explains_without_a_device_is_the_same() {
    let Some(bench) = Bench::with(&["dfu-util"]) else {
        return;
    };
    bench.put("app.bin", &noise(500));
    for (options, exit) in [
        ("-h", 0),
        ("--help", 0),
        ("--he", 0),
        ("-l -h", 0),
        ("-h -l", 0),
        ("-D app.bin -h", 0),
        ("-V", 0),
        ("--version", 0),
        ("--vers", 0),
        ("-l -V", 0),
        ("-D missing.bin -V", 0),
        ("", 64),
        ("-R", 64),
        ("-w -a 0 -d 0483:df11", 64),
        ("-E 1 -t 64 -Z 1 -n 1 -p 1-1 -c 1 -i 0 -S x", 64),
        // An argument that is missing, one too many, and one that none has.
        ("-D", 64),
        ("-l --alt", 64),
        ("extra", 64),
        ("-l extra", 64),
        ("extra -l", 64),
        ("-l -- -V", 64),
        ("--list=1", 64),
        ("--reset=0 -D app.bin", 64),
        // Options that there aren't, and beginnings of two.
        ("-x", 64),
        ("-lx", 64),
        ("--nonsense", 64),
        ("--de 1", 64),
        ("--dev 0483:df11", 64),
        ("--up app.bin", 64),
        // No numbers.
        ("-l -c x", 64),
        ("-l --intf=1x", 64),
        ("-E -l", 64),
        ("-t 5k -D app.bin", 64),
        ("--upload-size= -U up.bin", 64),
        // The file is read before a device is looked for.
        ("-D missing.bin", 66),
        ("-a 0 -s 0x08000000:leave -D missing.bin", 66),
        ("-l -D missing.bin", 66),
    ] {
        let theirs = bench.output(&format!("dfu-util {options}"));
        let ours = bench.output(&format!("stdfu dfu-util {options}"));
        assert_eq!(theirs.status.code(), Some(exit), "{options}: {theirs:?}");
        assert_eq!(ours.status.code(), Some(exit), "{options}: {ours:?}");
        assert_eq!(answer(&ours), answer(&theirs), "{options}: {ours:?}");
        let explains = |output: &Output| !output.stderr.is_empty();
        assert_eq!(explains(&ours), explains(&theirs), "{options}: {ours:?}");
    }
}

/// The words of `--help`: options, each with what it takes.
#[test]
fn the_help_names_every_option_of_dfu_utils() {
    let Some(bench) = Bench::with(&["dfu-util"]) else {
        return;
    };
    let help = |command| String::from_utf8(bench.output(command).stderr).expect("UTF-8");
    let (theirs, ours) = (help("dfu-util -h"), help("stdfu dfu-util -h"));
    let options = theirs.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let short = words.next().filter(|word| word.starts_with('-'))?;
        Some((short.to_owned(), words.next()?.to_owned()))
    });
    let options: Vec<(String, String)> = options.collect();
    assert_eq!(options.len(), 20, "{theirs}");
    for (short, long) in options {
        let is_there = ours
            .lines()
            .any(|line| line.contains(&format!("{short} ")) && line.contains(&long));
        assert!(is_there, "{short} {long} is not in {ours}");
    }
}
