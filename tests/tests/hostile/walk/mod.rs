//! Every host function with every hostile text in every argument: the call is refused, or the text
//! reaches neither a program nor a file.
//!
//! The functions are those of the gate table. A function that is new there fails here until
//! `arguments.rs` has arguments for it.

mod arguments;
mod calls;
pub mod grants;
mod observations;
mod proposals;

/// Whether a hostile text is valid for the function of a case, and harmless.
pub fn is_valid(case: &str) -> bool {
    let valid_cases = [
        "input.config, argument 0 is nothing",
        "input.config, argument 0 is a slash",
        // The root directory in any spelling: the grant of these calls allows it.
        "observe-files.stat, argument 0 is a slash",
        "observe-files.stat, argument 0 is two slashes",
        "observe-files.list-dir, argument 0 is a slash",
        "observe-files.list-dir, argument 0 is two slashes",
        "observe-net.http-get-as, argument 1 is nothing",
        "observe-net.http-get-as, argument 2 is nothing",
        "observe-net.http-get-as, argument 3 is nothing",
        "observe-cluster.list-objects, argument 3 is nothing",
        // The grant leaves the argument of this program to the plugin.
        "observe-command.run-command, argument 1 is nothing",
        "observe-command.run-command, argument 1 is a question mark",
        "observe-command.run-command, argument 1 is an encoded slash",
        "effects-node.set-sysctl, argument 1 is",
    ];
    valid_cases.iter().any(|valid| case.starts_with(valid))
}
