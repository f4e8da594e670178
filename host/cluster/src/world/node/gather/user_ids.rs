//! Users and groups of this machine, for the system users that a rootless control plane gets.
use super::lines;
use kubephase_sdk::node::{UsedIds, UsedUser};

/// Reads the ids in use, the users and groups that kubeadm made, and the ranges of system ids.
pub(super) fn read() -> UsedIds {
    let defaults = UsedIds::default();
    UsedIds {
        users: kubeadm_entries("/etc/passwd")
            .filter_map(|line| parse_user(&line))
            .collect(),
        groups: kubeadm_entries("/etc/group")
            .filter_map(|line| parse_group(&line))
            .collect(),
        uids: ids("/etc/passwd"),
        gids: ids("/etc/group"),
        uid_range: id_range("SYS_UID_MIN", "SYS_UID_MAX", defaults.uid_range),
        gid_range: id_range("SYS_GID_MIN", "SYS_GID_MAX", defaults.gid_range),
    }
}

/// Returns the third field of each line: the id in `/etc/passwd` and `/etc/group`.
fn ids<C: FromIterator<u32>>(path: &str) -> C {
    lines(path)
        .filter_map(|line| line.split(':').nth(2)?.parse().ok())
        .collect()
}

fn kubeadm_entries(path: &str) -> impl Iterator<Item = String> {
    lines(path).filter(|line| line.starts_with("kubeadm-"))
}

fn id_range(min: &str, max: &str, (first, last): (u32, u32)) -> (u32, u32) {
    (
        login_definition(min).unwrap_or(first),
        login_definition(max).unwrap_or(last),
    )
}

/// Returns a number that `/etc/login.defs` defines.
fn login_definition(name: &str) -> Option<u32> {
    lines("/etc/login.defs").find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// Parses a line of `/etc/passwd`.
fn parse_user(line: &str) -> Option<(String, UsedUser)> {
    let fields: Vec<&str> = line.split(':').collect();
    Some((
        fields[0].to_owned(),
        UsedUser {
            uid: fields.get(2)?.parse().ok()?,
            shell: fields.get(6)?.trim().to_owned(),
        },
    ))
}

/// Parses a line of `/etc/group`.
fn parse_group(line: &str) -> Option<(String, u32)> {
    Some((
        line.split(':').next()?.to_owned(),
        line.split(':').nth(2)?.parse().ok()?,
    ))
}
