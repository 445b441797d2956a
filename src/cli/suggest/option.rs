//! What may have been meant by an option that a command doesn't have: what other flashers call it, and ours.

const YES: &str = "--yes does it without a question";

/// What says the same here, a sentence. `command` is the one of ours that the option was given to; `None` where there was
/// none.
pub fn option_instead(option: &str, command: Option<&str>) -> Option<&'static str> {
    let command = command.unwrap_or_default();
    about_flashing(option, command)
        .or_else(|| about_places(option, command))
        .or_else(|| about_boards(option))
}

/// Options that say what is to be done, before it, after it and how.
fn about_flashing(option: &str, command: &str) -> Option<&'static str> {
    let is_flash = matches!(command, "flash" | "run" | "");
    let instead = match option {
        "--reset" | "--run" | "--go" | "--start" | "--restart" | "--reboot" | "--exit"
        | "--leave" | "--execute" | "--after" | "-g" | "-x" => match command {
            "leave" => "that is what `stdfu leave` does: leave it out",
            _ if is_flash => "`stdfu flash` starts the application by itself: leave it out",
            _ => "`stdfu leave` starts the application",
        },
        "--no-reset" | "--noreset" | "--no-run" | "--no-start" | "--no-leave" | "--halt" => {
            match is_flash {
                true => "--stay leaves the board in DFU mode",
                false => "only `stdfu flash` and `stdfu leave` start the application: leave it out",
            }
        }
        "--detach" | "--dfu" | "--bootloader" | "--enter-bootloader" | "--touch" => match command {
            "flash" | "run" | "read" | "erase" | "verify" => {
                "--enter-dfu puts a running application into DFU mode first"
            }
            "detach" => "that is what `stdfu detach` does: leave it out",
            _ => "`stdfu detach` puts a running application into DFU mode",
        },
        "--erase" => match command {
            "flash" | "run" => {
                "`stdfu flash` erases what it has to: leave it out; --mass-erase erases all of the memory first"
            }
            "erase" => "that is what `stdfu erase` does: leave it out",
            _ => "`stdfu erase RANGE` erases sectors",
        },
        "--erase-all" | "--chip-erase" | "--full-erase" | "--eraseall" | "--masserase"
        | "--wipe" | "--all" | "--mass-erase" | "-m" => match command {
            "list" | "serial" | "doctor" if option == "--all" => {
                "`stdfu list` shows all boards anyway"
            }
            "flash" | "run" => "--mass-erase erases all of the memory first",
            "erase" => "--all erases all of the memory",
            _ => {
                "`stdfu erase --all` erases all of the memory; `stdfu flash --mass-erase` does so first"
            }
        },
        "--force" | "-f" => match command {
            "flash" | "run" => {
                "--full writes all of the file, even what is there already; --as-is takes a file that looks linked \
                 elsewhere; --any-id one for another device"
            }
            "verify" | "info" => "--any-id takes a file for another device",
            "unprotect" => YES,
            _ => "nothing has to be forced here: leave it out",
        },
        "-y" | "--assume-yes" if command == "unprotect" => YES,
        "--retry" | "--retries" | "--tries" => {
            "stdfu tries again by itself where that may help: leave it out"
        }
        "--verify" | "--check" | "--compare" => match command {
            "flash" | "run" => "`stdfu flash` compares by itself: leave it out",
            "read" => "--twice reads everything a second time and compares",
            _ => "`stdfu verify FILE` compares",
        },
        "--skip-verify" | "--noverify" | "--no-check" | "--disable-verify" if is_flash => {
            "--no-verify doesn't read back"
        }
        "--dry" | "--simulate" | "--check-only" | "--plan" if is_flash => {
            "--dry-run shows what would be done"
        }
        "--keep" | "--restore" | "--restore-unwritten" | "--keep-rest" if is_flash => {
            "--preserve keeps what else is in the sectors"
        }
        "--unprotect" | "--read-unprotect" | "--unlock" | "--rdp" => {
            "`stdfu unprotect` lifts read protection, which erases everything"
        }
        _ => return None,
    };
    Some(instead)
}

/// Options that say where something belongs, or which file it is.
fn about_places(option: &str, command: &str) -> Option<&'static str> {
    let takes_ranges = matches!(command, "read" | "erase");
    let instead = match option {
        "--offset" | "--addr" | "--start-address" | "--base" | "--base-address"
        | "--flash-address" | "--address" | "-b" => match command {
            "leave" => "the address stands by itself: `stdfu leave 0x08000000`",
            _ if takes_ranges => "a range says where: 0x08000000+128K",
            _ => "--address says where a raw binary belongs: --address 0x08000000",
        },
        "--size" | "--length" | "--len" | "--bytes" | "--count" if takes_ranges => {
            "a range says how much: 0x08000000+128K"
        }
        "--file" | "--firmware" | "--image" | "--input" | "--elf" | "--hex" | "--bin"
        | "--binary" | "--write" | "--program" => match command {
            "" => "`stdfu flash FILE` writes a file to the board",
            _ => "the file stands by itself: `stdfu flash FILE`",
        },
        "--output" | "-o" | "--out" if command == "read" => {
            "the file stands by itself: `stdfu read OUT`"
        }
        "--upload" => {
            "`stdfu read FILE` reads flash into a file; `stdfu flash FILE` writes one to the board"
        }
        "-u" => "`stdfu flash FILE` writes a file to the board",
        "--type" | "--binary-format" => "--format says what a file is, where its content misleads",
        _ => return None,
    };
    Some(instead)
}

/// Options that say which board is meant, and how it is talked to.
fn about_boards(option: &str) -> Option<&'static str> {
    let instead = match option {
        "--vid" | "--pid" | "--vidpid" | "--usb-id" => "--id chooses a board, as in --id 0483:df11",
        "--usb-path" | "--location" => "--path chooses a board, as `stdfu list` shows it",
        "--port" => {
            "--path chooses a board, as `stdfu list` shows it; beside --enter-dfu, --port names its serial port"
        }
        "--sn" | "--serial-number" | "--probe" => {
            "--serial chooses a board, as `stdfu list` shows it"
        }
        "--chip" | "--mcu" | "--part" | "--target" => {
            "stdfu asks the board what it is: leave it out"
        }
        "--speed" | "--baud" | "--freq" | "--connect" | "--interface" => {
            "stdfu finds that out by itself: leave it out"
        }
        "--bank" | "--memory" | "--region" | "--altsetting" => {
            "--alt chooses the memory, by number or name"
        }
        "--no-wait" | "--nowait" => "without --wait, stdfu doesn't wait for a board: leave it out",
        "--everything" | "--all-boards" | "--parallel" => {
            "--every means all boards that match, at the same time"
        }
        _ => return None,
    };
    Some(instead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_means_what_suits_the_command_it_was_given_to() {
        let check = |command: &str, option: &str, ours: &str| {
            let found = option_instead(option, Some(command)).unwrap_or_default();
            assert!(found.contains(ours), "{command} {option}: {found}");
        };
        check("flash", "--reset", "starts the application by itself");
        check("erase", "--reset", "`stdfu leave` starts");
        check("leave", "--reset", "leave it out");
        check("flash", "--detach", "--enter-dfu");
        check("erase", "--detach", "--enter-dfu");
        check("leave", "--detach", "`stdfu detach`");
        check("flash", "--offset", "--address 0x08000000");
        check("read", "--offset", "0x08000000+128K");
        check("flash", "--erase", "leave it out");
        check("read", "--erase", "`stdfu erase RANGE`");
        check("list", "--all", "shows all boards");
        check("unprotect", "-y", "--yes");
        check("flash", "-b", "--address 0x08000000");
        check("flash", "--retry", "by itself");
        check("flash", "--force", "--full");
        check("erase", "--force", "leave it out");
        check("", "--file", "`stdfu flash FILE`");
    }

    #[test]
    fn an_option_that_nobody_has_is_not_guessed_at() {
        assert_eq!(option_instead("--nonsense", Some("flash")), None);
    }
}
