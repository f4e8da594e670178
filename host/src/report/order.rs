//! Puts what phases say at the same time into the order of the plan.
//!
//! Each phase has a slot. What the first unfinished phase says is let through at once; what later ones say waits
//! until all before them have ended. So the output of a concurrent run is that of a sequential one.

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
        InOrder { slots: Vec::new(), current: 0 }
    }
}

impl<T> InOrder<T> {
    pub fn new(phases: &[String]) -> Self {
        let slot = |phase: &String| Slot { phase: phase.clone(), heading: Vec::new(), said: Vec::new(), ended: false };
        InOrder { slots: phases.iter().map(slot).collect(), current: 0 }
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
        self.slots.iter_mut().for_each(|slot| slot.release(&mut released));
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
    !group.is_empty() && phase != group && crate::phase::catalog::Catalog::within(phase, group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases() -> InOrder<&'static str> {
        InOrder::new(&["a", "g/b", "g/c", "d"].map(String::from))
    }

    #[test]
    fn the_first_phase_is_heard_at_once_and_later_ones_in_turn() {
        let mut order = phases();
        assert_eq!(order.say("d", "d1"), None);
        assert_eq!(order.say("g/c", "c1"), None);
        assert_eq!(order.say("a", "a1"), Some("a1"));
        assert_eq!(order.say("g", "heading"), None);
        assert_eq!(order.say("g/b", "b1"), None);
        assert!(order.end("g/c").is_empty());
        assert_eq!(order.end("a"), ["heading", "b1"]);
        assert_eq!(order.say("g/b", "b2"), Some("b2"));
        assert_eq!(order.end("g/b"), ["c1", "d1"]);
        assert!(order.end("d").is_empty());
    }

    #[test]
    fn what_no_phase_says_is_never_held_back() {
        let mut order = phases();
        assert_eq!(order.say("", "init"), Some("init"));
        assert_eq!(order.say("elsewhere", "x"), Some("x"));
    }

    #[test]
    fn the_end_of_the_run_releases_the_rest() {
        let mut order = phases();
        order.say("d", "d1");
        order.say("g/b", "b1");
        assert_eq!(order.finish(), ["b1", "d1"]);
        assert_eq!(order.say("g/c", "late"), Some("late"));
        assert!(order.finish().is_empty());
    }

    /// Every interleaving of three phases with two lines each comes out the same.
    #[test]
    fn the_output_does_not_depend_on_the_interleaving() {
        fn run(script: &[usize]) -> Vec<String> {
            let names = ["x", "y", "z"].map(String::from);
            let (mut order, mut out, mut said) = (InOrder::new(&names), Vec::new(), [0; 3]);
            for &who in script {
                said[who] += 1;
                match said[who] {
                    3 => out.extend(order.end(&names[who])),
                    n => out.extend(order.say(&names[who], format!("{}{n}", names[who]))),
                }
            }
            out
        }
        fn scripts(left: [usize; 3], so_far: &mut Vec<usize>, check: &mut impl FnMut(&[usize])) {
            if left == [0; 3] {
                return check(so_far);
            }
            for who in 0..3 {
                if left[who] > 0 {
                    let mut next = left;
                    next[who] -= 1;
                    so_far.push(who);
                    scripts(next, so_far, check);
                    so_far.pop();
                }
            }
        }
        let mut tried = 0;
        scripts([3; 3], &mut Vec::new(), &mut |script| {
            tried += 1;
            assert_eq!(run(script), ["x1", "x2", "y1", "y2", "z1", "z2"], "{script:?}");
        });
        assert_eq!(tried, 1680);
    }
}
