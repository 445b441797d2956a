//! dfu-prefix: adds a prefix for TI's or NXP's boot loaders to a file, checks it, or removes it.

use std::ffi::OsString;

use crate::cli::getopt::Spec;
use crate::image::Prefix;
use crate::printable::Printable;

use super::number::number;
use super::order::{self, Action, Order};
use super::suffixed_file::SuffixedFile;
use super::sysexit::Sysexit;
use super::voice::Voice;

/// Beside those that it has in common with dfu-suffix. `--LPC` is what 0.11 takes, `--lpc-prefix` what its help says.
const OPTIONS: [Spec; 3] = [
    Spec::with_value('s', &["stellaris-address"]),
    Spec::flag('T', &["stellaris"]),
    Spec::flag('L', &["LPC", "lpc-prefix"]),
];

const HELP: &str = "\
Usage: dfu-prefix [options] -a FILE | -c FILE | -D FILE
  -a --add <file>        Add a prefix, which -s or -L says
  -c --check <file>      Show the prefix; with -T or -L, only one of that kind will do
  -D --delete <file>     Remove the prefix; with -T or -L, only one of that kind
  -s --stellaris-address <address>
                         TI's prefix, for Stellaris and Tiva: a multiple of 1024, below 64 MiB
  -T --stellaris         TI's prefix
  -L --lpc-prefix        NXP's prefix, for LPC
  -h --help              Show this help
  -V --version           Show the version
";

/// In these units, TI's prefix counts.
const STELLARIS_BLOCK: u32 = 1024;

/// Does what the options say.
pub fn run(options: Vec<OsString>, voice: &Voice) -> Result<(), Sysexit> {
    let Some(order) = order::read(options, &OPTIONS, HELP, voice)? else {
        return Ok(());
    };
    let wanted = wanted(&order, voice)?;
    match (order.action, wanted) {
        (Action::Check, _) => {
            let file = SuffixedFile::to_show(&order.path, voice)?;
            file.mention_missing_suffix();
            file.show();
            check_kind(file.parts.prefix, wanted, voice)
        }
        (Action::Add, None) => {
            voice.warn("Prefix type must be specified");
            Err(Sysexit::Usage)
        }
        (Action::Add, Some(prefix)) => add(&order, prefix, voice),
        (Action::Delete, _) => {
            let file = SuffixedFile::to_change(&order.path, voice)?;
            file.mention_missing_suffix();
            if file.parts.prefix.is_none() {
                voice.warn("Valid DFU prefix needed");
                return Err(Sysexit::Data);
            }
            check_kind(file.parts.prefix, wanted, voice)?;
            voice.say("Removing prefix from file");
            file.replace_but_for_suffix(&file.parts.clone().without_prefix())
        }
    }
}

fn add(order: &Order, prefix: Prefix, voice: &Voice) -> Result<(), Sysexit> {
    let file = SuffixedFile::to_change(&order.path, voice)?;
    file.mention_missing_suffix();
    if file.parts.prefix.is_some() {
        voice.warn("A prefix already exists, please delete it first");
        return Err(Sysexit::Data);
    }
    let parts = file.parts.clone().with_prefix(prefix).map_err(|error| {
        voice.warn(&error.to_string());
        Sysexit::Data
    })?;
    voice.say("Adding prefix to file");
    file.replace_but_for_suffix(&parts)
}

/// The prefix that the last option of that kind says.
fn wanted(order: &Order, voice: &Voice) -> Result<Option<Prefix>, Sysexit> {
    let (mut prefix, mut address) = (None, 0);
    for (letter, text) in &order.details {
        if *letter == 's' {
            address = stellaris_address(text, voice)?;
        }
        match letter {
            's' | 'T' => prefix = Some(Prefix::Stellaris { address }),
            'L' => prefix = Some(Prefix::Lpc),
            _ => {}
        }
    }
    Ok(prefix)
}

/// The address, as a multiple of 1 KiB.
fn stellaris_address(text: &str, voice: &Voice) -> Result<u32, Sysexit> {
    let shown = Printable(text);
    let refuse = |why: &str| {
        voice.warn(&format!("Invalid lmdfu address: {shown}{why}"));
        Sysexit::Usage
    };
    let address = number(text).and_then(|number| u64::try_from(number).ok());
    let address = address.ok_or_else(|| refuse(""))?;
    let Ok(block) = u16::try_from(address / u64::from(STELLARIS_BLOCK)) else {
        return Err(refuse(": the prefix has no room for one of 64 MiB or more"));
    };
    let kept = u32::from(block) * STELLARIS_BLOCK;
    if u64::from(kept) != address {
        voice.warn(&format!(
            "Warning: the prefix counts in units of 1024 bytes: {shown} becomes {kept:#010x}"
        ));
    }
    Ok(kept)
}

/// Refuses a prefix that is of another kind than the one asked for.
fn check_kind(found: Option<Prefix>, wanted: Option<Prefix>, voice: &Voice) -> Result<(), Sysexit> {
    let is_stellaris = |prefix: Option<Prefix>| prefix.map(|prefix| prefix != Prefix::Lpc);
    if wanted.is_some() && is_stellaris(found) != is_stellaris(wanted) {
        voice.warn("No prefix of requested type");
        return Err(Sysexit::Data);
    }
    Ok(())
}
