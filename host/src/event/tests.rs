use super::*;
use serde_json::json;
use std::{
    sync::{Arc, Barrier},
    thread,
};

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u64>>>);

impl Subscriber for Seen {
    fn on_event(&mut self, event: &Event) {
        self.0.lock().push(event.at);
        thread::yield_now();
    }
}

#[test]
fn events_of_all_threads_are_handed_on_in_the_order_of_time() {
    let seen = Seen::default();
    let bus = Bus::new(vec![Box::new(seen.clone())]);
    thread::scope(|scope| {
        for thread in 0..4 {
            let bus = &bus;
            scope.spawn(move || {
                (0..250).for_each(|_| {
                    bus.emit(EventKind::PhaseStarted {
                        phase: thread.to_string(),
                    })
                })
            });
        }
    });
    let seen = seen.0.lock();
    assert_eq!(seen.len(), 1000);
    assert!(seen.is_sorted());
}

/// A subscriber that reports when it is called, and then waits until it may go on.
struct Slow(Arc<Barrier>, Seen);

impl Subscriber for Slow {
    fn on_event(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::Message { .. }) {
            self.0.wait();
            self.0.wait();
        }
        self.1.on_event(event);
    }
}

#[test]
fn messages_are_not_waited_for_but_events_that_decide_about_the_run_are() {
    let (barrier, seen) = (Arc::new(Barrier::new(2)), Seen::default());
    let bus = Bus::new(vec![Box::new(Slow(barrier.clone(), seen.clone()))]);
    thread::scope(|scope| {
        scope.spawn(|| {
            bus.emit(EventKind::Message {
                phase: String::new(),
                severity: Severity::Info,
                label: String::new(),
                text: String::new(),
                plugin: None,
            });
        });
        barrier.wait();
        // The other thread is in the middle of its event.
        bus.emit(EventKind::PhaseStarted {
            phase: "told".into(),
        });
        assert_eq!(seen.0.lock().len(), 0);
        barrier.wait();
        bus.emit(EventKind::Intended {
            phase: "kept".into(),
            targets: Vec::new(),
        });
        assert_eq!(seen.0.lock().len(), 3);
    });
}

fn message_of(bytes: usize) -> EventKind {
    EventKind::Message {
        phase: String::new(),
        severity: Severity::Info,
        label: String::new(),
        text: "x".repeat(bytes),
        plugin: None,
    }
}

#[test]
fn events_do_not_pile_up_where_a_subscriber_is_slow() {
    let (barrier, seen) = (Arc::new(Barrier::new(2)), Seen::default());
    let bus = Bus::new(vec![Box::new(Slow(barrier.clone(), seen))]);
    thread::scope(|scope| {
        scope.spawn(|| bus.emit(message_of(1)));
        barrier.wait();
        bus.emit(message_of(1));
        assert_eq!(bus.waiting().events.len(), 1);
        let waits = scope.spawn(|| bus.emit(message_of(MAX_WAITING)));
        while bus.waiting().events.len() < 2 {
            thread::yield_now();
        }
        assert!(!waits.is_finished());
        // The end of the first message, then the beginning and the end of the others.
        for _ in 0..5 {
            barrier.wait();
        }
    });
    assert_eq!(bus.waiting().bytes, 0);
}

/// Reports add numbers up and multiply them.
#[test]
fn a_number_that_no_run_records_is_refused() {
    let event = |at: u64, micros: u64| {
        let line = json!({"at": at, "event": "run-ended", "result": "done", "micros": micros});
        serde_json::from_value::<Event>(line).map_err(|error| error.to_string())
    };
    assert!(event(5, 1 << 44).is_ok());
    let refused = "18446744073709551615 is larger than any run records";
    assert_eq!(event(u64::MAX, 1).unwrap_err(), refused);
    assert_eq!(event(1, u64::MAX).unwrap_err(), refused);
    let used = json!({"memoryBytes": u64::MAX, "findings": 0, "proposals": 0, "messageBytes": 0});
    let used = serde_json::from_value::<Usage>(used).map_err(|error| error.to_string());
    assert_eq!(used.unwrap_err(), refused);
}
