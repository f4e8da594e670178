use super::*;
use crate::plan::testing::node;

#[test]
fn what_holds_up_the_most_goes_first_once_all_that_it_needs_has_ended() {
    let nodes = [
        node("a", &[]),
        node("b", &[]),
        node("c", &["a", "b", "not of this run"]),
        node("d", &[]),
    ];
    let nodes: Vec<&Node> = nodes.iter().collect();
    let mut queue = Queue::new(&nodes, &[("a", 1), ("b", 5), ("c", 9), ("d", 1)].into());
    let mut order = Vec::new();
    while let Some(at) = queue.next() {
        queue.begun(at);
        order.push(nodes[at].id());
        // What was begun does not come again, whether it has ended or not.
        assert_ne!(queue.next(), Some(at));
        queue.ended(at);
    }
    assert_eq!(order, ["b", "a", "c", "d"]);
    assert!(queue.is_over());
}
