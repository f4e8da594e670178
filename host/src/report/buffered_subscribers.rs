//! Holds the events of a run back until it has failed. A run that succeeds is not shown.
use crate::event::{Event, EventKind, RunResult, Subscriber};

/// Subscribers that receive all events of a run when it has failed.
pub struct BufferedSubscribers {
    subscribers: Vec<Box<dyn Subscriber>>,
    events: Vec<Event>,
}

impl BufferedSubscribers {
    /// Holds back the events for subscribers.
    pub fn new(subscribers: Vec<Box<dyn Subscriber>>) -> Self {
        BufferedSubscribers {
            subscribers,
            events: Vec::new(),
        }
    }
}

/// Texts with the values of secrets (`on_revealed_event`) are not kept: the subscribers get such an
/// event with placeholders, so that no secret waits in memory until the run has failed.
impl Subscriber for BufferedSubscribers {
    fn on_event(&mut self, event: &Event) {
        self.events.push(event.clone());
        if let EventKind::RunEnded { result, .. } = &event.kind
            && *result != RunResult::Done
        {
            for event in std::mem::take(&mut self.events) {
                for subscriber in &mut self.subscribers {
                    subscriber.on_event(&event);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BufferedSubscribers;
    use crate::event::{Event, EventKind, RunResult, Subscriber};
    use std::sync::mpsc::{Sender, channel};

    struct Count(Sender<()>);

    impl Subscriber for Count {
        fn on_event(&mut self, _: &Event) {
            self.0.send(()).unwrap();
        }
    }

    #[test]
    fn only_a_run_that_fails_is_shown() {
        for (result, shown) in [
            (RunResult::Done, 0),
            (RunResult::PreflightFailed, 2),
            (RunResult::Cancelled, 2),
        ] {
            let (sender, receiver) = channel();
            let mut buffered = BufferedSubscribers::new(vec![Box::new(Count(sender))]);
            let phase = "preflight/files".to_owned();
            for kind in [
                EventKind::PhaseStarted { phase },
                EventKind::RunEnded { result, micros: 0 },
            ] {
                buffered.on_event(&Event { at: 0, kind });
            }
            drop(buffered);
            assert_eq!(receiver.iter().count(), shown);
        }
    }
}
