//! Conversations with the prompt, byte for byte as MicroPython's documentation and sources have them.

use super::*;

/// A board that has started, and has been listened to.
struct Board {
    repl: Repl,
}

impl Board {
    fn starts(has_main: bool) -> (Self, String) {
        let mut output = Vec::new();
        let repl = Repl::new(has_main, &mut output);
        (Self { repl }, text(output))
    }

    fn at_prompt() -> Self {
        Self::starts(false).0
    }

    fn in_raw_mode() -> Self {
        let mut board = Self::at_prompt();
        assert_eq!(board.says(b"\x01"), "\r\nraw REPL; CTRL-B to exit\r\n>");
        board
    }

    /// What it says to that; it stays.
    fn says(&mut self, typed: &[u8]) -> String {
        let mut output = Vec::new();
        assert_eq!(self.repl.hear(typed, &mut output), None);
        text(output)
    }

    /// What it says to that, and where it goes.
    fn goes(&mut self, typed: &[u8]) -> (String, Option<Goes>) {
        let mut output = Vec::new();
        let goes = self.repl.hear(typed, &mut output);
        (text(output), goes)
    }
}

fn text(output: Vec<u8>) -> String {
    String::from_utf8(output).expect("ASCII")
}

fn to_bootloader(milliseconds: u64) -> Option<Goes> {
    let slept = Duration::from_millis(milliseconds);
    Some(Goes::ToBootloader(slept + Repl::LAST_WORDS))
}

#[test]
fn a_board_greets_and_prompts_when_it_has_started() {
    let (mut board, said) = Board::starts(false);
    let greeting = "MicroPython v1.24.1 on 2024-11-29; PYBv1.1 with STM32F405RG\r\n\
                    Type \"help()\" for more information.\r\n>>> ";
    assert_eq!(said, greeting);
    assert_eq!(board.says(b"\x02"), format!("\r\n{greeting}"));
}

#[test]
fn a_line_is_echoed_and_answered() {
    let mut board = Board::at_prompt();
    assert_eq!(board.says(b"print(1)"), "print(1)");
    assert_eq!(board.says(b"\r"), "\r\n1\r\n>>> ");
    assert_eq!(board.says(b"\r"), "\r\n>>> ");
    // A line feed ends no line.
    assert_eq!(board.says(b"\n"), "");
    assert_eq!(
        board.says(b"fop\x7fo\r"),
        "fop\x08\x1b[Ko\r\n\
        Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n\
        NameError: name 'foo' isn't defined\r\n>>> "
    );
    assert_eq!(
        board.says(b"1 +\r"),
        "1 +\r\n\
        Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\n\
        SyntaxError: invalid syntax\r\n>>> "
    );
}

#[test]
fn ctrl_c_gives_a_line_up_and_ctrl_a_in_one_is_no_raw_mode() {
    let mut board = Board::at_prompt();
    assert_eq!(board.says(b"foo\x03"), "foo\r\n>>> ");
    assert_eq!(board.says(b"x\x01\x04\x02"), "x");
    assert_eq!(board.says(b"\x03\x03"), "\r\n>>> \r\n>>> ");
}

#[test]
fn the_bootloader_is_started_from_the_friendly_prompt() {
    let mut board = Board::at_prompt();
    assert_eq!(board.says(b"import machine\r"), "import machine\r\n>>> ");
    let (said, goes) = board.goes(b"machine.bootloader()\r");
    assert_eq!(said, "machine.bootloader()\r\n");
    assert_eq!(goes, to_bootloader(0));
}

#[test]
fn raw_mode_says_ok_and_ends_output_and_exception_with_ctrl_d() {
    let mut board = Board::in_raw_mode();
    // No echo.
    assert_eq!(board.says(b"print('hello')"), "");
    assert_eq!(board.says(b"\x04"), "OKhello\r\n\x04\x04>");
    assert_eq!(
        board.says(b"foo\x04"),
        "OK\x04Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n\
         NameError: name 'foo' isn't defined\r\n\x04>"
    );
    // Ctrl-C clears what was typed.
    assert_eq!(board.says(b"foo\x03print(2)\x04"), "OK2\r\n\x04\x04>");
    assert_eq!(board.says(b"\x01"), "raw REPL; CTRL-B to exit\r\n>");
    assert!(board.says(b"\x02").ends_with("information.\r\n>>> "));
    assert_eq!(board.says(b"print(3)\r"), "print(3)\r\n3\r\n>>> ");
}

#[test]
fn the_bootloader_is_started_from_raw_mode_once_it_has_slept() {
    let mut board = Board::in_raw_mode();
    let program = b"import time, machine; time.sleep_ms(100); machine.bootloader()\x04";
    assert_eq!(board.goes(program), ("OK".to_owned(), to_bootloader(100)));
}

#[test]
fn what_comes_after_the_bootloader_was_started_is_not_heard() {
    let mut board = Board::in_raw_mode();
    let (said, goes) = board.goes(b"import pyb\npyb.bootloader()\x04print(1)\x04");
    assert_eq!((said.as_str(), goes), ("OK", to_bootloader(0)));
}

#[test]
fn a_soft_reboot_forgets_names_and_keeps_the_mode() {
    let mut board = Board::at_prompt();
    board.says(b"import machine\r");
    let said = board.says(b"\x04");
    assert!(said.starts_with("\r\nMPY: sync filesystems\r\nMPY: soft reboot\r\nMicroPython v1"));
    assert!(said.ends_with(">>> "));
    assert!(board.says(b"machine.bootloader()\r").contains("NameError"));
    let mut board = Board::in_raw_mode();
    assert_eq!(
        board.says(b"\x04"),
        "OK\r\nMPY: sync filesystems\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>"
    );
}

/// The documentation's *Raw-paste mode*: `R`, 1, the window's size, and 1 for each window that is free.
#[test]
fn raw_paste_mode_tells_when_there_is_room_and_when_it_has_all() {
    let mut board = Board::in_raw_mode();
    let mut output = Vec::new();
    board.repl.hear(b"\x05A\x01", &mut output);
    assert_eq!(output, [b'R', 1, 128, 0, 1]);
    let comment = [b"#".repeat(126), b"\n".to_vec()].concat();
    assert_eq!(board.says(&comment), "");
    assert_eq!(board.says(b"p"), "\x01");
    assert_eq!(board.says(b"rint(7)"), "");
    assert_eq!(board.says(b"\x04"), "\x047\r\n\x04\x04>");
    // Back in raw mode. Other commands than A are known for being unknown.
    assert_eq!(board.says(b"\x05B\x01"), "R\0>");
    board.repl.hear(b"\x05A\x01foo", &mut output);
    assert!(
        board
            .says(b"\x03")
            .ends_with("KeyboardInterrupt: \r\n\x04>")
    );
}

#[test]
fn paste_mode_echoes_and_runs_at_the_end() {
    let mut board = Board::at_prompt();
    assert_eq!(
        board.says(b"\x05"),
        "\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== "
    );
    assert_eq!(
        board.says(b"print(1)\rprint(2)"),
        "print(1)\r\n=== print(2)"
    );
    assert_eq!(board.says(b"\x04"), "\r\n1\r\n2\r\n>>> ");
    board.says(b"\x05foo");
    assert_eq!(board.says(b"\x03"), "\r\n>>> ");
    assert_eq!(board.says(b"\r"), "\r\n>>> ");
}

#[test]
fn a_program_that_runs_hears_ctrl_c_alone_and_what_was_typed_comes_after_it() {
    let (mut board, said) = Board::starts(true);
    assert_eq!(said, "");
    assert_eq!(board.says(b"print(1)\r\x01\x04"), "");
    let said = board.says(b"\x03");
    assert!(said.starts_with("Traceback (most recent call last):\r\n  File \"main.py\""));
    assert!(said.contains("KeyboardInterrupt: \r\nMicroPython v1"));
    // print(1), Enter, Ctrl-A, and Ctrl-D, which reboots in raw mode and so runs nothing.
    assert!(
        said.contains(">>> print(1)\r\n1\r\n>>> \r\nraw REPL"),
        "{said}"
    );
    assert!(said.ends_with("soft reboot\r\nraw REPL; CTRL-B to exit\r\n>"));
    board.says(b"\x02");
    // A friendly one runs it again.
    assert!(board.says(b"\x04").ends_with("MPY: soft reboot\r\n"));
    assert_eq!(board.says(b"print(1)\r"), "");
}

#[test]
fn no_typing_is_too_much() {
    let mut board = Board::in_raw_mode();
    for _ in 0..64 {
        assert_eq!(board.says(&[b'#'; 4096]), "");
    }
    assert_eq!(board.repl.line.len(), LONGEST_PROGRAM);
    assert_eq!(board.says(b"\x04"), "OK\x04\x04>");
    let (mut board, _) = Board::starts(true);
    board.says(&[b'#'; 4096]);
    assert_eq!(board.repl.typed_ahead.len(), KEPT);
}
