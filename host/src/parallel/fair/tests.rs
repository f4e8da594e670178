use super::*;
use std::{sync::mpsc, thread};

fn never() -> bool {
    false
}

/// Waits until so many wait in the line.
fn waiting(turns: &FairTurns, count: usize) {
    while turns.line().waiting.len() < count {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn who_has_not_had_a_turn_goes_before_who_had_one_however_many_wait() {
    let (turns, (said, order)) = (FairTurns::new(1, 1), mpsc::channel());
    let first = turns.wait("a", &never);
    thread::scope(|scope| {
        let take = |owner: &'static str| {
            let (turns, said) = (&turns, said.clone());
            scope.spawn(move || {
                let _turn = turns.wait(owner, &never);
                said.send(owner).unwrap();
            });
        };
        for count in 1..=5 {
            take("a");
            waiting(&turns, count);
        }
        take("b");
        waiting(&turns, 6);
        drop(first);
    });
    drop(said);
    let order: Vec<&str> = order.iter().collect();
    assert_eq!(order, ["b", "a", "a", "a", "a", "a"]);
}

#[test]
fn one_owner_has_no_more_than_its_part() {
    let turns = FairTurns::new(3, 2);
    let held = [turns.wait("a", &never), turns.wait("a", &never)];
    assert!(turns.wait("a", &|| true).is_none());
    let other = turns.wait("b", &never);
    assert!(other.is_some() && turns.wait("c", &|| true).is_none());
    drop(held);
    assert!(turns.wait("a", &|| true).is_some());
    assert!(turns.line().waiting.is_empty());
}

#[test]
fn a_clock_stands_still_while_its_owner_waits() {
    let clock = Clock::default();
    let (before, began) = (clock.now(), Instant::now());
    clock
        .clone()
        .stopped(|| thread::sleep(Duration::from_millis(50)));
    let passed = clock.now().saturating_duration_since(before);
    assert!(
        passed + Duration::from_millis(49) < began.elapsed(),
        "{passed:?}"
    );
}
