//! Command lines of dfu-util 0.11 and of MicroPython's pydfu.py, and what says the same here.

use std::ffi::OsString;

use crate::cli::args::ids::Ids;
use crate::cli::args::number::parse_number;
use crate::cli::getopt::dfu_util::{OPTIONS, Row};
use crate::cli::getopt::{Given, Spec, read};
use crate::cli::shell;

/// In the place of a letter that an option doesn't have: one that nobody types.
const NO_LETTER: char = '\0';

/// What pydfu.py has beside dfu-util's, and ours. `-u` and `-U` share a word: pydfu.py writes to the board what dfu-util
/// reads from it.
const BESIDE: [Spec; 8] = [
    Spec::with_value('u', &["upload"]),
    Spec::flag('m', &["mass-erase"]),
    Spec::flag('x', &["exit"]),
    Spec::with_value(NO_LETTER, &["vid"]),
    Spec::with_value(NO_LETTER, &["pid"]),
    Spec::flag(NO_LETTER, &["json"]),
    Spec::with_value(NO_LETTER, &["sim"]),
    Spec::flag('q', &["quiet"]),
];

/// Those that are ours as well, written as words.
const OURS: [&str; 7] = ["serial", "path", "wait", "verbose", "json", "sim", "quiet"];

/// What a command line of theirs asks for.
#[derive(Debug, Default)]
struct Wish {
    list: bool,
    detach: bool,
    download: Option<String>,
    upload: Option<String>,
    /// Whether the application is started in the end without being asked for: by pydfu.py, and by our `flash`.
    starts: bool,
    alt: Option<String>,
    address: Option<String>,
    /// In bytes.
    length: Option<u64>,
    leave: bool,
    mass_erase: bool,
    unprotect: bool,
    /// What picks the board, in our words.
    picks: String,
    /// Whether there is anything in it that we don't have.
    is_foreign: bool,
}

/// Our commands for a command line of another tool; none where it is no such line. A command of ours may stand in it.
pub fn command_instead(arguments: &[String], commands: &[&str]) -> Vec<String> {
    let wish = wish(arguments, commands).filter(|wish| wish.is_foreign);
    wish.and_then(|wish| wish.command())
        .map(|command| format!("here that is: {command}"))
        .into_iter()
        .collect()
}

/// `None` where something stands in it that neither of the tools knows.
fn wish(arguments: &[String], commands: &[&str]) -> Option<Wish> {
    let is_command = |first: &&String| commands.contains(&first.as_str());
    let skipped = usize::from(arguments.first().filter(is_command).is_some());
    let arguments = arguments[skipped..].iter().map(OsString::from);
    let specs: Vec<Spec> = OPTIONS.iter().map(|row| row.spec).chain(BESIDE).collect();
    let mut wish = Wish {
        starts: skipped > 0,
        ..Wish::default()
    };
    for given in read(arguments, &specs).ok()? {
        match given {
            Given::Extra(file) => {
                let file = file.to_string_lossy().into_owned();
                if wish.download.replace(file).is_some() {
                    return None;
                }
            }
            // Written by one of them, read by the other.
            Given::Option {
                spec,
                is_word: true,
                ..
            } if spec.letter == 'U' => return None,
            Given::Option {
                spec,
                is_word,
                value,
            } => {
                let word = spec.words.last()?;
                wish.is_foreign |= !(is_word && OURS.contains(word));
                wish.add(spec.letter, word, &value.to_string_lossy())?;
            }
        }
    }
    Some(wish)
}

impl Wish {
    fn add(&mut self, letter: char, word: &str, value: &str) -> Option<()> {
        let last = value.rsplit(',').next().unwrap_or(value);
        match word {
            "list" => self.list = true,
            "detach" => self.detach = true,
            "download" => self.download = Some(value.to_owned()),
            "upload" if letter == 'U' => self.upload = Some(value.to_owned()),
            "upload" => {
                self.download = Some(value.to_owned());
                self.starts = true;
            }
            // No device has so many memories: that is an address, as other flashers take it.
            "alt" if parse_number(value).is_ok_and(|number| number > u8::MAX.into()) => {
                self.add_address(value)?;
            }
            "alt" => self.alt = Some(value.to_owned()).filter(|alt| alt != "0"),
            "dfuse-address" => self.add_address(value)?,
            "mass-erase" => self.mass_erase = true,
            "exit" => self.leave = true,
            "device" => {
                if let Ok(ids) = last.parse::<Ids>() {
                    self.pick("--id", &ids.to_string());
                }
            }
            "serial" => self.pick("--serial", last),
            "path" => self.pick("--path", value),
            "sim" => self.pick("--sim", value),
            "wait" => self.picks += " --wait",
            // Mostly those of ST's bootloaders, which is what is looked for anyway.
            "vid" | "pid" => self.starts = true,
            // The others are found out without being told.
            _ => {}
        }
        Some(())
    }

    fn pick(&mut self, option: &str, value: &str) {
        self.picks += &format!(" {}", shell::option(option, value));
    }

    /// `[ADDRESS][:LENGTH][:MODIFIERS]`
    fn add_address(&mut self, value: &str) -> Option<()> {
        for (index, part) in value.split(':').enumerate() {
            match part {
                "leave" => self.leave = true,
                "mass-erase" => self.mass_erase = true,
                "unprotect" => self.unprotect = true,
                "" | "force" | "will-reset" | "fast" => {}
                number => {
                    let number = parse_number(number).ok()?;
                    if index == 0 {
                        self.address = Some(format!("{number:#010x}"));
                    } else {
                        self.length = Some(number);
                    }
                }
            }
        }
        Some(())
    }

    fn command(&self) -> Option<String> {
        let picks = &self.picks;
        let command = if self.list {
            format!("stdfu list{picks}")
        } else if self.detach {
            format!("stdfu detach{picks}")
        } else if self.unprotect {
            format!("stdfu unprotect --yes{picks}")
        } else if let Some(file) = &self.upload {
            format!(
                "stdfu read {}{}{picks}",
                shell::file(file),
                self.read_options()
            )
        } else if let Some(file) = &self.download {
            format!(
                "stdfu flash {}{}{picks}",
                shell::file(file),
                self.flash_options(file)
            )
        } else if self.mass_erase {
            format!("stdfu erase --all{picks}")
        } else if self.leave {
            let address = self.address.as_ref().map(|address| format!(" {address}"));
            format!("stdfu leave{}{picks}", address.unwrap_or_default())
        } else {
            return None;
        };
        Some(command)
    }

    fn read_options(&self) -> String {
        let mut options = String::new();
        if let (Some(address), Some(length)) = (&self.address, self.length) {
            options += &format!(" {address}+{length}");
        }
        if let Some(alt) = &self.alt {
            options += &format!(" {}", shell::option("--alt", alt));
        }
        options
    }

    fn flash_options(&self, file: &str) -> String {
        let mut options = String::new();
        let address = match &self.address {
            None if file.ends_with(".bin") => Some("0x08000000"),
            address => address.as_deref().filter(|_| !file.ends_with(".dfu")),
        };
        if let Some(address) = address {
            options += &format!(" --address {address}");
        }
        if let Some(alt) = &self.alt {
            options += &format!(" {}", shell::option("--alt", alt));
        }
        if self.mass_erase {
            options += " --mass-erase";
        }
        if !self.leave && !self.starts {
            options += " --stay";
        }
        options
    }
}

/// What a single option of dfu-util's is here.
pub fn option_of_dfu_util(option: &str) -> Option<&'static str> {
    let is_meant = |row: &&Row| option != "--upload" && row.spec.is_written(option);
    OPTIONS.iter().find(is_meant).map(|row| row.here)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn instead(line: &str) -> Vec<String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        command_instead(&arguments, &["flash", "list"])
    }

    #[test]
    fn command_lines_of_dfu_util_are_understood() {
        let check = |line: &str, ours: &str| {
            assert_eq!(instead(line), [format!("here that is: {ours}")], "{line}");
        };
        check("-l", "stdfu list");
        check("--list", "stdfu list");
        check("-e", "stdfu detach");
        check(
            "-a 0 -s 0x08000000:leave -D firmware.bin",
            "stdfu flash firmware.bin --address 0x08000000",
        );
        check(
            "-a0 -s0x8004000:leave -Dfirmware.bin",
            "stdfu flash firmware.bin --address 0x08004000",
        );
        check(
            "--alt=0 --dfuse-address=134217728 --download=firmware.bin",
            "stdfu flash firmware.bin --address 0x08000000 --stay",
        );
        check(
            "flash firmware.bin -s 0x08000000:leave",
            "stdfu flash firmware.bin --address 0x08000000",
        );
        check(
            "-d ,0483:df11 -R -a 0 -s 0x8000000:leave -D out/klipper.bin",
            "stdfu flash out/klipper.bin --address 0x08000000 --id 0483:df11",
        );
        check(
            "-d 0483:DF11 -a 2 -p 1-1.4 -S abc,DEF -w -D firmware.dfu",
            "stdfu flash firmware.dfu --alt 2 --stay --id 0483:df11 --path 1-1.4 --serial DEF --wait",
        );
        check(
            "-s :mass-erase:force:leave -D firmware.bin",
            "stdfu flash firmware.bin --address 0x08000000 --mass-erase",
        );
        check("-a 0 -U out.bin", "stdfu read out.bin");
        check(
            "-a 1 -s 0x08000000:1024 -U out.bin",
            "stdfu read out.bin 0x08000000+1024 --alt 1",
        );
        check(
            "flash firmware.bin -a 0x08000000",
            "stdfu flash firmware.bin --address 0x08000000",
        );
        check("-s :unprotect:force", "stdfu unprotect --yes");
        check("-s 0x08008000:leave", "stdfu leave 0x08008000");
        check("-D it's.dfu -R", r"stdfu flash 'it'\''s.dfu' --stay");
    }

    #[test]
    fn command_lines_of_pydfu_are_understood() {
        let check = |line: &str, ours: &str| {
            assert_eq!(instead(line), [format!("here that is: {ours}")], "{line}");
        };
        check("-u firmware.dfu", "stdfu flash firmware.dfu");
        check(
            "--vid 0x0483 --pid 0xdf11 -u firmware.dfu",
            "stdfu flash firmware.dfu",
        );
        check(
            "-m -u firmware.dfu",
            "stdfu flash firmware.dfu --mass-erase",
        );
        check("-m", "stdfu erase --all");
        check("--mass-erase", "stdfu erase --all");
        check("-x", "stdfu leave");
    }

    #[test]
    fn other_command_lines_are_not() {
        for line in [
            "",
            "list",
            "-D",
            "--frobnicate",
            "flash firmware.dfu",
            "flash a b -D c",
            "list --serial X --wait",
            "-s nowhere -D firmware.bin",
            "--list=yes",
            // Write it or read it?
            "--upload firmware.dfu",
        ] {
            assert_eq!(instead(line), [""; 0], "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_command_line_panics(arguments in proptest::collection::vec(".{0,8}|-[a-zA-Z].{0,4}|--[a-z-]{1,12}=?.{0,4}", 0..6)) {
            command_instead(&arguments, &["flash"]);
        }
    }
}
