//! `stdfu udev`: the rule that lets people use boards on Linux.

use clap::Args;

use crate::cli::app::App;
use crate::cli::document::RulesDocument;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output;

/// Prints the udev rule that lets you use boards on Linux
///
/// It lets whoever sits at the machine, and over ssh the members of the group plugdev, use boards in DFU mode without
/// being root, and applications that can be asked to enter it. Plug the board in again when the rule is installed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules")]
pub struct UdevArgs {}

/// Interfaces tell, not ids: every board has some of class FE, subclass 01, whoever made it. Protocol 0 is what the DSO
/// Nano says in DFU mode, 1 what applications say that can be detached, and the LPC ROM. udev's `usb_id` makes
/// ID_USB_INTERFACES before rules from 50 on; uaccess is acted on by rule 73.
const RULES: &str = r#"# Boards in DFU mode, and applications that can be asked to enter it, are for whoever sits at the machine (uaccess), and
# for the group plugdev: over ssh and in CI nobody sits there. To be named 70-stdfu.rules.
SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ENV{ID_USB_INTERFACES}=="*:fe010[012]:*", MODE="0660", GROUP="plugdev", TAG+="uaccess"
"#;

pub fn run(_: &UdevArgs, app: &App) -> Result<Exit, CliError> {
    output::check_that_it_keeps()?;
    app.output.answer(RULES)?;
    app.output.document(RulesDocument { rules: RULES })?;
    Ok(Exit::Done)
}
