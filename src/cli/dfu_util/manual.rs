//! What the manual page of `stdfu dfu-util`, and its long help, say beside what it is for.

use crate::cli::getopt::dfu_util::OPTIONS;

const EXAMPLES: &str = "\
Examples:
  stdfu dfu-util -l
  stdfu dfu-util -a 0 -s 0x08000000:leave -D firmware.bin
  stdfu dfu-util -d ,0483:df11 -a 0 -D firmware.dfu -R
  stdfu dfu-util --help";

const REST: &str = "\
By its name:
  Called dfu-util, dfu-suffix or dfu-prefix, by a link or a copy,
  stdfu does the same. The Debian package has such links, and this
  is the whole change for a Makefile:
    PATH=/usr/lib/stdfu/bin:$PATH make flash

Different from dfu-util 0.11:
  Exit 0   after a download that went well, also where the device
           vanishes as its application starts
  Exit 74  after one that didn't
  Writing  only what differs is erased and written, then read back
           and compared
  Files    are refused where they are damaged, for other ids, linked
           for another address, or no firmware; -s with :force
           overrules all of that but the damage
  Suffix   dfu-suffix and dfu-prefix replace a file whole or not at
           all, and refuse one whose suffix is damaged
  Names    control characters in what a device or a file says are
           shown escaped

Exit codes:
  0    done
  64   the command line makes no sense, or the file doesn't fit
  65   the file is damaged, or not what it should be
  66   the file can't be read
  70   a folder in the place of a file
  73   the file can't be written, or is there already
  74   the device, or the bus
  76   the device is in a state that it should not be in
  130  interrupted";

/// What follows the options that are stdfu's own.
pub fn after_help() -> String {
    let options = options();
    format!("{EXAMPLES}\n\nOptions of dfu-util:\n{options}\n{REST}")
}

/// All of them, with what they are for below: that is not too wide for a page on a terminal of 80 columns.
fn options() -> String {
    let mut text = String::new();
    for row in &OPTIONS {
        let words: Vec<String> = row
            .spec
            .words
            .iter()
            .map(|word| format!("--{word}"))
            .collect();
        let option = format!("  -{}, {} {}", row.spec.letter, words.join(", "), row.value);
        text += &format!("{}\n", option.trim_end());
        for line in row.help {
            text += &format!("      {line}\n");
        }
    }
    text
}
