use super::*;
use std::{
    sync::{Barrier, mpsc},
    thread,
};

#[test]
fn a_thread_without_room_waits_until_another_is_done() {
    let (turns, full, (done, next)) = (Turns::new(CALLS), Barrier::new(CALLS + 1), mpsc::channel());
    thread::scope(|scope| {
        let leave: Vec<mpsc::Sender<()>> = (0..CALLS)
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
