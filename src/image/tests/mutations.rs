//! Good files, damaged in thousands of ways: each is refused with a reason, or is an image that keeps its promises.

use std::time::{Duration, Instant};

use super::*;
use crate::image::hex::to_hex;
use crate::image::srec::to_srec;

/// How often each sample is damaged.
const DAMAGES: u32 = 400;
/// In CI there is time for more.
const DAMAGES_IN_CI: u32 = 2_000;
/// One file must not take longer, on a machine that is busy with other tests: all of them are small.
const LONGEST: Duration = Duration::from_secs(2);

/// Numbers without a pattern, the same in every run.
struct Noise(u32);

impl Noise {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % end.max(1)
    }
}

/// A file that was damaged in one to four places: bits and bytes changed, parts lost, doubled, moved or overwritten.
fn damaged(sample: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..=noise.below(4) {
        // Headers are where it matters, and they are short.
        let reach = [bytes.len(), 64][noise.below(2)].min(bytes.len());
        let at = noise.below(reach);
        let length = noise.below(40).min(bytes.len() - at);
        match noise.below(8) {
            _ if bytes.is_empty() => bytes.push(0x5A),
            0 => bytes[at] ^= 1 << noise.below(8),
            1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF, b'0', b'\n', b'S'][noise.below(8)],
            2 => bytes[at..at + length].fill([0, 0xFF][noise.below(2)]),
            3 => drop(bytes.drain(at..at + length)),
            4 => bytes.truncate(at),
            5 => {
                let part = bytes[at..at + length].to_vec();
                bytes.splice(at..at, part);
            }
            6 => bytes[at..].reverse(),
            _ => bytes.extend_from_within(at..at + length),
        }
    }
    bytes
}

#[test]
fn a_damaged_file_is_refused_or_keeps_the_promises_of_an_image() {
    let damages = match std::env::var_os("CI") {
        Some(_) => DAMAGES_IN_CI,
        None => DAMAGES,
    };
    let short_hex = INTEL_HEX;
    let short_srec = &BLINKY_SREC[..2000];
    for (index, sample) in [
        BLINKY_BIN,
        BLINKY_DFU,
        TWO_ELEMENTS,
        JUNK_AFTER_NAME,
        PLAIN,
        short_hex,
        short_srec,
        BLINKY_HEX_GZ,
        &packed(TWO_ELEMENTS),
        BLINKY_ELF,
        BLINKY_UF2,
    ]
    .into_iter()
    .enumerate()
    {
        let mut noise = Noise(u32::try_from(index).expect("few samples"));
        for damage in 0..damages {
            let bytes = damaged(sample, &mut noise);
            let format = [None, None, Some(&BIN), Some(&HEX), Some(&SREC)][noise.below(5)];
            let options = options("a", format, FLASH.filter(|_| noise.below(2) == 0));
            let start = Instant::now();
            let result = load(bytes.clone(), &options);
            let taken = start.elapsed();
            assert!(
                taken < LONGEST,
                "sample {index}, damage {damage}: {taken:?}"
            );
            match result {
                Ok(image) => assert_keeps_promises(&image),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        !text.is_empty() && !text.contains(char::is_control),
                        "{text:?}"
                    );
                }
            }
        }
    }
}

/// It is in order, and can be written in every format and read again.
#[track_caller]
fn assert_keeps_promises(image: &Image) {
    assert_in_order(image);
    let ids = image.ids.unwrap_or(FileIds {
        vendor_id: 0x0483,
        product_id: 0xDF11,
        device_release: 0,
    });
    let dfu = to_dfu(&image.targets, ids).expect("few and small");
    let again = load(dfu, &options("a.dfu", None, None)).expect("what is written is right");
    let elements = |image: &Image| -> Vec<ImageElement> {
        image
            .targets
            .iter()
            .flat_map(|target| target.elements.clone())
            .collect()
    };
    assert_eq!(elements(&again), elements(image));
    for target in &image.targets {
        for text in [to_hex(&target.elements), to_srec(&target.elements)] {
            let again = load(text.into_bytes(), &options("a", None, None))
                .expect("what is written is right");
            assert_eq!(
                bytes_of(&again.targets[0].elements),
                bytes_of(&target.elements)
            );
        }
    }
}

/// Each byte with its address, however they are divided into elements.
fn bytes_of(elements: &[ImageElement]) -> Vec<(u64, u8)> {
    let bytes = |element: &ImageElement| {
        let addresses = u64::from(element.address)..;
        addresses.zip(element.data.clone()).collect::<Vec<_>>()
    };
    elements.iter().flat_map(bytes).collect()
}
