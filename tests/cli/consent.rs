//! A yes to what can't be undone, typed at a terminal.

use crate::run::FlashFile;
use crate::terminal::terminal;

const QUESTION: &str = "Type yes to do this to ";

#[test]
fn only_yes_is_a_yes() {
    let flash = FlashFile::full(1 << 20);
    let unprotect = format!("--sim {} unprotect", flash.board("f405"));
    for answer in [
        "yellow\n",
        "yess\n",
        "eyes\n",
        "yes yes\n",
        "y\n",
        "no\n",
        "\n",
        "\x04",
    ] {
        let Some(screen) = terminal(&unprotect, &[], Some((QUESTION, answer.as_bytes()))) else {
            return;
        };
        assert_eq!(screen.exit, 2, "{answer:?}: {}", screen.text);
        let error = "error: the answer was not yes, so nothing was touched\n";
        assert!(screen.text.ends_with(error), "{answer:?}: {}", screen.text);
        flash.is_untouched();
    }
    let board = flash.board("f405,quirk=read-protected");
    for answer in ["yes\n", " YES \n"] {
        let unprotect = format!("--sim {board} unprotect");
        let screen = terminal(&unprotect, &[], Some((QUESTION, answer.as_bytes())));
        let screen = screen.expect("there was one before");
        assert_eq!(screen.exit, 0, "{answer:?}: {}", screen.text);
        flash.holds(&[0xFF; 1 << 20]);
        flash.put(&flash.before());
    }
}
