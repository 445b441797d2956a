//! The devices that a file is meant for.

/// The devices that a file is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIds {
    /// `idVendor`; 0xFFFF: any.
    #[doc(alias = "idVendor")]
    pub vendor_id: u16,
    /// `idProduct`; 0xFFFF: any, and 0 too, which ST's own files carry.
    #[doc(alias = "idProduct")]
    pub product_id: u16,
    /// `bcdDevice`: the firmware's release, for people to read.
    #[doc(alias = "bcdDevice")]
    pub device_release: u16,
}

impl FileIds {
    const ANY: u16 = 0xFFFF;

    /// Whether the file is meant for a device with these ids.
    pub fn accepts(&self, vendor_id: u16, product_id: u16) -> bool {
        [Self::ANY, vendor_id].contains(&self.vendor_id)
            && [Self::ANY, 0, product_id].contains(&self.product_id)
    }

    /// Whether the file is meant for a device that has these ids in DFU mode, and others, if they are known, while its
    /// application runs: makers put either into the suffix.
    pub fn accepts_either(&self, dfu_mode: (u16, u16), run_time: Option<(u16, u16)>) -> bool {
        let mut modes = [Some(dfu_mode), run_time].into_iter().flatten();
        modes.any(|(vendor_id, product_id)| self.accepts(vendor_id, product_id))
    }

    /// What is odd about the ids: a sentence.
    pub fn warning(&self) -> Option<String> {
        (self.product_id == 0)
            .then(|| "The file's product id is 0: it is taken to fit any product.".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_ffff_and_a_product_of_zero_accept_any_device() {
        let check = |vendor_id, product_id, accepted: [bool; 3]| {
            let ids = FileIds {
                vendor_id,
                product_id,
                device_release: 0,
            };
            let devices = [(0x0483, 0xDF11), (0x0483, 0x5740), (0x28E9, 0xDF11)];
            assert_eq!(
                devices.map(|(vendor, product)| ids.accepts(vendor, product)),
                accepted,
                "{ids:04x?}"
            );
            assert_eq!(ids.warning().is_some(), product_id == 0, "{ids:04x?}");
        };
        check(0x0483, 0xDF11, [true, false, false]);
        check(0x0483, 0xFFFF, [true, true, false]);
        check(0x0483, 0x0000, [true, true, false]);
        check(0xFFFF, 0xDF11, [true, false, true]);
        check(0xFFFF, 0xFFFF, [true, true, true]);
        check(0x0000, 0xDF11, [false, false, false]);
    }
}
