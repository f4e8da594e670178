//! A rehearsal that serves its cluster.
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A running `rehearse --serve`; dropping it ends the program.
pub struct ServingRehearsal(Child);

impl ServingRehearsal {
    /// Starts `rehearse --serve`, and waits until it prints the address of the API server.
    ///
    /// # Panics
    /// If the program cannot be started, or ends before it serves.
    pub fn start(rehearse: &mut Command) -> ServingRehearsal {
        let mut child = rehearse
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let is_ready = lines
            .map_while(Result::ok)
            .any(|line| line.contains("kubectl --kubeconfig"));
        let rehearsal = ServingRehearsal(child);
        assert!(is_ready, "the rehearsal ended before it served");
        rehearsal
    }
}

impl Drop for ServingRehearsal {
    fn drop(&mut self) {
        // Both fail if the program has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
