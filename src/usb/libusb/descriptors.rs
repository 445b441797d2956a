//! Descriptors as a device has them, made again of what libusb has read of them: it keeps the bytes to itself.

use rusb::{Device, EndpointDescriptor, InterfaceDescriptor, UsbContext};

/// The device's descriptor, and that of its active configuration with all that belongs to it; `None` where they can't be
/// read. Nothing is sent to the device where the system has them, and all have.
pub fn descriptors<C: UsbContext>(device: &Device<C>) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((device_descriptor(device)?, configuration(device)?))
}

/// USB 2.0 §9.6.1.
fn device_descriptor<C: UsbContext>(device: &Device<C>) -> Option<Vec<u8>> {
    let said = device.device_descriptor().ok()?;
    let mut bytes = vec![18, 1];
    bytes.extend(binary_coded(said.usb_version()).to_le_bytes());
    bytes.extend([
        said.class_code(),
        said.sub_class_code(),
        said.protocol_code(),
        said.max_packet_size(),
    ]);
    bytes.extend(said.vendor_id().to_le_bytes());
    bytes.extend(said.product_id().to_le_bytes());
    bytes.extend(binary_coded(said.device_version()).to_le_bytes());
    bytes.extend([
        said.manufacturer_string_index().unwrap_or(0),
        said.product_string_index().unwrap_or(0),
        said.serial_number_string_index().unwrap_or(0),
        said.num_configurations(),
    ]);
    Some(bytes)
}

/// USB 2.0 §9.6.3.
fn configuration<C: UsbContext>(device: &Device<C>) -> Option<Vec<u8>> {
    const RESERVED: u8 = 1 << 7;
    const SELF_POWERED: u8 = 1 << 6;
    const REMOTE_WAKEUP: u8 = 1 << 5;
    let said = device
        .active_config_descriptor()
        .or_else(|_| device.config_descriptor(0))
        .ok()?;
    let mut after = said.extra().to_vec();
    for interface in said.interfaces() {
        for setting in interface.descriptors() {
            push_interface(&mut after, &setting);
        }
    }
    let attributes = [
        (said.self_powered(), SELF_POWERED),
        (said.remote_wakeup(), REMOTE_WAKEUP),
    ];
    let attributes = attributes.iter().filter(|(is_set, _)| *is_set);
    let attributes = attributes.fold(RESERVED, |bits, (_, bit)| bits | bit);
    let mut bytes = vec![9, 2];
    bytes.extend(u16::try_from(9 + after.len()).ok()?.to_le_bytes());
    bytes.extend([
        said.num_interfaces(),
        said.number(),
        said.description_string_index().unwrap_or(0),
        attributes,
        // In units of 2 mA, at the speeds that DFU has.
        u8::try_from(said.max_power() / 2).unwrap_or(u8::MAX),
    ]);
    bytes.extend(after);
    Some(bytes)
}

/// USB 2.0 §9.6.5. libusb keeps apart what stands after an interface, and what stands after its endpoints.
fn push_interface(bytes: &mut Vec<u8>, said: &InterfaceDescriptor<'_>) {
    bytes.extend([
        9,
        4,
        said.interface_number(),
        said.setting_number(),
        said.num_endpoints(),
        said.class_code(),
        said.sub_class_code(),
        said.protocol_code(),
        said.description_string_index().unwrap_or(0),
    ]);
    bytes.extend(said.extra());
    for endpoint in said.endpoint_descriptors() {
        push_endpoint(bytes, &endpoint);
    }
}

/// USB 2.0 §9.6.6; those of audio devices have two bytes more.
fn push_endpoint(bytes: &mut Vec<u8>, said: &EndpointDescriptor<'_>) {
    const OF_AUDIO: u8 = 9;
    let length = said.length().clamp(7, OF_AUDIO);
    let attributes =
        said.transfer_type() as u8 | (said.sync_type() as u8) << 2 | (said.usage_type() as u8) << 4;
    bytes.extend([length, 5, said.address(), attributes]);
    bytes.extend(said.max_packet_size().to_le_bytes());
    bytes.push(said.interval());
    if length == OF_AUDIO {
        bytes.extend([said.refresh(), said.synch_address()]);
    }
    bytes.extend(said.extra().unwrap_or_default());
}

/// A version as the descriptor has it, where its digits are decimal: rusb has made a number of the first two.
fn binary_coded(rusb::Version(major, minor, sub_minor): rusb::Version) -> u16 {
    let tens = u16::from(major / 10) & 0xF;
    tens << 12 | u16::from(major % 10) << 8 | u16::from(minor) << 4 | u16::from(sub_minor)
}
