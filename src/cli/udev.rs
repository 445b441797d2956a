//! `stdfu udev`: the rules that let people use boards on Linux.

use anyhow::Context as _;
use clap::Args;

use super::Context;
use super::exit::Exit;
use super::output;

/// Prints the udev rules that let you use boards on Linux
///
/// They let whoever sits at the machine use boards in DFU mode without being root. Plug the board in again when they
/// are installed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules")]
pub struct UdevArgs {}

/// Ids of bootloaders that speak DfuSe, and whose they are.
const IDS: &[(u16, u16, &str)] = &[
    (0x0483, 0xDF11, "ST's bootloaders, and mboot"),
    (0x28E9, 0x0189, "GD32"),
    (0x2E3C, 0xDF11, "AT32"),
    (0x314B, 0x0106, "APM32"),
];

pub fn run(_: &UdevArgs, context: &Context<'_>) -> anyhow::Result<Exit> {
    output::check_that_it_keeps().context("writing to stdout")?;
    context
        .output
        .answer(&rules())
        .context("writing the rules")?;
    context
        .output
        .document(serde_json::json!({ "rules": rules() }))
        .context("writing the rules")?;
    Ok(Exit::Done)
}

fn rules() -> String {
    let head = "# Lets whoever sits at the machine use boards in DFU mode. To be named 70-stdfu.rules: 73 acts on uaccess.\n";
    let rules = IDS.iter().map(|(vendor_id, product_id, whose)| {
        format!("# {whose}\n{}\n", rule(*vendor_id, *product_id))
    });
    head.to_owned() + &rules.collect::<String>()
}

/// The rule for one board.
pub fn rule(vendor_id: u16, product_id: u16) -> String {
    format!(
        "SUBSYSTEM==\"usb\", ATTR{{idVendor}}==\"{vendor_id:04x}\", ATTR{{idProduct}}==\"{product_id:04x}\", \
         MODE=\"0660\", TAG+=\"uaccess\""
    )
}
