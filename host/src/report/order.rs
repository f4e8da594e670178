//! Puts the output of concurrent phases into the order of the plan.
//!
//! Each phase has a slot. The output of the first unfinished phase passes at once; the output of a
//! later phase waits until all phases before it have ended. So the output of a concurrent
//! run equals that of a sequential run.
use crate::plan::spec::is_within;

/// Items that wait for their turn.
#[derive(Debug)]
pub struct OrderedOutput<T> {
    slots: Vec<Slot<T>>,
    /// the first slot that has not ended
    current: usize,
}

#[derive(Debug)]
struct Slot<T> {
    phase: String,
    /// items of the groups that begin with this phase
    heading: Vec<T>,
    items: Vec<T>,
    ended: bool,
}

impl<T> Default for OrderedOutput<T> {
    fn default() -> Self {
        OrderedOutput {
            slots: Vec::new(),
            current: 0,
        }
    }
}

impl<T> OrderedOutput<T> {
    /// Returns an empty output with a slot for each phase, in the order of the plan.
    pub fn new(phases: &[String]) -> Self {
        OrderedOutput {
            slots: phases.iter().map(|phase| Slot::new(phase)).collect(),
            current: 0,
        }
    }

    /// Takes an item of a phase or group. Returns it if it is its turn, or if it has no slot.
    pub fn submit(&mut self, phase: &str, item: T) -> Option<T> {
        let (index, heading) = match self.slots.iter().position(|slot| slot.phase == phase) {
            Some(index) => (index, false),
            None => match self
                .slots
                .iter()
                .position(|slot| is_member(&slot.phase, phase))
            {
                Some(index) => (index, true),
                None => return Some(item),
            },
        };
        if index <= self.current {
            return Some(item);
        }
        let slot = &mut self.slots[index];
        if heading {
            slot.heading.push(item)
        } else {
            slot.items.push(item)
        }
        None
    }

    /// Notes that a phase ended. Returns the items whose turn has come, in order.
    pub fn end(&mut self, phase: &str) -> Vec<T> {
        let mut released = Vec::new();
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.phase == phase) {
            slot.ended = true;
        }
        while self.slots.get(self.current).is_some_and(|slot| slot.ended) {
            self.current += 1;
            if let Some(next) = self.slots.get_mut(self.current) {
                next.release(&mut released);
            }
        }
        released
    }

    /// Notes that the run ended. Returns all items that waited, in order.
    pub fn finish(&mut self) -> Vec<T> {
        let mut released = Vec::new();
        self.slots
            .iter_mut()
            .for_each(|slot| slot.release(&mut released));
        self.current = self.slots.len();
        released
    }
}

impl<T> Slot<T> {
    fn new(phase: &str) -> Self {
        Slot {
            phase: phase.to_owned(),
            heading: Vec::new(),
            items: Vec::new(),
            ended: false,
        }
    }

    fn release(&mut self, into: &mut Vec<T>) {
        into.append(&mut self.heading);
        into.append(&mut self.items);
    }
}

fn is_member(phase: &str, group: &str) -> bool {
    !group.is_empty() && phase != group && is_within(phase, group)
}

#[cfg(test)]
mod tests;
