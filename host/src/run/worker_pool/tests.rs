use super::*;
use crate::plan::{PlannedPhase, testing::node};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
};

fn pool(nodes: &[PlannedPhase], concurrency: Concurrency) -> WorkerPool {
    WorkerPool::new(
        Queue::new(&nodes.iter().collect::<Vec<_>>(), &BTreeMap::new()),
        concurrency,
    )
}

#[test]
fn each_phase_runs_once_after_its_needs_have_ended() {
    let mut nodes: Vec<PlannedPhase> = (0..40)
        .map(|at| node(&format!("first-{at}"), &[]))
        .collect();
    nodes.extend((0..40).map(|at| {
        node(
            &format!("second-{at}"),
            &[&format!("first-{at}"), &format!("first-{}", (at + 7) % 40)],
        )
    }));
    nodes.push(node(
        "last",
        &(0..40)
            .map(|at| format!("second-{at}"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    ));
    for concurrency in [
        Concurrency::Exactly(1),
        Concurrency::Exactly(3),
        Concurrency::Working(3),
    ] {
        let (done, beside, most) = (
            Mutex::new(BTreeSet::new()),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        pool(&nodes, concurrency).run(&|at| {
            most.fetch_max(beside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            assert!(
                nodes[at]
                    .after
                    .iter()
                    .all(|need| done.lock().contains(need)),
                "{}",
                nodes[at].id()
            );
            thread::yield_now();
            beside.fetch_sub(1, Ordering::SeqCst);
            assert!(done.lock().insert(nodes[at].id().to_owned()));
        });
        assert_eq!(done.into_inner().len(), nodes.len());
        let (Concurrency::Exactly(concurrency) | Concurrency::Working(concurrency)) = concurrency;
        assert!(most.into_inner() <= concurrency);
    }
}

#[test]
fn a_panic_does_not_block_other_phases() {
    let nodes = [node("a", &[]), node("b", &[]), node("c", &["a"])];
    let (pool, done) = (pool(&nodes, Concurrency::Working(1)), AtomicUsize::new(0));
    let ran = panic::catch_unwind(AssertUnwindSafe(|| {
        pool.run(&|at| {
            assert!(at > 0, "as it should");
            done.fetch_add(1, Ordering::SeqCst);
        });
    }));
    assert!(ran.is_err() && done.into_inner() == 2);
}

/// The three phases end only if all of them have begun.
#[test]
fn a_blocked_phase_does_not_count() {
    let nodes = [node("a", &[]), node("b", &[]), node("c", &[])];
    let (pool, all) = (pool(&nodes, Concurrency::Working(1)), Barrier::new(3));
    pool.run(&|_| {
        pool.run_blocking(|| all.wait());
    });
}
