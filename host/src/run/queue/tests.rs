use super::*;
use crate::plan::testing::node;

#[test]
fn the_phase_that_delays_the_run_the_most_begins_first_once_its_needs_have_ended() {
    let nodes = [
        node("a", &[]),
        node("b", &[]),
        node("c", &["a", "b", "not of this run"]),
        node("d", &[]),
    ];
    let nodes: Vec<&PlannedPhase> = nodes.iter().collect();
    let mut queue = Queue::new(&nodes, &[("a", 1), ("b", 5), ("c", 9), ("d", 1)].into());
    let mut order = Vec::new();
    while let Some(place) = queue.next() {
        queue.begin(place);
        order.push(nodes[place].id());
        // A phase that began is not returned again, even before it ends.
        assert_ne!(queue.next(), Some(place));
        queue.end(place);
    }
    assert_eq!(order, ["b", "a", "c", "d"]);
    assert!(queue.is_over());
}
