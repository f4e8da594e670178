//! The output of a program, and its exit status.
use std::process::ExitStatus;

/// The output of a program, and its exit status.
#[derive(Debug)]
pub struct ProgramOutput {
    /// How the program ended.
    pub status: ExitStatus,
    /// Bytes of its standard output.
    pub stdout: Vec<u8>,
    /// Bytes of its standard error.
    pub stderr: Vec<u8>,
}

impl ProgramOutput {
    /// Returns standard output as text; bytes that are not UTF-8 are replaced.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns standard error as text; bytes that are not UTF-8 are replaced.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}
