//! The ids of applications that are known to leave for their bootloader when they are asked through their serial port.

/// How an application is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// By a touch at 1200 baud.
    Touch,
    /// At MicroPython's prompt, which is deaf to a touch.
    MicroPython,
}

/// By `idVendor` and a range of `idProduct`.
const KNOWN: &[(u16, u16, u16, Asks)] = &[
    // Klipper (its Kconfig; `src/generic/usb_cdc.c`).
    (0x1D50, 0x614E, 0x614E, Asks::Touch),
    // A sketch with Arduino's own core for STM32H7 (ArduinoCore-mbed): Portenta H7, Nicla Vision, Giga R1.
    (0x2341, 0x025B, 0x025B, Asks::Touch),
    (0x2341, 0x025F, 0x025F, Asks::Touch),
    (0x2341, 0x0266, 0x0266, Asks::Touch),
    // The same boards with MicroPython (`mpconfigboard.h`).
    (0x2341, 0x055B, 0x055B, Asks::MicroPython),
    (0x2341, 0x0566, 0x0566, Asks::MicroPython),
    // TinyUSB's examples (`usb_descriptors.c`: 0x4000 and a bit for each class), with what Adafruit's library adds.
    (0xCAFE, 0x4000, 0x40FF, Asks::Touch),
    // MicroPython on STM32 (`mpconfigboard_common.h`: a product id for each set of interfaces).
    (0xF055, 0x9800, 0x980A, Asks::MicroPython),
];

/// How the application with these ids, `idVendor` and `idProduct`, is asked through its serial port; `None` where nobody
/// knows whether it hears that.
pub fn asks((vendor_id, product_id): (u16, u16)) -> Option<Asks> {
    let mut known = KNOWN.iter();
    let (.., asks) = known.find(|(vendor, first, last, _)| {
        *vendor == vendor_id && (*first..=*last).contains(&product_id)
    })?;
    Some(*asks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_is_for_those_that_know_it() {
        assert_eq!(asks((0x1D50, 0x614E)), Some(Asks::Touch));
        assert_eq!(asks((0x2341, 0x025B)), Some(Asks::Touch), "a Portenta");
        assert_eq!(asks((0xCAFE, 0x4001)), Some(Asks::Touch));
        assert_eq!(asks((0xF055, 0x9802)), Some(Asks::MicroPython));
        // STM32duino's core does nothing at a touch, and so does most that has ST's ids.
        assert_eq!(asks((0x0483, 0x5740)), None);
        // An Uno, whose bootloader isn't DFU; a serial adapter; a debug probe.
        assert_eq!(asks((0x2341, 0x0043)), None);
        assert_eq!(asks((0x0403, 0x6001)), None);
        assert_eq!(asks((0x0483, 0x374B)), None);
    }
}
