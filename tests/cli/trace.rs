//! What `-vv` shows, read back: each control transfer, and what it means.

use std::ops::Range;

/// What a control transfer is for, as far as tests want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transfer {
    SetAddress(u32),
    Erase(u32),
    MassErase,
    /// DNLOAD of a block.
    Write(Range<u32>),
    /// UPLOAD of a block.
    Read(Range<u32>),
    /// DNLOAD without data.
    Leave,
    GetStatus,
    Other,
}

/// The control transfers of the only board in a trace, in their order. What was asked of it when it was gone is none.
pub fn transfers(trace: &str) -> Vec<Transfer> {
    let mut pointer = 0;
    trace
        .lines()
        .filter_map(|line| line.strip_prefix("1-1: "))
        .filter(|line| !line.ends_with(": the device is gone"))
        .map(|line| {
            let transfer = transfer(line, pointer);
            if let Transfer::SetAddress(address) = transfer {
                pointer = address;
            }
            transfer
        })
        .collect()
}

fn transfer(line: &str, pointer: u32) -> Transfer {
    let field = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        rest.split([' ', ':']).next()
    };
    let value = field(" wValue 0x").and_then(|value| u32::from_str_radix(value, 16).ok());
    let length = field(" wLength ").and_then(|length| length.parse::<u32>().ok());
    let (Some(value), Some(length)) = (value, length) else {
        panic!("no transfer: {line}");
    };
    // AN3156: blocks count from 2, from the address pointer on.
    let block = || {
        let start = pointer + (value - 2) * length;
        start..start + length
    };
    let (_, data) = line
        .split_once(&format!(" wLength {length}: "))
        .unwrap_or_default();
    let address = || {
        // Behind the bytes stands what went wrong, if anything did.
        let bytes = data.split(':').next().unwrap_or_default();
        let bytes = bytes
            .split(' ')
            .skip(1)
            .collect::<Vec<_>>()
            .into_iter()
            .rev();
        bytes.fold(0, |high, byte| {
            (high << 8) | u32::from_str_radix(byte, 16).expect("a byte")
        })
    };
    match line.split(' ').next() {
        Some("DNLOAD") => match (value, length, data.get(..2)) {
            (2.., ..) => Transfer::Write(block()),
            (0, 0, _) => Transfer::Leave,
            (0, 5, Some("21")) => Transfer::SetAddress(address()),
            (0, 5, Some("41")) => Transfer::Erase(address()),
            (0, 1, Some("41")) => Transfer::MassErase,
            _ => Transfer::Other,
        },
        Some("UPLOAD") if value >= 2 => Transfer::Read(block()),
        Some("GETSTATUS") => Transfer::GetStatus,
        _ => Transfer::Other,
    }
}
