//! A device of a recording: what was asked of it, and what its descriptors and strings say, as far as somebody asked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::board::MemoryString;
use crate::board::protocol::{Protocol, protocol};
use crate::chip::part::{Runs, part};
use crate::dfu::protocol::DfuRequest;
use crate::dfuse::layout::MemoryLayout;
use crate::printable::Said;
use crate::usb::descriptor::{
    DFU_FUNCTIONAL, Descriptors, DfuFunctionalDescriptor, GET_DESCRIPTOR, STRING, decode_string,
    usable_transfer_size,
};
use crate::usb::{self, DeviceInfo};

use super::note::Note;
use super::request::{DEVICE, descriptor, dfu_request, is_dfuse_command, is_running, is_status};
use super::transfer::{Place, Transfer};

/// Descriptor type CONFIGURATION (USB 2.0, table 9-5).
const CONFIGURATION: u8 = 2;
/// `bMaxPacketSize0` of a full-speed device that nobody has asked.
const USUAL_PACKET: u8 = 64;

/// One device, from when it appears until it is another one.
#[derive(Debug, Clone)]
pub struct RecordedDevice {
    pub place: Place,
    /// All control transfers, in their order.
    pub transfers: Vec<Transfer>,
    /// What was noted at no transfer that is known.
    pub loose: Vec<Remark>,
    device: Vec<u8>,
    configuration: Vec<u8>,
    functional: Vec<u8>,
    strings: BTreeMap<u8, Vec<u8>>,
}

/// Something that was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Since the recording began.
    pub at: Duration,
    /// In the words of whoever noted it.
    pub text: String,
}

/// What a device with DFU is, as far as the recording tells.
pub struct Identity {
    /// `idVendor`, `idProduct`; `None` where nobody has asked.
    pub ids: Option<(u16, u16)>,
    /// Whether it runs an application, and is not in DFU mode.
    pub is_application: bool,
    /// Whether nobody has asked what it is, so that its requests alone tell.
    pub is_guess: bool,
    /// `bInterfaceNumber` of the DFU interface.
    pub interface: u8,
    pub functional: Option<DfuFunctionalDescriptor>,
    /// The largest block, in bytes; without descriptors, the largest that was seen.
    pub transfer_size: u16,
    pub serial: Option<Said>,
    pub product: Option<Said>,
    /// By alternate setting, ascending.
    pub memories: Vec<MemoryString>,
    pub protocol: Protocol,
    /// The family of its chip, where that is sure.
    pub chip: Option<&'static str>,
}

impl Identity {
    /// The layout of a memory, where it is known.
    pub fn layout(&self, alternate_setting: u8) -> Option<&MemoryLayout> {
        let mut memories = self.memories.iter();
        let memory = memories.find(|memory| memory.alternate_setting == alternate_setting)?;
        memory.layout.as_ref()?.as_ref().ok()
    }

    /// The request of DFU that a transfer to its DFU interface is.
    pub fn request(&self, transfer: &Transfer) -> Option<DfuRequest> {
        let is_to_it = transfer.request.index == u16::from(self.interface);
        dfu_request(transfer).filter(|_| is_to_it)
    }

    /// Whether it speaks ST's extension.
    pub fn is_dfuse(&self) -> bool {
        self.protocol != Protocol::Plain
    }
}

impl RecordedDevice {
    pub fn new(place: Place) -> Self {
        Self {
            place,
            transfers: Vec::new(),
            loose: Vec::new(),
            device: Vec::new(),
            configuration: Vec::new(),
            functional: Vec::new(),
            strings: BTreeMap::new(),
        }
    }

    /// The devices that had an address, one after the other: addresses are given out again.
    pub fn all_of(place: Place, mut transfers: Vec<Transfer>) -> Vec<Self> {
        let mut devices = Vec::new();
        while !transfers.is_empty() {
            let mut device = Self::new(place);
            let mut all = transfers.iter();
            let other = all.position(|transfer| {
                let is_another = device.is_another(transfer);
                if !is_another {
                    device.learn(transfer);
                }
                is_another
            });
            let rest = other.map_or_else(Vec::new, |other| transfers.split_off(other));
            device.transfers = std::mem::replace(&mut transfers, rest);
            devices.push(device);
        }
        devices
    }

    /// When it was first asked something, and where it is.
    pub fn begins(&self) -> (Option<Duration>, Place) {
        (self.transfers.first().map(|first| first.at), self.place)
    }

    /// What whoever recorded it has noted, in its order: each with the number of the transfer that comes after it.
    pub fn remarks(&self) -> Vec<(usize, Remark)> {
        let all = |number: usize, at: Duration, texts: &[String]| {
            let remark = |text: &String| {
                let text = text.clone();
                (number, Remark { at, text })
            };
            texts.iter().map(remark).collect::<Vec<_>>()
        };
        let mut remarks = Vec::new();
        for (number, transfer) in self.transfers.iter().enumerate() {
            remarks.extend(all(number, transfer.at, transfer.noted_before()));
            remarks.extend(all(number + 1, transfer.end(), transfer.noted_after()));
        }
        for remark in &self.loose {
            let after = |transfer: &Transfer| transfer.at <= remark.at;
            remarks.push((self.transfers.partition_point(after), remark.clone()));
        }
        remarks.sort_by_key(|(number, _)| *number);
        remarks
    }

    /// Whether something was asked of it up to then.
    pub fn has_begun(&self, at: Duration) -> bool {
        self.transfers.first().is_some_and(|first| first.at <= at)
    }

    /// Whether a transfer shows that another device has this address now.
    fn is_another(&self, transfer: &Transfer) -> bool {
        let said = descriptor(transfer).filter(|(kind, _)| *kind == DEVICE);
        // The ids, and the release.
        let named = |device: &[u8]| device.get(8..14).map(<[u8]>::to_vec);
        said.is_some_and(|_| {
            let (before, now) = (named(&self.device), named(&transfer.data));
            before.is_some() && now.is_some() && before != now
        })
    }

    /// Takes the next transfer.
    pub fn push(&mut self, transfer: Transfer) {
        self.learn(&transfer);
        self.transfers.push(transfer);
    }

    /// Takes note of what a transfer says of it.
    fn learn(&mut self, transfer: &Transfer) {
        if let Some((kind, index)) = descriptor(transfer) {
            let known = match kind {
                DEVICE => Some(&mut self.device),
                CONFIGURATION => Some(&mut self.configuration),
                DFU_FUNCTIONAL => Some(&mut self.functional),
                // String 0 is the list of languages.
                STRING if index > 0 => Some(self.strings.entry(index).or_default()),
                _ => None,
            };
            // Descriptors are asked for in pieces, and again.
            if let Some(known) = known.filter(|known| known.len() < transfer.data.len()) {
                *known = transfer.data.to_vec();
            }
        }
    }

    /// Its device descriptor, and that of its configuration, as far as they were asked for.
    pub fn descriptors(&self) -> (&[u8], &[u8]) {
        (&self.device, &self.configuration)
    }

    /// What was noted where a transfer began, in the words that we have for it.
    fn notes(&self) -> impl Iterator<Item = Note> {
        let transfers = self.transfers.iter();
        let notes = transfers.flat_map(Transfer::noted_before);
        notes.filter_map(|note| note.parse().ok())
    }

    /// Where it is plugged in, where the recording tells.
    pub fn path(&self) -> Option<String> {
        let mut notes = self.notes();
        notes.find_map(|note| match note {
            Note::Opened(path) | Note::NotOpened { path, .. } | Note::Back(path) => Some(path),
            _ => None,
        })
    }

    /// Why it could not be opened, where it never was.
    pub fn why_closed(&self) -> Option<String> {
        if self.notes().any(|note| matches!(note, Note::Opened(_))) {
            return None;
        }
        let mut notes = self.notes();
        notes.find_map(|note| match note {
            Note::NotOpened { error, .. } => Some(error),
            _ => None,
        })
    }

    /// What it is called: its path, else `BUS.DEVICE`.
    pub fn name(&self) -> String {
        self.path().unwrap_or_else(|| self.number())
    }

    fn number(&self) -> String {
        let (bus, address) = self.place;
        format!("{bus}.{address}")
    }

    /// Whether it is meant by a path, or by `BUS.DEVICE`.
    pub fn is_named(&self, path: &str) -> bool {
        self.number() == path || self.path().as_deref() == Some(path)
    }

    /// Its ids, where somebody has asked for them.
    pub fn ids(&self) -> Option<(u16, u16)> {
        let word = |at: usize| Some(u16::from_le_bytes(*self.device.get(at..)?.first_chunk()?));
        Some((word(8)?, word(10)?))
    }

    /// What it is; `None` of a device without DFU.
    pub fn identity(&self) -> Option<Identity> {
        let info = Descriptors::parse(&self.device, &self.configuration);
        match info {
            Some(said) => {
                DeviceInfo::new(self.usb_place(), &said).map(|info| self.described(&info))
            }
            None => self.guessed(),
        }
    }

    fn usb_place(&self) -> usb::Place {
        let (bus, address) = self.place;
        let byte = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
        usb::Place {
            bus: byte(bus),
            address: byte(address),
            path: String::new(),
        }
    }

    fn described(&self, info: &DeviceInfo) -> Identity {
        let settings = info.alternate_settings.iter();
        let memories = settings.map(|setting| (setting.number, setting.string_index));
        let functional = info
            .functional
            .or_else(|| DfuFunctionalDescriptor::find(&self.functional));
        let transfer_size = usable_transfer_size(
            functional.map_or(0, |functional| functional.transfer_size),
            info.max_packet_size0,
        );
        self.identified(Identity {
            ids: Some((info.vendor_id, info.product_id)),
            is_application: !info.is_in_dfu_mode(),
            is_guess: false,
            interface: info.interface,
            functional,
            transfer_size,
            serial: self.string(info.serial_index),
            product: self.string(info.product_index),
            memories: self.memories(memories.collect()),
            protocol: Protocol::Plain,
            chip: None,
        })
    }

    /// By its requests alone: one that is asked for six bytes and answers with a status.
    fn guessed(&self) -> Option<Identity> {
        let status = self.transfers.iter().find(|transfer| is_status(transfer))?;
        let interface = u8::try_from(status.request.index).ok()?;
        let layouts = self.strings.iter().filter(|(_, text)| {
            let text = decode_string(text);
            MemoryLayout::parse(text.trim_end()).is_ok()
        });
        // In the order of their indices, as every ROM has them.
        let memories = (0..).zip(layouts.map(|(index, _)| *index)).collect();
        let functional = DfuFunctionalDescriptor::find(&self.functional);
        let transfer_size = match functional {
            Some(functional) => usable_transfer_size(functional.transfer_size, USUAL_PACKET),
            None => self.largest_block(),
        };
        Some(self.identified(Identity {
            ids: self.ids(),
            is_application: is_running(status),
            is_guess: true,
            interface,
            functional,
            transfer_size,
            serial: None,
            product: None,
            memories: self.memories(memories),
            protocol: Protocol::Plain,
            chip: None,
        }))
    }

    /// The same, with what follows from it.
    fn identified(&self, identity: Identity) -> Identity {
        let texts = identity.memories.iter();
        let texts: Vec<Option<&str>> = texts
            .map(|memory| memory.text.as_ref().map(Said::raw))
            .collect();
        let version = identity.functional.map(|functional| functional.dfu_version);
        let protocol = match identity.is_guess && identity.memories.is_empty() {
            // Commands tell, where nobody has asked for strings.
            true if self.transfers.iter().any(is_dfuse_command) => Protocol::Dfuse,
            _ => protocol(version, &texts),
        };
        let runs = identity.memories.iter();
        let runs: Option<Vec<Runs>> = runs
            .map(|memory| Some(memory.layout.as_ref()?.as_ref().ok()?.runs()))
            .collect();
        let chip = identity
            .ids
            .zip(runs)
            .and_then(|(ids, runs)| part(ids, identity.transfer_size, &runs));
        Identity {
            protocol,
            chip,
            ..identity
        }
    }

    fn memories(&self, mut settings: Vec<(u8, u8)>) -> Vec<MemoryString> {
        settings.sort_unstable();
        let memory = |(alternate_setting, index)| {
            let text = self.string(index);
            let layout = text.as_ref().map(|text| MemoryLayout::parse(text.raw()));
            MemoryString {
                alternate_setting,
                text,
                layout,
                is_untold: index > 0 && !self.was_asked_for_string(index),
            }
        };
        settings.into_iter().map(memory).collect()
    }

    fn was_asked_for_string(&self, index: u8) -> bool {
        self.transfers.iter().any(|transfer| {
            let request = transfer.request;
            (request.request_type, request.request) == (0x80, GET_DESCRIPTOR)
                && request.value.to_be_bytes() == [STRING, index]
        })
    }

    fn string(&self, index: u8) -> Option<Said> {
        let text = decode_string(self.strings.get(&index)?);
        let text = text.trim_end();
        (!text.is_empty()).then(|| Said::from(text.to_owned()))
    }

    fn largest_block(&self) -> u16 {
        let blocks = self.transfers.iter().filter(|transfer| {
            matches!(
                dfu_request(transfer),
                Some(DfuRequest::Dnload | DfuRequest::Upload)
            )
        });
        blocks
            .map(|transfer| transfer.length)
            .max()
            .unwrap_or_default()
    }
}
