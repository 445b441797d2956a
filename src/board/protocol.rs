//! Which protocol a device in DFU mode speaks.

use crate::dfuse::command::DFUSE_VERSION;
use crate::dfuse::layout::MemoryLayout;
use crate::dfuse::layout::error::LayoutError;

/// What a device in DFU mode speaks, as far as its descriptors and strings tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// ST's extension: memories with addresses.
    Dfuse,
    /// DFU 1.0 or 1.1, and nothing more.
    Plain,
    /// DfuSe by its version, with names for its memories that are no layouts.
    WithoutLayouts,
}

/// By `bcdDFUVersion`, where there is any, and the strings of the alternate settings; `None` for one that can't be read.
///
/// A layout counts for more than the version: NumWorks' bootloader says 0100. A string that only begins with '@' does
/// not: there are builds of dapboot that do so. Without a functional descriptor it is DFU 1.0 (Openmoko).
pub fn protocol(version: Option<u16>, strings: &[Option<&str>]) -> Protocol {
    let is_layout = |text: &&str| MemoryLayout::parse(text).is_ok();
    let is_only_a_name =
        |text: &str| matches!(MemoryLayout::parse(text), Err(LayoutError::NotDfuse { .. }));
    if strings.iter().flatten().any(is_layout) {
        Protocol::Dfuse
    } else if version != Some(DFUSE_VERSION) {
        Protocol::Plain
    } else if !strings.is_empty() && strings.iter().all(|text| text.is_some_and(is_only_a_name)) {
        Protocol::WithoutLayouts
    } else {
        // A string that is missing or garbled says nothing.
        Protocol::Dfuse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: impl Into<Option<u16>>, strings: &[Option<&str>], expected: Protocol) {
        assert_eq!(protocol(version.into(), strings), expected);
    }

    #[test]
    fn an_f405_speaks_dfuse() {
        let strings = [
            Some("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"),
            Some("@Option Bytes  /0x1FFFC000/01*016 e"),
        ];
        check(0x011A, &strings, Protocol::Dfuse);
    }

    #[test]
    fn a_numworks_speaks_dfuse_with_an_old_version() {
        let strings = [Some("@Flash/0x08000000/04*016Kg,01*064Kg,07*128Kg")];
        check(0x0100, &strings, Protocol::Dfuse);
        check(None, &strings, Protocol::Dfuse);
    }

    #[test]
    fn a_dapboot_speaks_plain_dfu_whatever_its_string_begins_with() {
        check(0x0110, &[Some("DAPBoot DFU")], Protocol::Plain);
        check(0x0110, &[Some("@DAPBoot DFU")], Protocol::Plain);
    }

    #[test]
    fn an_lpc_rom_a_zephyr_and_an_openmoko_speak_plain_dfu() {
        check(0x0100, &[Some("DFU")], Protocol::Plain);
        check(0x0110, &[Some("image_0"), Some("image_1")], Protocol::Plain);
        check(None, &[Some("rootfs"), None], Protocol::Plain);
        check(0x0100, &[None], Protocol::Plain);
    }

    #[test]
    fn a_layout_in_any_alternate_setting_will_do() {
        let strings = [None, Some("RAM"), Some("@Flash/0x08000000/64*1Kg")];
        check(0x0110, &strings, Protocol::Dfuse);
    }

    #[test]
    fn a_rom_whose_strings_are_missing_or_cut_short_speaks_dfuse_by_its_version() {
        check(0x011A, &[], Protocol::Dfuse);
        check(0x011A, &[None, None], Protocol::Dfuse);
        check(0x011A, &[Some("@Internal Flash  /0x0800")], Protocol::Dfuse);
        check(0x011A, &[Some("garbage"), None], Protocol::Dfuse);
    }

    #[test]
    fn dfuse_by_its_version_with_mere_names_has_no_layouts() {
        check(
            0x011A,
            &[Some("Firmware"), Some("Settings")],
            Protocol::WithoutLayouts,
        );
    }
}
