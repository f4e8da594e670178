//! Files: a plugin reads files that every user of the machine may read, changes files that its
//! grant names, and follows no link to other files. It neither reads nor changes the files of the
//! host.

mod checks;
mod credentials;
mod links;
mod paths;
mod reading;
mod territory;

use crate::support::{Trial, call};
use serde_json::{Value, json};

/// Reads these paths as a plugin. Its grant covers everything below /srv, /var, /etc, /proc, /run
/// and /home.
pub fn read_all(trial: Trial, paths: &[&str]) -> crate::support::RunResult {
    let calls: Vec<Value> = paths
        .iter()
        .map(|path| call("observe-files.read-file", json!([path])))
        .collect();
    let grant = "capability: observe-files.read-file, paths: [/srv/**, /var/**, /etc/**, /proc/**, \
        /run/**, /home/**]";
    trial.grants(&[grant]).calls(&calls).preflight()
}
