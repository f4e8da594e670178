use super::*;

fn phases() -> OrderedOutput<&'static str> {
    OrderedOutput::new(&["a", "g/b", "g/c", "d"].map(String::from))
}

#[test]
fn items_of_the_first_phase_pass_at_once_and_those_of_later_phases_wait() {
    let mut order = phases();
    assert_eq!(order.submit("d", "d1"), None);
    assert_eq!(order.submit("g/c", "c1"), None);
    assert_eq!(order.submit("a", "a1"), Some("a1"));
    assert_eq!(order.submit("g", "heading"), None);
    assert_eq!(order.submit("g/b", "b1"), None);
    assert!(order.end("g/c").is_empty());
    assert_eq!(order.end("a"), ["heading", "b1"]);
    assert_eq!(order.submit("g/b", "b2"), Some("b2"));
    assert_eq!(order.end("g/b"), ["c1", "d1"]);
    assert!(order.end("d").is_empty());
}

#[test]
fn an_item_of_no_phase_never_waits() {
    let mut order = phases();
    assert_eq!(order.submit("", "init"), Some("init"));
    assert_eq!(order.submit("elsewhere", "x"), Some("x"));
}

#[test]
fn the_end_of_the_run_releases_the_rest() {
    let mut order = phases();
    order.submit("d", "d1");
    order.submit("g/b", "b1");
    assert_eq!(order.finish(), ["b1", "d1"]);
    assert_eq!(order.submit("g/c", "late"), Some("late"));
    assert!(order.finish().is_empty());
}

/// Tries every interleaving of three phases with two lines each.
#[test]
fn the_output_does_not_depend_on_the_interleaving() {
    fn run(script: &[usize]) -> Vec<String> {
        let names = ["x", "y", "z"].map(String::from);
        let (mut order, mut out, mut counts) = (OrderedOutput::new(&names), Vec::new(), [0; 3]);
        for &phase in script {
            counts[phase] += 1;
            match counts[phase] {
                3 => out.extend(order.end(&names[phase])),
                n => out.extend(order.submit(&names[phase], format!("{}{n}", names[phase]))),
            }
        }
        out
    }
    fn scripts(left: [usize; 3], so_far: &mut Vec<usize>, check: &mut impl FnMut(&[usize])) {
        if left == [0; 3] {
            return check(so_far);
        }
        for phase in 0..3 {
            if left[phase] > 0 {
                let mut next = left;
                next[phase] -= 1;
                so_far.push(phase);
                scripts(next, so_far, check);
                so_far.pop();
            }
        }
    }
    let mut tried = 0;
    scripts([3; 3], &mut Vec::new(), &mut |script| {
        tried += 1;
        assert_eq!(
            run(script),
            ["x1", "x2", "y1", "y2", "z1", "z2"],
            "{script:?}"
        );
    });
    assert_eq!(tried, 1680);
}
