//! The signals by which people and programs ask for an end, and one that would end the program unasked.

#[cfg(unix)]
pub use unix::{listen, outlive_file_size_limit};

/// Calls `react` on Ctrl-C, on a thread of its own.
///
/// # Errors
/// Where the system has no handler to give.
#[cfg(not(unix))]
pub fn listen(react: impl FnMut() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(react)
}

/// There is no such limit.
#[cfg(not(unix))]
pub fn outlive_file_size_limit() {}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;

    /// Calls `react` on SIGINT, SIGTERM and SIGHUP, on a thread of its own.
    ///
    /// A SIGTERM or SIGHUP that whoever started the program has it ignore stays ignored. SIGINT does not: shells have
    /// what they start in the background ignore it, where `kill -INT` is still meant.
    ///
    /// # Errors
    /// Where the system has no handler to give.
    pub fn listen(mut react: impl FnMut() + Send + 'static) -> io::Result<()> {
        // Only Linux tells without `unsafe`. Elsewhere a SIGHUP is left as it is found, and `nohup` does what it should.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = ignored(&status).unwrap_or(bit(SIGHUP));
        let wanted = [SIGINT, SIGTERM, SIGHUP]
            .into_iter()
            .filter(|signal| *signal == SIGINT || ignored & bit(*signal) == 0);
        let mut signals = Signals::new(wanted)?;
        thread::Builder::new().spawn(move || signals.forever().for_each(|_| react()))?;
        Ok(())
    }

    /// Lets a file that has become as large as the system allows (`ulimit -f`) be an error of whoever writes it, EFBIG, and
    /// not the end of the program. The signal needs a handler, and no more.
    pub fn outlive_file_size_limit() {
        // Without a handler, the program ends by the signal as ever.
        let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    }

    /// The mask of ignored signals, from proc_pid_status(5).
    fn ignored(status: &str) -> Option<u64> {
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }

    /// The signal's bit in such a mask.
    fn bit(signal: i32) -> u64 {
        1 << (signal - 1)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_ignored_is_read_from_the_status() {
            let status = "Name:\tstdfu\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
            let mask = ignored(status).expect("it is there");
            assert_ne!(mask & bit(SIGHUP), 0);
            assert_eq!(mask & bit(SIGTERM), 0);
            assert_eq!(mask & bit(SIGINT), 0);
            assert_eq!(ignored(""), None);
            assert_eq!(ignored("SigIgn:\tnone\n"), None);
        }
    }
}
