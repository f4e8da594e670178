use super::*;
use std::future::pending;

fn code(outcome: Result<(), Failure>) -> String {
    outcome.unwrap_err().code
}

#[tokio::test]
async fn work_ends_with_the_time_or_the_run() {
    let cancel = Cancel::new();
    let budget = Budget::new(0, Duration::from_millis(1), &cancel);
    assert_eq!(code(budget.complete("a wait", pending()).await), "timeout");
    assert_eq!(code(budget.check("a wait")), "timeout");
    let budget = Budget::new(0, Duration::MAX, &cancel);
    assert_eq!(budget.complete("a look", async { 7 }).await.unwrap(), 7);
    budget.check("a look").unwrap();
    cancel.request();
    assert_eq!(
        code(budget.complete("a wait", pending()).await),
        "cancelled"
    );
    assert_eq!(code(budget.check("a wait")), "cancelled");
}

#[test]
fn a_part_of_a_budget_never_outlasts_it() {
    let budget = Budget::new(5, Duration::from_secs(1), &Cancel::never());
    assert_eq!(
        budget.with_time_limit(Duration::from_secs(60)).until,
        budget.until
    );
    assert!(budget.with_time_limit(Duration::ZERO).time_left().is_zero());
}

#[test]
fn work_ends_with_the_processor_time_of_its_thread() {
    let budget = Budget::unlimited().with_processor_time_limit(Duration::from_millis(2));
    let part = budget.with_time_limit(Duration::from_hours(1));
    while !part.is_over() {
        std::hint::spin_loop();
    }
    assert_eq!(code(budget.check("a look")), "timeout");
}
