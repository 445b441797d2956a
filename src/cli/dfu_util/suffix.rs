//! dfu-suffix: adds a DFU suffix to a file, checks it, or removes it.

use std::ffi::OsString;

use crate::cli::args::ids::hexadecimal;
use crate::cli::getopt::Spec;
use crate::image::{FileIds, NewSuffix};
use crate::printable::Printable;

use super::order::{self, Action, Order};
use super::suffixed_file::SuffixedFile;
use super::sysexit::Sysexit;
use super::voice::Voice;

/// Beside those that it has in common with dfu-prefix.
const OPTIONS: [Spec; 4] = [
    Spec::with_value('p', &["pid"]),
    Spec::with_value('v', &["vid"]),
    Spec::with_value('d', &["did"]),
    Spec::with_value('S', &["spec"]),
];

const HELP: &str = "\
Usage: dfu-suffix [options] -a FILE | -c FILE | -D FILE
  -a --add <file>        Add a DFU suffix
  -c --check <file>      Show the DFU suffix, if it is right
  -D --delete <file>     Remove the DFU suffix
  -v --vid <vendorID>    For -a: the vendor ID, hexadecimal; ffff, for any, if not given
  -p --pid <productID>   For -a: the product ID, likewise
  -d --did <deviceID>    For -a: the device's release, likewise
  -S --spec <specID>     For -a: the DFU specification: 0100, if not given, or 011a
  -h --help              Show this help
  -V --version           Show the version
";

/// `bcdDFU` of the suffixes that can be made, the first without being asked for.
const SPECIFICATIONS: [u16; 2] = [0x0100, 0x011A];

/// Does what the options say.
pub fn run(options: Vec<OsString>, voice: &Voice) -> Result<(), Sysexit> {
    let Some(order) = order::read(options, &OPTIONS, HELP, voice)? else {
        return Ok(());
    };
    let new = new_suffix(&order, voice)?;
    match order.action {
        Action::Check => {
            let file = SuffixedFile::to_show(&order.path, voice)?;
            let suffix = file.parts.suffix;
            suffix.map_err(|reason| file.refuse_suffix(reason))?;
            file.show();
        }
        Action::Add => {
            let file = SuffixedFile::to_change(&order.path, voice)?;
            if file.parts.suffix.is_ok() {
                voice.warn("Please remove existing DFU suffix before adding a new one.");
                return Err(Sysexit::Data);
            }
            file.replace(&file.parts.clone().with_prefix_again(), Some(new))?;
            voice.say("Suffix successfully added to file");
        }
        Action::Delete => {
            let file = SuffixedFile::to_change(&order.path, voice)?;
            let suffix = file.parts.suffix;
            suffix.map_err(|reason| file.refuse_suffix(reason))?;
            file.replace(&file.parts.clone().with_prefix_again(), None)?;
            voice.say("Suffix successfully removed from file");
        }
    }
    Ok(())
}

/// What the suffix is to say.
fn new_suffix(order: &Order, voice: &Voice) -> Result<NewSuffix, Sysexit> {
    let [first, _] = SPECIFICATIONS;
    let mut new = NewSuffix {
        dfu_version: first,
        ids: FileIds {
            vendor_id: 0xFFFF,
            product_id: 0xFFFF,
            device_release: 0xFFFF,
        },
    };
    for (letter, text) in &order.details {
        let (field, name) = match letter {
            'v' => (&mut new.ids.vendor_id, "vendor ID"),
            'p' => (&mut new.ids.product_id, "product ID"),
            'd' => (&mut new.ids.device_release, "device ID"),
            'S' => (&mut new.dfu_version, "specification ID"),
            _ => continue,
        };
        *field = number(text, name, voice)?;
    }
    if !SPECIFICATIONS.contains(&new.dfu_version) {
        voice.explain("Only DFU specification 0x0100 and 0x011a supported\n");
        voice.explain(HELP);
        return Err(Sysexit::Usage);
    }
    Ok(new)
}

fn number(text: &str, name: &str, voice: &Voice) -> Result<u16, Sysexit> {
    hexadecimal(text.trim_start()).ok_or_else(|| {
        let text = Printable(text);
        voice.warn(&format!(
            "Invalid {name}: {text}: expected up to four hexadecimal digits, such as 0483"
        ));
        Sysexit::Usage
    })
}
