use super::*;
use std::sync::{Barrier, mpsc};

#[test]
fn results_are_in_the_order_of_the_items() {
    let items: Vec<usize> = (0..100).collect();
    for threads in [0, 1, 3, 200] {
        assert_eq!(
            map(&items, threads, |item| item * 2),
            (0..200).step_by(2).collect::<Vec<_>>()
        );
    }
    assert_eq!(map(&[], 2, |()| ()), []);
}

#[test]
fn a_thread_without_room_waits_until_another_is_done() {
    let (turns, full, (done, next)) = (Turns::new(3), Barrier::new(4), mpsc::channel());
    thread::scope(|scope| {
        let leave: Vec<mpsc::Sender<()>> = (0..3)
            .map(|_| {
                let (leave, left) = mpsc::channel::<()>();
                let (turns, full) = (&turns, &full);
                scope.spawn(move || {
                    let _turn = turns.wait();
                    full.wait();
                    let _ = left.recv();
                });
                leave
            })
            .collect();
        full.wait();
        scope.spawn(|| {
            let _turn = turns.wait();
            done.send(()).unwrap();
        });
        assert!(next.try_recv().is_err());
        leave[0].send(()).unwrap();
        next.recv().unwrap();
    });
}
