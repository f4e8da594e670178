use super::*;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

#[test]
fn commands_take_turns_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(HELD_FILE);
    // A command that was killed leaves the file.
    fs::write(&path, "").unwrap();
    let at_work = Arc::new(AtomicUsize::new(0));
    let commands: Vec<_> = (0..8)
        .map(|_| {
            let (path, at_work) = (path.clone(), at_work.clone());
            thread::spawn(move || {
                for _ in 0..20 {
                    let turn = HeldFile::wait(&path).unwrap();
                    assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
                    at_work.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                }
            })
        })
        .collect();
    commands
        .into_iter()
        .for_each(|command| command.join().unwrap());
    assert!(!path.exists());
}
