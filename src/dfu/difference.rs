//! The first byte that is not as it should be.

use super::error::Cause;

/// Compares what was found from an address or an offset on with what should be there.
///
/// # Errors
/// The first byte that is not as expected.
pub fn first_difference(address: u32, found: &[u8], expected: &[u8]) -> Result<(), Cause> {
    // By far the most common case, and compared many bytes at a time.
    if found == expected {
        return Ok(());
    }
    let mut addresses = (address..).zip(found.iter().zip(expected));
    match addresses.find(|(_, (found, expected))| found != expected) {
        None => Ok(()),
        Some((address, (found, expected))) => Err(Cause::Differs {
            address,
            expected: *expected,
            found: *found,
        }),
    }
}
