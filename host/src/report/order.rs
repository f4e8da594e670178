//! Puts what phases say at the same time into the order of the plan.
//!
//! Each phase has a slot. What the first unfinished phase says is let through at once; what later
//! ones say waits until all before them have ended. So the output of a concurrent run is that of a
//! sequential one.
use crate::plan::spec::is_within;

/// Items held back until their turn.
#[derive(Debug)]
pub struct InOrder<T> {
    slots: Vec<Slot<T>>,
    /// the first slot that has not ended
    current: usize,
}

#[derive(Debug)]
struct Slot<T> {
    phase: String,
    /// said by the groups that begin with this phase
    heading: Vec<T>,
    said: Vec<T>,
    ended: bool,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        InOrder {
            slots: Vec::new(),
            current: 0,
        }
    }
}

impl<T> InOrder<T> {
    pub fn new(phases: &[String]) -> Self {
        let slot = |phase: &String| Slot {
            phase: phase.clone(),
            heading: Vec::new(),
            said: Vec::new(),
            ended: false,
        };
        InOrder {
            slots: phases.iter().map(slot).collect(),
            current: 0,
        }
    }

    /// Takes an item of a phase or group; returns it if it is its turn, or belongs to no slot.
    pub fn say(&mut self, phase: &str, item: T) -> Option<T> {
        let (at, heading) = match self.slots.iter().position(|slot| slot.phase == phase) {
            Some(at) => (at, false),
            None => match self.slots.iter().position(|slot| below(&slot.phase, phase)) {
                Some(at) => (at, true),
                None => return Some(item),
            },
        };
        if at <= self.current {
            return Some(item);
        }
        let slot = &mut self.slots[at];
        if heading {
            slot.heading.push(item)
        } else {
            slot.said.push(item)
        }
        None
    }

    /// The phase has ended: everything whose turn has now come, in order.
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

    /// The run is over: all that is left, in order.
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
    fn release(&mut self, into: &mut Vec<T>) {
        into.append(&mut self.heading);
        into.append(&mut self.said);
    }
}

fn below(phase: &str, group: &str) -> bool {
    !group.is_empty() && phase != group && is_within(phase, group)
}

#[cfg(test)]
mod tests;
