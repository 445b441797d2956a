//! What Linux tells of USB devices beside libusb: who holds one, and those without a DFU interface that may be a board.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::usb::DeviceInfo;
use crate::usb::sysfs::node;

const DEVICES: &str = "sys/bus/usb/devices";
/// Who makes chips with a bootloader for DFU in ROM, or boards with one in flash: ST, GigaDevice, Artery, Leaf Labs.
const MAKERS: [&str; 4] = ["0483", "28e9", "2e3c", "1eaf"];
/// ST-LINK in all its versions, by `idProduct`.
const PROBES: [&str; 12] = [
    "3744", "3748", "374a", "374b", "374d", "374e", "374f", "3752", "3753", "3754", "3755", "3757",
];

/// A device without a DFU interface that may be a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalike {
    /// As in sysfs.
    pub path: String,
    /// `idVendor:idProduct`, in hexadecimal.
    pub ids: String,
    /// What it says that it is.
    pub product: Option<String>,
    /// Whether it is known to be a debug probe.
    pub is_probe: bool,
}

/// Who holds a device's DFU interface: a driver of the kernel, or programs with its node open, as far as this user may see
/// them. `root` is the folder that everything is in.
pub fn holder(root: &Path, device: &DeviceInfo) -> Option<String> {
    let name = format!(
        "{}:{}.{}",
        device.path, device.configuration, device.interface
    );
    let driver = fs::read_link(root.join(DEVICES).join(name).join("driver")).ok();
    let driver = driver.and_then(|link| Some(link.file_name()?.to_string_lossy().into_owned()));
    // That is what the kernel calls a program.
    if let Some(driver) = driver.filter(|driver| driver != "usbfs") {
        return Some(format!("the kernel's driver {driver}"));
    }
    let node = node(device);
    let processes = fs::read_dir(root.join("proc")).into_iter().flatten();
    let holders: Vec<String> = processes
        .filter_map(|process| process_with(&process.ok()?.path(), &node))
        .collect();
    Some(holders.join(", ")).filter(|holders| !holders.is_empty())
}

/// Devices of those makers, but for those at the paths that are `known`.
pub fn lookalikes(root: &Path, known: &[String]) -> Vec<Lookalike> {
    let entries = fs::read_dir(root.join(DEVICES)).into_iter().flatten();
    let mut found: Vec<Lookalike> = entries
        .filter_map(|entry| lookalike(&entry.ok()?.path()))
        .filter(|found| !known.contains(&found.path))
        .collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// The name and number of a process, where it has this node open and is not this one.
fn process_with(process: &Path, node: &Path) -> Option<String> {
    let number: u32 = process.file_name()?.to_str()?.parse().ok()?;
    let mut open = fs::read_dir(process.join("fd")).ok()?;
    let is_it = |entry: io::Result<DirEntry>| {
        let link: io::Result<PathBuf> = entry.and_then(|entry| fs::read_link(entry.path()));
        link.is_ok_and(|link| link == node)
    };
    let is_other = number != std::process::id();
    (is_other && open.any(is_it)).then(|| {
        let name = line(&process.join("comm")).unwrap_or_else(|| "a program".to_owned());
        format!("{name} (process {number})")
    })
}

fn lookalike(folder: &Path) -> Option<Lookalike> {
    let vendor = line(&folder.join("idVendor"))?;
    let product = line(&folder.join("idProduct"))?;
    MAKERS.contains(&vendor.as_str()).then(|| Lookalike {
        path: folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        ids: format!("{vendor}:{product}"),
        product: line(&folder.join("product")),
        is_probe: vendor == MAKERS[0] && PROBES.contains(&product.as_str()),
    })
}

/// The first line of a file, without the space around it; `None` where there is nothing in it.
fn line(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    use crate::sim::SimBus;
    use crate::usb::Bus;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    fn link(root: &Path, path: &str, to: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::os::unix::fs::symlink(to, path).expect("writable");
    }

    /// An F405 at 1-1, which has number 2 there.
    fn board() -> DeviceInfo {
        let bus = SimBus::new(&["f405".parse().expect("known")]).expect("no file is needed");
        bus.devices().expect("a bus").remove(0)
    }

    #[test]
    fn who_holds_a_device_is_named_as_far_as_can_be_seen() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        let holder = || holder(root, &board());
        assert_eq!(holder(), None);
        write(root, "proc/4711/comm", "dfu-util\n");
        link(root, "proc/4711/fd/3", "/dev/bus/usb/001/008");
        assert_eq!(holder(), None, "it has another one open");
        link(root, "proc/4711/fd/4", "/dev/bus/usb/001/002");
        let driver = format!("{DEVICES}/1-1:1.0/driver");
        link(root, &driver, "../../../bus/usb/drivers/usbfs");
        assert_eq!(holder().as_deref(), Some("dfu-util (process 4711)"));
        fs::remove_file(root.join(&driver)).expect("it is there");
        link(root, &driver, "../../../bus/usb/drivers/usbhid");
        assert_eq!(holder().as_deref(), Some("the kernel's driver usbhid"));
    }

    #[test]
    fn what_a_maker_of_chips_has_made_is_found_when_it_has_no_dfu_interface() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        for (path, vendor, product) in [
            ("usb1", "1d6b", "0002"),
            ("1-4", "0483", "374b"),
            ("1-3", "0483", "5740"),
            ("1-2", "0483", "df11"),
        ] {
            write(root, &format!("{DEVICES}/{path}/idVendor"), vendor);
            write(root, &format!("{DEVICES}/{path}/idProduct"), product);
        }
        let name = format!("{DEVICES}/1-3/product");
        write(root, &name, "STM32 Virtual ComPort\n");
        let found: Vec<String> = lookalikes(root, &["1-2".to_owned()])
            .into_iter()
            .map(|found| {
                let Lookalike {
                    path,
                    ids,
                    product,
                    is_probe,
                } = found;
                format!("{path} {ids} {product:?} {is_probe}")
            })
            .collect();
        let expected = [
            "1-3 0483:5740 Some(\"STM32 Virtual ComPort\") false",
            "1-4 0483:374b None true",
        ];
        assert_eq!(found, expected);
    }
}
