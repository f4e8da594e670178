//! Whether the clock of this machine follows a time server.
use kubephase_sdk::facts::TimeSync;

/// The greatest error of a clock that follows a time server, in microseconds. The kernel sets this
/// value when nothing has set the clock for long (`NTP_PHASE_LIMIT`).
const UNSYNCHRONIZED: i64 = 16_000_000;

/// Asks the kernel; `None` if it does not say.
pub fn time_sync() -> Option<TimeSync> {
    // SAFETY: zeros are a valid value of this struct of numbers; its `modes` are none then, so
    // that the kernel changes nothing and only writes the struct.
    let max_error = unsafe {
        let mut clock: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut clock) >= 0).then_some(clock.maxerror)
    };
    max_error.map(from_error)
}

/// Judges by the greatest error alone, as systemd does: programs that set the clock may keep the
/// kernel's flag so that the kernel does not write the hardware clock.
fn from_error(micros: i64) -> TimeSync {
    TimeSync {
        synchronized: micros < UNSYNCHRONIZED,
        max_error_millis: u64::try_from(micros / 1000).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_whose_error_is_at_the_limit_is_not_synchronised() {
        for (micros, synchronized, millis) in [
            (0, true, 0),
            (15_999_999, true, 15_999),
            (16_000_000, false, 16_000),
        ] {
            let expected = TimeSync {
                synchronized,
                max_error_millis: Some(millis),
            };
            assert_eq!(from_error(micros), expected);
        }
    }
}
