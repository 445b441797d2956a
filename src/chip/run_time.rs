//! The ids that known devices have while their application runs, beside those in DFU mode.

/// `idVendor`, `idProduct`.
type Ids = (u16, u16);

/// The ids in DFU mode, and those of the application, by the devices' own sources and documentation.
const KNOWN: &[(Ids, Ids)] = &[
    // ADALM-Pluto: its files carry the application's ids.
    ((0x0456, 0xB674), (0x0456, 0xB673)),
    // Maple and other boards with stm32duino's bootloader.
    ((0x1EAF, 0x0003), (0x1EAF, 0x0004)),
    // Ubertooth One.
    ((0x1D50, 0x6003), (0x1D50, 0x6002)),
    // Zephyr's sample, which MCUboot's serial recovery goes by, too.
    ((0x2FE3, 0xFFFF), (0x2FE3, 0x0100)),
];

/// The ids of a device's application, if they are known; `dfu_mode` are those that it has now.
pub fn run_time_ids(dfu_mode: Ids) -> Option<Ids> {
    let mut known = KNOWN.iter();
    let (_, run_time) = known.find(|(ids, _)| *ids == dfu_mode)?;
    Some(*run_time)
}
