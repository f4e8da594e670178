use super::*;
use std::{sync::mpsc, thread};

fn never() -> bool {
    false
}

/// Waits until `count` threads wait for a turn.
fn wait_for_waiting(turns: &FairTurns, count: usize) {
    while turns.queue().waiting.len() < count {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_owner_without_a_turn_so_far_goes_before_an_owner_that_had_turns() {
    let (turns, (sender, order)) = (FairTurns::new(1, 1), mpsc::channel());
    let first = turns.wait("a", &never);
    thread::scope(|scope| {
        let take = |owner: &'static str| {
            let (turns, sender) = (&turns, sender.clone());
            scope.spawn(move || {
                let _turn = turns.wait(owner, &never);
                sender.send(owner).unwrap();
            });
        };
        for count in 1..=5 {
            take("a");
            wait_for_waiting(&turns, count);
        }
        take("b");
        wait_for_waiting(&turns, 6);
        drop(first);
    });
    drop(sender);
    let order: Vec<&str> = order.iter().collect();
    assert_eq!(order, ["b", "a", "a", "a", "a", "a"]);
}

#[test]
fn an_owner_has_no_more_turns_than_its_share() {
    let turns = FairTurns::new(3, 2);
    let held = [turns.wait("a", &never), turns.wait("a", &never)];
    assert!(turns.wait("a", &|| true).is_none());
    let other = turns.wait("b", &never);
    assert!(other.is_some() && turns.wait("c", &|| true).is_none());
    drop(held);
    assert!(turns.wait("a", &|| true).is_some());
    assert!(turns.queue().waiting.is_empty());
}

#[test]
fn a_clock_stops_while_its_owner_waits() {
    let clock = Clock::default();
    let (before, began) = (clock.now(), Instant::now());
    clock
        .clone()
        .pause_during(|| thread::sleep(Duration::from_millis(50)));
    let passed = clock.now().saturating_duration_since(before);
    assert!(
        passed + Duration::from_millis(49) < began.elapsed(),
        "{passed:?}"
    );
}
