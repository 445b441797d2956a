//! `stdfu udev`: the rule that lets people use boards on Linux.

use clap::Args;

use crate::cli::app::App;
use crate::cli::document::RulesDocument;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output;

/// Prints the udev rule that lets you use boards on Linux
///
/// It lets you use boards in DFU mode without being root: at the machine itself, and over ssh and in CI as a member of the
/// group plugdev. Applications that can be asked to enter DFU mode are included. After installing the rule, plug the board
/// in again.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules")]
pub struct UdevArgs {}

/// Interfaces tell, not ids: every board has some of class FE, subclass 01, whoever made it. Protocol 0 is what the DSO
/// Nano says in DFU mode, 1 what applications say that can be detached, and the LPC ROM. udev's `usb_id` makes
/// ID_USB_INTERFACES before rules from 50 on; uaccess is acted on by rule 73.
pub const RULES: &str = r#"# Boards in DFU mode, and applications that can be asked to enter it, are for whoever sits at the machine (uaccess), and
# for the group plugdev: over ssh and in CI nobody sits there. To be named 70-stdfu.rules.
SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ENV{ID_USB_INTERFACES}=="*:fe010[012]:*", MODE="0660", GROUP="plugdev", TAG+="uaccess"
"#;

pub fn run(_: &UdevArgs, app: &App) -> Result<Exit, CliError> {
    output::check_that_it_keeps()?;
    app.output.answer(RULES)?;
    app.output.document(RulesDocument { rules: RULES })?;
    Ok(Exit::Done)
}
