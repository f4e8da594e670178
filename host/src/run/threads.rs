//! The threads that wait for files, networks and child processes.
use anyhow::{Context, Result};
use std::ops::Deref;
use tokio::runtime::{Builder, Runtime};

/// A runtime that ends without waiting. A lookup that the system's resolver does not end does not
/// delay the end of the program.
pub struct Threads(Option<Runtime>);

impl Threads {
    /// Starts the threads.
    ///
    /// # Errors
    /// The operating system gives no threads.
    pub fn start() -> Result<Threads> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start threads")?;
        Ok(Threads(Some(runtime)))
    }
}

impl Deref for Threads {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().expect("the runtime is taken only by drop")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
