//! How fast a simulated board and its bus are.

use std::str::FromStr;
use std::time::Duration;

/// Whether time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timing {
    /// Everything is done at once.
    #[default]
    None,
    /// Flash takes the data sheet's typical times, and the bus is a full-speed one.
    Real,
}

impl Timing {
    /// What a control transfer costs a full-speed bus, without its data.
    const REQUEST: Duration = Duration::from_micros(500);
    /// What 1024 bytes of data cost on top.
    const KIBIBYTE: Duration = Duration::from_micros(900);

    /// Time on the bus for a request with N bytes of data.
    pub fn request(self, data_length: usize) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Real => {
                let data_length = u32::try_from(data_length).unwrap_or(u32::MAX);
                Self::REQUEST + Self::KIBIBYTE.saturating_mul(data_length) / 1024
            }
        }
    }

    /// Time for work that takes `typical` by the data sheet.
    pub fn work(self, typical: Duration) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Real => typical,
        }
    }
}

/// `real` or `none`.
impl FromStr for Timing {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "real" => Ok(Self::Real),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_bus_takes_half_a_millisecond_and_0_9_ms_a_kibibyte() {
        let check = |length, microseconds| {
            assert_eq!(
                Timing::Real.request(length),
                Duration::from_micros(microseconds)
            );
        };
        check(0, 500);
        check(1024, 1400);
        check(2048, 2300);
        assert_eq!(Timing::None.request(2048), Duration::ZERO);
    }

    #[test]
    fn without_timing_work_takes_no_time() {
        let erase = Duration::from_secs(1);
        assert_eq!(Timing::Real.work(erase), erase);
        assert_eq!(Timing::None.work(erase), Duration::ZERO);
    }
}
