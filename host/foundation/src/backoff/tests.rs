use super::*;

const LONG: Duration = Duration::from_secs(600);
const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn pauses_double_up_to_the_longest_brisk_pause() {
    let mut tries = Backoff {
        first: MILLISECOND,
        brisk: 3 * MILLISECOND,
        slow: LONG,
        limit: LONG,
    }
    .start();
    let mut pauses = Vec::new();
    for _ in 0..4 {
        pauses.push(tries.pause);
        assert_eq!(tries.wait(&Cancel::never()), NextTry::Due);
    }
    assert_eq!(pauses, [1, 2, 3, 3].map(Duration::from_millis));
    assert!(tries.elapsed() >= 9 * MILLISECOND);
}

#[test]
fn pauses_become_slow_after_the_brisk_period() {
    let mut tries = Backoff {
        first: MILLISECOND,
        brisk: MILLISECOND,
        slow: 2 * MILLISECOND,
        limit: LONG,
    }
    .start();
    tries.began = Instant::now().checked_sub(BRISK_PERIOD).unwrap();
    assert_eq!(tries.wait(&Cancel::never()), NextTry::Due);
    assert_eq!(tries.pause, 2 * MILLISECOND);
}

#[test]
fn a_try_that_would_be_too_late_is_not_waited_for() {
    let mut tries = Backoff::constant(LONG, Duration::from_secs(1)).start();
    assert_eq!(tries.wait(&Cancel::never()), NextTry::OutOfTime);
    let mut one_try = Backoff::constant(Duration::ZERO, Duration::ZERO).start();
    one_try.began = Instant::now().checked_sub(MILLISECOND).unwrap();
    assert_eq!(one_try.wait(&Cancel::never()), NextTry::OutOfTime);
}

#[test]
fn cancelling_ends_the_pause_and_counts_more_than_the_limit() {
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| Backoff::constant(LONG, LONG * 2).start().wait(&cancel));
        cancel.request();
        assert_eq!(waits.join().unwrap(), NextTry::Cancelled);
    });
    let mut out_of_time = Backoff::constant(LONG, Duration::ZERO).start();
    assert_eq!(out_of_time.wait(&cancel), NextTry::Cancelled);
}
