//! Which devices are meant: `-d`, `-n`, `-p`, `-c`, `-i`, `-a` and `-S`.

use crate::image::FileIds;
use crate::usb::{DeviceInfo, DfuMode};

use super::number::{leading_hexadecimal, number};

/// Which devices are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The ids of one that runs its application.
    pub run_time: IdsMatch,
    /// The ids of one in DFU mode.
    pub dfu: IdsMatch,
    /// Its serial number as it runs its application.
    pub run_time_serial: Option<String>,
    /// Its serial number in DFU mode.
    pub dfu_serial: Option<String>,
    /// Where it is plugged in.
    pub path: Option<String>,
    /// The device's address on its bus.
    pub device_number: Option<i64>,
    /// `bConfigurationValue`.
    pub configuration: Option<i64>,
    /// `bInterfaceNumber`.
    pub interface: Option<i64>,
    /// The alternate setting, of one in DFU mode.
    pub alt: Alt,
}

/// `idVendor` and `idProduct`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdsMatch {
    pub vendor: IdMatch,
    pub product: IdMatch,
}

/// One of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdMatch {
    /// Whatever it is.
    #[default]
    Any,
    /// Whatever it is, it isn't meant.
    Nothing,
    /// This one.
    Is(u16),
}

/// An alternate setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Alt {
    /// Whatever it is.
    #[default]
    Any,
    /// `bAlternateSetting`
    Number(i64),
    /// All of its string.
    Name(String),
}

impl Filter {
    /// `-d`: `VID:PID[,VID:PID]`, with what is missing being any, or in the second half what the first one says.
    pub fn set_ids(&mut self, text: &str) {
        let nothing = IdsMatch {
            vendor: IdMatch::Nothing,
            product: IdMatch::Nothing,
        };
        let any = IdsMatch::default();
        (self.run_time, self.dfu) = match text.split_once(',') {
            None => (any.or(text), any),
            Some(("", dfu)) => (nothing, any.or(dfu)),
            Some((run_time, dfu)) => {
                let run_time = any.or(run_time);
                (run_time, run_time.or(dfu))
            }
        };
    }

    /// `-S`: `SERIAL[,SERIAL]`; an empty one is any.
    pub fn set_serials(&mut self, text: &str) {
        let (run_time, dfu) = text.split_once(',').unwrap_or((text, text));
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        (self.run_time_serial, self.dfu_serial) = (given(run_time), given(dfu));
    }

    /// `-a`: a number, or a name.
    pub fn set_alt(&mut self, text: &str) {
        self.alt = match number(text) {
            Some(number) if number < 0 => Alt::Any,
            Some(number) => Alt::Number(number),
            None if text.is_empty() => Alt::Number(0),
            None => Alt::Name(text.to_owned()),
        };
    }

    /// Whether a device is meant by what the bus tells of it, before it is opened.
    pub fn accepts(&self, info: &DeviceInfo) -> bool {
        let ids = match is_in_dfu_mode(info) {
            true => self.dfu,
            false => self.run_time,
        };
        let is =
            |wanted: Option<i64>, found: u8| wanted.is_none_or(|wanted| wanted == i64::from(found));
        // Atmel's, which doesn't speak DFU, is nobody's.
        info.mode != DfuMode::Flip
            && ids.accepts(info)
            && self.path.as_ref().is_none_or(|path| *path == info.path)
            && is(self.device_number, info.address)
            && is(self.configuration, info.configuration)
            && is(self.interface, info.interface)
    }

    /// Whether an alternate setting is meant, by its number.
    pub fn accepts_number(&self, info: &DeviceInfo, setting: u8) -> bool {
        match self.alt {
            Alt::Number(number) if is_in_dfu_mode(info) => number == i64::from(setting),
            _ => true,
        }
    }

    /// Whether an alternate setting is meant, by its name.
    pub fn accepts_name(&self, info: &DeviceInfo, name: &str) -> bool {
        match &self.alt {
            Alt::Name(wanted) if is_in_dfu_mode(info) => wanted == name,
            _ => true,
        }
    }

    /// Whether a device is meant, by its serial number.
    pub fn accepts_serial(&self, info: &DeviceInfo, serial: &str) -> bool {
        let wanted = match is_in_dfu_mode(info) {
            true => &self.dfu_serial,
            false => &self.run_time_serial,
        };
        wanted.as_ref().is_none_or(|wanted| wanted == serial)
    }

    /// Whether anything is said of ids.
    pub fn names_ids(&self) -> bool {
        (self.run_time, self.dfu) != Default::default()
    }

    /// Whether a file with these ids is for a device whose application has those that are asked for.
    pub fn accepts_file(&self, ids: FileIds) -> bool {
        match self.run_time {
            IdsMatch {
                vendor: IdMatch::Is(vendor),
                product: IdMatch::Is(product),
            } => ids.accepts(vendor, product),
            _ => false,
        }
    }
}

impl IdsMatch {
    /// What a text says, and where it says nothing, this.
    fn or(self, text: &str) -> Self {
        Self {
            vendor: self.vendor.or(Some(text)),
            product: self
                .product
                .or(text.split_once(':').map(|(_, product)| product)),
        }
    }

    fn accepts(self, info: &DeviceInfo) -> bool {
        self.vendor.accepts(info.vendor_id) && self.product.accepts(info.product_id)
    }
}

impl IdMatch {
    fn or(self, text: Option<&str>) -> Self {
        match text {
            None => self,
            Some(text) if text.starts_with('*') => Self::Any,
            Some(text) if text.starts_with('-') => Self::Nothing,
            Some(text) => match leading_hexadecimal(text) {
                Some(id) => u16::try_from(id).map_or(Self::Nothing, Self::Is),
                None => self,
            },
        }
    }

    fn accepts(self, id: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Nothing => false,
            Self::Is(wanted) => wanted == id,
        }
    }
}

/// Whether the device listens; where it doesn't, it runs its application.
pub fn is_in_dfu_mode(info: &DeviceInfo) -> bool {
    info.mode == DfuMode::Dfu
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> [IdMatch; 4] {
        let mut filter = Filter::default();
        filter.set_ids(text);
        let Filter { run_time, dfu, .. } = filter;
        [run_time.vendor, run_time.product, dfu.vendor, dfu.product]
    }

    #[test]
    fn ids_are_read_in_all_their_forms() {
        use IdMatch::{Any, Is, Nothing};
        let check = |text: &str, expected| assert_eq!(ids(text), expected, "{text}");
        check("0483:df11", [Is(0x0483), Is(0xDF11), Any, Any]);
        check(",0483:df11", [Nothing, Nothing, Is(0x0483), Is(0xDF11)]);
        check(
            "1457:51ab,951:26",
            [Is(0x1457), Is(0x51AB), Is(0x0951), Is(0x0026)],
        );
        check(
            "1457:51ab,:2bc",
            [Is(0x1457), Is(0x51AB), Is(0x1457), Is(0x02BC)],
        );
        check("1457", [Is(0x1457), Any, Any, Any]);
        check("1457,", [Is(0x1457), Any, Is(0x1457), Any]);
        check(":51ab", [Any, Is(0x51AB), Any, Any]);
        check("*,-", [Any, Any, Nothing, Any]);
        check("*:*,-:-", [Any, Any, Nothing, Nothing]);
        check(",", [Nothing, Nothing, Any, Any]);
        check("-", [Nothing, Any, Any, Any]);
        check("", [Any, Any, Any, Any]);
        check("0x0483:0xDF11", [Is(0x0483), Is(0xDF11), Any, Any]);
        check("12345:1", [Nothing, Is(1), Any, Any]);
    }

    #[test]
    fn one_serial_number_is_for_both_modes() {
        let serials = |text: &str| {
            let mut filter = Filter::default();
            filter.set_serials(text);
            (filter.run_time_serial, filter.dfu_serial)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(serials("A"), (some("A"), some("A")));
        assert_eq!(serials("A,B"), (some("A"), some("B")));
        assert_eq!(serials(",B"), (None, some("B")));
        assert_eq!(serials("A,"), (some("A"), None));
    }

    #[test]
    fn what_is_no_number_names_a_memory() {
        let alt = |text: &str| {
            let mut filter = Filter::default();
            filter.set_alt(text);
            filter.alt
        };
        assert_eq!(alt("1"), Alt::Number(1));
        assert_eq!(alt("0x2"), Alt::Number(2));
        assert_eq!(alt("rootfs"), Alt::Name("rootfs".to_owned()));
        assert_eq!(alt("1st"), Alt::Name("1st".to_owned()));
    }
}
