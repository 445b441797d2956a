//! The devices as Linux' sysfs lists them: also those without a node, which libusb may not show.

use std::fs;
use std::path::{Path, PathBuf};

use super::descriptor::Descriptors;
use super::{DeviceInfo, Identity, Place};

/// Where the kernel lists USB devices, in containers too.
const DEVICES: &str = "/sys/bus/usb/devices";
/// Where the nodes are by which programs open them.
pub const NODES: &str = "/dev/bus/usb";

/// Every device with a DFU interface. None where there is no sysfs.
pub fn devices() -> Vec<DeviceInfo> {
    devices_in(Path::new(DEVICES))
}

/// What is listed of a device, where it still is.
pub fn identity(device: &DeviceInfo) -> Option<Identity> {
    identity_in(&Path::new(DEVICES).join(&device.path))
        .filter(|identity| identity.place == device.place())
}

/// Whether a device is still listed under its address.
pub fn lists(device: &DeviceInfo) -> bool {
    lists_in(Path::new(DEVICES), device)
}

/// The node by which a device is opened.
pub fn node(device: &DeviceInfo) -> PathBuf {
    Path::new(NODES)
        .join(format!("{:03}", device.bus))
        .join(format!("{:03}", device.address))
}

fn devices_in(folder: &Path) -> Vec<DeviceInfo> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| device(&entry.ok()?.path()))
        .collect()
}

fn lists_in(folder: &Path, device: &DeviceInfo) -> bool {
    number(&folder.join(&device.path), "devnum") == Some(device.address)
}

/// The device that a folder is about; `None` for interfaces, and for devices without a DFU interface.
fn device(folder: &Path) -> Option<DeviceInfo> {
    let said = identity_in(folder)?;
    DeviceInfo::new(
        said.place,
        &Descriptors::parse(&said.device, &said.configuration)?,
    )
}

/// The same with its descriptors, whatever they are.
fn identity_in(folder: &Path) -> Option<Identity> {
    let place = Place {
        bus: number(folder, "busnum")?,
        address: number(folder, "devnum")?,
        path: folder.file_name()?.to_str()?.to_owned(),
    };
    // The device descriptor, and after it every configuration.
    let descriptors = fs::read(folder.join("descriptors")).ok()?;
    let (device, configurations) = descriptors.split_at_checked(18)?;
    let active = number(folder, "bConfigurationValue");
    Some(Identity {
        place,
        device: device.to_vec(),
        configuration: configuration(configurations, active)?.to_vec(),
    })
}

/// The configuration with this `bConfigurationValue`, or the first where none is active.
fn configuration(all: &[u8], active: Option<u8>) -> Option<&[u8]> {
    let mut found = None;
    let mut rest = all;
    while let [_, _, low, high, _, value, ..] = *rest {
        let length = usize::from(u16::from_le_bytes([low, high]));
        let Some((configuration, others)) = rest.split_at_checked(length.max(9)) else {
            break;
        };
        if Some(value) == active {
            return Some(configuration);
        }
        found = found.or(Some(configuration));
        rest = others;
    }
    found
}

/// A file with one decimal number.
fn number(folder: &Path, name: &str) -> Option<u8> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usb::DfuMode;

    /// An F405 in its ROM (lsusb -v): the device descriptor, then the configuration.
    const DESCRIPTORS: &[u8] =
        b"\x12\x01\x00\x01\x00\x00\x00\x40\x83\x04\x11\xdf\x00\x22\x01\x02\x03\x01\
        \x09\x02\x1b\x00\x01\x01\x00\xc0\x32\
        \x09\x04\x00\x00\x00\xfe\x01\x02\x04\
        \x09\x21\x0b\xff\x00\x00\x08\x1a\x01";

    fn folder(root: &Path, name: &str, files: &[(&str, &[u8])]) {
        let folder = root.join(name);
        fs::create_dir(&folder).expect("a new folder");
        for (name, content) in files {
            fs::write(folder.join(name), content).expect("a new file");
        }
    }

    fn bus() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary folder");
        let board: &[(&str, &[u8])] = &[
            ("busnum", b"3\n"),
            ("devnum", b"17\n"),
            ("bConfigurationValue", b"1\n"),
            ("descriptors", DESCRIPTORS),
        ];
        folder(root.path(), "3-1.4", board);
        folder(root.path(), "3-1.4:1.0", &[("bInterfaceClass", b"fe\n")]);
        folder(
            root.path(),
            "usb3",
            &[
                ("busnum", b"3\n"),
                ("devnum", b"1\n"),
                ("descriptors", b"\x12\x01"),
            ],
        );
        root
    }

    #[test]
    fn a_device_that_the_kernel_lists_is_found_without_its_node() {
        let root = bus();
        let devices = devices_in(root.path());
        let [device] = &devices[..] else {
            panic!("one device: {devices:?}");
        };
        assert_eq!((device.bus, device.address), (3, 17));
        assert_eq!(device.path, "3-1.4");
        assert_eq!((device.vendor_id, device.product_id), (0x0483, 0xDF11));
        assert_eq!(device.mode, DfuMode::Dfu);
        assert_eq!(node(device), Path::new("/dev/bus/usb/003/017"));
        let said = identity_in(&root.path().join("3-1.4")).expect("it is listed");
        assert_eq!(said.place, device.place());
        assert_eq!([said.device, said.configuration].concat(), DESCRIPTORS);
    }

    #[test]
    fn a_device_that_was_enumerated_anew_is_no_longer_listed() {
        let root = bus();
        let device = devices_in(root.path()).remove(0);
        assert!(lists_in(root.path(), &device));
        fs::write(root.path().join("3-1.4").join("devnum"), "18\n").expect("writable");
        assert!(!lists_in(root.path(), &device));
        fs::remove_dir_all(root.path().join("3-1.4")).expect("there");
        assert!(!lists_in(root.path(), &device));
    }

    #[test]
    fn a_system_without_sysfs_lists_nothing() {
        let root = bus();
        assert_eq!(devices_in(&root.path().join("nowhere")), []);
    }

    #[test]
    fn the_active_configuration_counts_and_the_first_where_none_is() {
        // Configuration 1 is a keyboard's, configuration 2 an application's with a DFU interface.
        let keyboard = b"\x09\x02\x12\x00\x01\x01\x00\xc0\x32\x09\x04\x00\x00\x00\x03\x01\x01\x00";
        let all = [&keyboard[..], &DESCRIPTORS[18..]].concat();
        let mut second = all.clone();
        second[keyboard.len() + 5] = 2;
        assert_eq!(
            configuration(&second, Some(2)),
            Some(&second[keyboard.len()..])
        );
        for active in [Some(1), Some(9), None] {
            assert_eq!(configuration(&second, active), Some(&keyboard[..]));
        }
        for length in 0..9 {
            assert_eq!(configuration(&keyboard[..length], None), None, "{length}");
        }
    }
}
