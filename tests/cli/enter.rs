//! From the running application to the new one: `--enter-dfu` by each way, and what keeps a board from it.

use serde_json::Value;

use crate::run::{FlashFile, Run, sample, stdfu};

const MIB: usize = 1 << 20;
/// The application's number of an F405 that its ROM calls 336133663433.
const WHOLE_ID: &str = "3361C7E00F5033345632352030";

/// A simulated F405 that runs an application, and its flash.
struct Board {
    options: &'static str,
    flash: FlashFile,
}

impl Board {
    fn running(options: &'static str) -> Self {
        Self {
            options,
            flash: FlashFile::full(MIB),
        }
    }

    fn run(&self, arguments: &str) -> Run {
        stdfu("--sim")
            .arg(self.flash.board(&format!("f405,{}", self.options)))
            .args(arguments)
            .run()
    }

    /// Asserts that it holds the sample firmware.
    #[track_caller]
    fn is_flashed(&self) {
        let firmware = sample("blinky.bin");
        assert_eq!(self.flash.now()[..firmware.len()], firmware);
    }
}

/// Asserts that a command is refused so, and that nothing was flashed.
#[track_caller]
fn refused(options: &'static str, arguments: &str, exit: i32, stderr: &str) {
    let board = Board::running(options);
    board.run(arguments).says(exit, "", stderr);
    board.flash.is_untouched();
}

#[test]
fn each_way_leads_from_the_running_application_to_the_new_one() {
    for (application, how) in [
        ("app=klipper", ""),
        ("app=klipper", "=touch"),
        ("app=arduino", ""),
        ("app=tinyusb", ""),
        ("app=tinyusb", "=detach"),
        ("app=tinyusb", "=touch"),
        ("app=micropython", "=micropython"),
        ("app=micropython,quirk=main=runs", "=micropython"),
        ("quirk=application", ""),
    ] {
        let board = Board::running(application);
        let run = board.run(&format!("flash blinky.elf --enter-dfu{how} --json"));
        let [result] = &run.boards(0)[..] else {
            panic!("one board: {run:?}");
        };
        assert_eq!(result["left"], true, "{application} {how}: {run:?}");
        assert_eq!(result["verified_bytes"], 5123, "{run:?}");
        board.is_flashed();
    }
}
