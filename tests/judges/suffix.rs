//! dfu-suffix and dfu-prefix, and stdfu in their place: the same calls with the same files.

use std::process::Output;

use crate::bench::{Bench, noise, sample};

/// Around the units in which a prefix counts.
const LENGTHS: [usize; 4] = [1, 512, 513, 70_001];

/// The same file twice: `ours.dfu` and `theirs.dfu`.
struct Pair(Bench);

impl Pair {
    fn new() -> Option<Self> {
        Bench::with(&["dfu-suffix", "dfu-prefix"]).map(Self)
    }

    fn put(&self, bytes: &[u8]) {
        self.0.put("ours.dfu", bytes);
        self.0.put("theirs.dfu", bytes);
    }

    /// Has both do it with FILE, and finds the same exit code, the same words and the same file.
    #[track_caller]
    fn both(&self, call: &str, exit: i32) {
        let ours = self
            .0
            .output(&format!("stdfu {}", call.replace("FILE", "ours.dfu")));
        let theirs = self.0.output(&call.replace("FILE", "theirs.dfu"));
        assert_eq!(theirs.status.code(), Some(exit), "{call}: {theirs:?}");
        assert_eq!(ours.status.code(), Some(exit), "{call}: {ours:?}");
        let answer = |output: &Output, banner: usize, name: &str| {
            let said = String::from_utf8(output.stdout.clone()).expect("UTF-8");
            let answer = said.splitn(banner + 1, '\n').nth(banner).expect("a banner");
            answer.replace(name, "FILE")
        };
        let (ours, theirs) = (
            answer(&ours, 3, "ours.dfu"),
            answer(&theirs, 6, "theirs.dfu"),
        );
        assert_eq!(ours, theirs, "{call}");
        let same = self.0.read("ours.dfu") == self.0.read("theirs.dfu");
        assert!(same, "{call}: the files differ");
    }
}

#[test]
fn suffixes_are_added_shown_and_removed_as_by_dfu_suffix() {
    let Some(pair) = Pair::new() else {
        return;
    };
    for length in LENGTHS {
        let bytes = noise(length);
        for options in [
            "",
            "-v 1d50 -p 6089",
            "-v0x1209 -p0XFFFF -d 102 -S 11a",
            "--vid=483 --pid=df11 --did 2200 --spec 0100",
            "--vi 1 --p 2 --di 3 --s 0x11A",
        ] {
            pair.put(&bytes);
            pair.both(&format!("dfu-suffix {options} -a FILE"), 0);
            pair.both("dfu-suffix -c FILE", 0);
            pair.both("dfu-suffix -a FILE", 65);
            pair.both("dfu-prefix -c FILE", 0);
            pair.both("dfu-suffix --delete FILE", 0);
            assert!(pair.0.read("ours.dfu") == bytes, "{length} bytes");
            pair.both("dfu-suffix --check=FILE", 65);
        }
    }
    pair.put(&sample("two-elements.dfu"));
    pair.both("dfu-suffix -c FILE", 0);
    pair.both("dfu-suffix -D FILE", 0);
}

#[test]
fn prefixes_are_added_shown_and_removed_as_by_dfu_prefix() {
    let Some(pair) = Pair::new() else {
        return;
    };
    for length in LENGTHS {
        let bytes = noise(length);
        for (options, kind, other) in [
            ("-L", "-L", "-T"),
            ("--LPC", "--LPC", "--stellaris"),
            ("-s 0x8400", "-T", "-L"),
            ("--stellaris-address=8192", "--stellaris", "-L"),
            ("-s 01000000", "-T", "-L"),
            // As its manual page has it, though the prefix has no room for it.
            ("--stellaris-address 0x0100", "--stellaris", "-L"),
            ("-T", "-T", "-L"),
        ] {
            pair.put(&bytes);
            pair.both(&format!("dfu-prefix {options} -a FILE"), 0);
            pair.both(&format!("dfu-prefix {kind} -c FILE"), 0);
            pair.both(&format!("dfu-prefix {other} -c FILE"), 65);
            pair.both("dfu-suffix -v 1fc9 -p c -a FILE", 0);
            pair.both("dfu-suffix -c FILE", 0);
            pair.both(&format!("dfu-prefix {other} -D FILE"), 65);
            pair.both(&format!("dfu-prefix {options} -a FILE"), 65);
            pair.both(&format!("dfu-prefix {kind} -D FILE"), 0);
            pair.both(&format!("dfu-prefix -a FILE {options}"), 0);
            pair.both("dfu-suffix -D FILE", 0);
            pair.both("dfu-prefix -D FILE", 0);
            assert!(
                pair.0.read("ours.dfu") == bytes,
                "{options}, {length} bytes"
            );
            pair.both("dfu-prefix -D FILE", 65);
        }
    }
}

#[test]
fn what_dfu_suffix_and_dfu_prefix_refuse_is_refused_with_the_same_code() {
    let Some(pair) = Pair::new() else {
        return;
    };
    pair.put(&noise(600));
    for (call, exit) in [
        ("dfu-suffix", 64),
        ("dfu-suffix -v 0483", 64),
        ("dfu-suffix -a", 64),
        ("dfu-suffix -q FILE", 64),
        ("dfu-suffix --d FILE", 64),
        ("dfu-suffix --help=yes", 64),
        ("dfu-suffix -T -a FILE", 64),
        ("dfu-suffix -s 0 -a FILE", 64),
        ("dfu-suffix -S 0110 -a FILE", 64),
        ("dfu-suffix -c none.dfu", 66),
        ("dfu-suffix -a none.dfu", 66),
        ("dfu-suffix -D none.dfu", 66),
        ("dfu-suffix -a none/FILE", 66),
        ("dfu-suffix -h", 0),
        ("dfu-suffix --version", 0),
        ("dfu-prefix", 64),
        ("dfu-prefix -a FILE", 64),
        ("dfu-prefix -s 1x -a FILE", 64),
        ("dfu-prefix -v 0483 -a FILE", 64),
        ("dfu-prefix -L -a none.dfu", 66),
        ("dfu-prefix -c none.dfu", 66),
        ("dfu-prefix -c FILE", 0),
        ("dfu-prefix -h -a FILE", 0),
        ("dfu-prefix -V -a FILE", 0),
    ] {
        pair.both(call, exit);
    }
    assert!(pair.0.read("ours.dfu") == noise(600));
}
