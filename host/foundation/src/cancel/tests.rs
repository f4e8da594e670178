use super::*;
use std::thread;

const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_request_wakes_a_thread_that_sleeps() {
    let cancel = Cancel::new();
    let sleeper = thread::spawn({
        let cancel = cancel.clone();
        move || cancel.wait(LONG)
    });
    cancel.request();
    assert!(sleeper.join().unwrap());
    assert!(cancel.wait(LONG), "a later sleep ends at once");
}

#[test]
fn a_sleep_without_a_request_ends_when_its_time_is_over() {
    assert!(!Cancel::never().wait(Duration::from_millis(1)));
    assert!(!Cancel::never().wait(Duration::ZERO));
}

#[test]
fn a_second_request_is_more_urgent() {
    let cancel = Cancel::new();
    let mut urgencies = vec![cancel.urgency()];
    for _ in 0..3 {
        cancel.request();
        urgencies.push(cancel.urgency());
    }
    assert_eq!(
        urgencies,
        [
            Urgency::None,
            Urgency::Orderly,
            Urgency::Immediate,
            Urgency::Immediate
        ]
    );
}

#[test]
fn a_child_is_requested_with_its_parent_and_not_the_other_way_round() {
    let parent = Cancel::new();
    let (first, second) = (parent.child(), parent.child());
    first.request();
    assert!(first.is_requested() && !parent.is_requested() && !second.is_requested());
    let sleeper = thread::spawn({
        let second = second.clone();
        move || second.wait(LONG)
    });
    parent.request();
    assert!(sleeper.join().unwrap());
    assert!(
        parent.child().is_requested(),
        "a child of a requested token is requested"
    );
}

#[tokio::test]
async fn a_request_wakes_a_task_that_waits() {
    let cancel = Cancel::new();
    let waiting = tokio::spawn({
        let cancel = cancel.clone();
        async move { cancel.requested().await }
    });
    cancel.request();
    waiting.await.unwrap();
    cancel.requested().await;
}
