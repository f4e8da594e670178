//! Texts of findings about certificates.
use crate::program;
use jiff::Timestamp;
use kubephase_sdk::{
    Finding,
    finding::{With, fail},
};

/// Seconds of a day.
pub(super) const DAY: i64 = 24 * 3600;

/// Returns the remedy for a kubelet that could not renew its certificate.
pub(super) fn kubelet_remedy(directory: &str, is_control_plane: bool) -> String {
    if is_control_plane {
        return format!(
            "the kubelet renews its certificate itself while it reaches the API server; if it \
             cannot any more: move {directory}/kubelet.conf away, run `{}`, and `systemctl restart \
             kubelet`",
            program::command("init phase kubeconfig kubelet")
        );
    }
    format!(
        "the kubelet renews its certificate itself while it reaches the API server; if it cannot \
         any more, let the machine join again: `{}` on a member of the control plane, and `{}` and \
         the printed command here",
        program::command("token create --print-join-command"),
        program::command("reset")
    )
}

/// Returns the command that renews a certificate.
pub(super) fn renew(name: &str) -> String {
    let command = program::command(&format!("certs renew {name}"));
    format!("`{command}` renews it")
}

/// Returns the finding about a file that does not exist.
pub(super) fn missing_file(code: &str, path: &str, remedy: &str) -> Finding {
    fail(code, format!("{path} does not exist"))
        .evidence("path", path)
        .remedy(remedy)
}

/// Returns the finding about a file that cannot be read.
pub(super) fn unreadable_file(code: &str, path: &str, why: &str) -> Finding {
    let message = if why.contains(path) {
        why.to_owned()
    } else {
        format!("{path}: {why}")
    };
    fail(code, message)
        .evidence("path", path)
        .remedy("run this as root; if the file is damaged, put the one of a backup there")
}

/// Returns a time in the form of RFC 3339, in UTC.
pub(super) fn format_time(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

/// Returns a number of whole days.
pub(super) fn days(seconds: i64) -> String {
    match seconds / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
