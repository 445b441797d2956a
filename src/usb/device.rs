//! What the bus tells of a device with a DFU interface, made from its descriptors whoever has read them.

use super::descriptor::{self, Descriptors, DfuFunctionalDescriptor, InterfaceDescriptor};

/// Where a device is, as the system numbers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Number of the bus, from 1.
    pub bus: u8,
    /// The device's address on that bus; changes with every enumeration.
    pub address: u8,
    /// Where it is plugged in, as in sysfs: `BUS-PORT[.PORT…]`. Stays the same over re-enumeration.
    pub path: String,
}

/// What the bus tells about a device before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Number of the bus, from 1.
    pub bus: u8,
    /// The device's address on that bus; changes with every enumeration.
    pub address: u8,
    /// Where it is plugged in, as in sysfs: `BUS-PORT[.PORT…]`. Stays the same over re-enumeration.
    pub path: String,
    /// `idVendor`.
    #[doc(alias = "idVendor")]
    pub vendor_id: u16,
    /// `idProduct`.
    #[doc(alias = "idProduct")]
    pub product_id: u16,
    /// `bcdDevice`: the device's release.
    #[doc(alias = "bcdDevice")]
    pub release: u16,
    /// `bConfigurationValue`.
    #[doc(alias = "bConfigurationValue")]
    pub configuration: u8,
    /// `bMaxPacketSize0`: 8, 16, 32 or 64.
    #[doc(alias = "bMaxPacketSize0")]
    pub max_packet_size0: u8,
    /// `iProduct`: index of the product string, 0 for none.
    #[doc(alias = "iProduct")]
    pub product_index: u8,
    /// `iSerialNumber`: index of the serial number string, 0 for none.
    #[doc(alias = "iSerialNumber")]
    pub serial_index: u8,
    /// `bInterfaceNumber` of the DFU interface.
    #[doc(alias = "bInterfaceNumber")]
    pub interface: u8,
    /// Whether it is in DFU mode or running its application.
    pub mode: DfuMode,
    /// The DFU interface's alternate settings, in the order of the descriptors. One per memory on DfuSe devices.
    pub alternate_settings: Vec<AlternateSetting>,
    /// The DFU functional descriptor, wherever among the alternate settings it was found.
    pub functional: Option<DfuFunctionalDescriptor>,
}

impl DeviceInfo {
    /// What a device's descriptors say; `None` where it has no DFU interface. Of several, the one in DFU mode counts.
    pub fn new(place: Place, said: &Descriptors) -> Option<Self> {
        // Not all of Atmel's say DFU's class (AT90USB1287: class 0).
        let is_dfu = |interface: &&InterfaceDescriptor| interface.is_dfu() || is_flip(said);
        let mode = |interface: &InterfaceDescriptor| DfuMode::of(said, interface);
        let chosen = said
            .interfaces
            .iter()
            .filter(is_dfu)
            .find(|interface| mode(interface) == DfuMode::Dfu)
            .or_else(|| said.interfaces.iter().find(is_dfu))?;
        let settings: Vec<&InterfaceDescriptor> = said
            .interfaces
            .iter()
            .filter(is_dfu)
            .filter(|setting| setting.number == chosen.number)
            .collect();
        Some(Self {
            bus: place.bus,
            address: place.address,
            path: place.path,
            vendor_id: said.vendor_id,
            product_id: said.product_id,
            release: said.release,
            configuration: said.configuration,
            max_packet_size0: said.max_packet_size0,
            product_index: said.product_index,
            serial_index: said.serial_index,
            interface: chosen.number,
            mode: mode(chosen),
            alternate_settings: settings
                .iter()
                .map(|setting| AlternateSetting {
                    number: setting.alternate_setting,
                    string_index: setting.string_index,
                })
                .collect(),
            functional: functional(said, chosen.number),
        })
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        Place {
            bus: self.bus,
            address: self.address,
            path: self.path.clone(),
        }
    }

    /// Whether another look at the bus has found the same kind of device at the same port.
    pub fn is_again(&self, found: &Self) -> bool {
        *self
            == Self {
                address: self.address,
                ..found.clone()
            }
    }

    /// The largest block to send or ask for, in bytes, 8…4096.
    pub fn transfer_size(&self) -> u16 {
        descriptor::usable_transfer_size(
            self.functional
                .map_or(0, |functional| functional.transfer_size),
            self.max_packet_size0,
        )
    }

    /// Takes blocks of no more than this many bytes for its largest, where it says what its largest is.
    pub fn limit_transfer_size(&mut self, bytes: u16) {
        if let Some(functional) = &mut self.functional {
            functional.transfer_size = functional.transfer_size.min(bytes);
        }
    }

    /// Whether the bootloader is listening.
    pub fn is_in_dfu_mode(&self) -> bool {
        self.mode == DfuMode::Dfu
    }

    /// Whether memory can be read back; taken for granted where the device doesn't say.
    pub fn can_upload(&self) -> bool {
        self.functional
            .is_none_or(|functional| functional.can_upload())
    }

    /// `bcdDFUVersion`, where there is a functional descriptor.
    pub fn dfu_version(&self) -> Option<u16> {
        self.functional.map(|functional| functional.dfu_version)
    }
}

/// The functional descriptor may stand after any of the interface's alternate settings, or before all of them.
fn functional(said: &Descriptors, interface: u8) -> Option<DfuFunctionalDescriptor> {
    let own = said
        .interfaces
        .iter()
        .filter(|setting| setting.number == interface);
    own.map(|setting| &setting.extra)
        .chain([&said.extra])
        .find_map(|extra| DfuFunctionalDescriptor::find(extra))
}

/// One alternate setting of the DFU interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlternateSetting {
    /// `bAlternateSetting`.
    #[doc(alias = "bAlternateSetting")]
    pub number: u8,
    /// `iInterface`: index of its string, the memory layout on DfuSe devices; 0 for none.
    #[doc(alias = "iInterface")]
    pub string_index: u8,
}

/// What a device with an interface of DFU's class is doing (DFU 1.1 §4.1.2 and §4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DfuMode {
    /// The application is running and can be asked to detach.
    Runtime,
    /// The bootloader is listening.
    Dfu,
    /// Atmel's bootloader is listening, which speaks FLIP under the class of DFU.
    Flip,
    /// A `bInterfaceProtocol` that DFU doesn't have.
    Unknown(u8),
}

impl DfuMode {
    /// `bcdDFUVersion` of DfuSe (UM0424).
    const DFUSE: u16 = 0x011A;
    /// The ROM of NXP's LPC43xx says protocol 1 in DFU mode.
    const LPC_ROM: (u16, u16) = (0x1FC9, 0x000C);

    /// By `bInterfaceProtocol`, and by what is known of those that say the wrong one.
    fn of(said: &Descriptors, interface: &InterfaceDescriptor) -> Self {
        let ids = (said.vendor_id, said.product_id);
        match interface.class[2] {
            _ if is_flip(said) => Self::Flip,
            1 if ids == Self::LPC_ROM => Self::Dfu,
            1 => Self::Runtime,
            2 => Self::Dfu,
            // The DSO Nano, and old DFU 1.0 devices such as Jabra's, which have nothing else in DFU mode.
            0 if said.has_one_interface() || is_dfuse(said, interface) => Self::Dfu,
            // With others beside it, it is part of an application.
            0 => Self::Runtime,
            other => Self::Unknown(other),
        }
    }
}

/// The ids of Atmel's FLIP bootloaders.
fn is_flip(said: &Descriptors) -> bool {
    said.vendor_id == 0x03EB && (0x2FF0..=0x2FFF).contains(&said.product_id)
}

fn is_dfuse(said: &Descriptors, interface: &InterfaceDescriptor) -> bool {
    functional(said, interface.number)
        .is_some_and(|functional| functional.dfu_version == DfuMode::DFUSE)
}

#[cfg(test)]
mod tests;
