//! Programs: the host runs those that the grant of the plugin names, argument by argument. They end
//! with the call, and their output is read up to a limit.

mod arguments;
mod limits;

/// Flags of a run on "this machine" in namespaces.
pub const PREFLIGHT: [&str; 6] = [
    "init",
    "phase",
    "preflight",
    "--config",
    "cluster.yaml",
    "--ignore-preflight-errors=all",
];
