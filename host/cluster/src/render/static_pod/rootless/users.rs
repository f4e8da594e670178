//! Chooses the users and groups of a rootless control plane.
use super::NO_SHELL;
use kubephase_sdk::{
    node::{UsedIds, UsedUser},
    spec::{ControlPlaneUsers, User},
};
use std::vec;

/// Returns the users and groups of the control plane, which have kubeadm's names. Those that exist
/// keep their ids. The others get the lowest free ids, in kubeadm's order.
///
/// # Errors
/// A range has too few free ids, or an existing user or group with one of the names has an id or a
/// shell that it may not have.
pub fn allocate_users(used: &UsedIds) -> Result<ControlPlaneUsers, String> {
    let mut ids = IdChooser {
        used,
        uids: free_ids(used.uid_range, &used.uids),
        gids: free_ids(used.gid_range, &used.gids),
    };
    let [etcd, apiserver, controller_manager, scheduler] = ControlPlaneUsers::NAMES;
    Ok(ControlPlaneUsers {
        etcd: ids.choose_user(etcd)?,
        kube_apiserver: ids.choose_user(apiserver)?,
        kube_controller_manager: ids.choose_user(controller_manager)?,
        kube_scheduler: ids.choose_user(scheduler)?,
        sa_key_readers: ids.choose_group(ControlPlaneUsers::SA_KEY_READERS)?,
    })
}

/// The first and the last id of a range.
type IdRange = (u32, u32);

fn free_ids((first, last): IdRange, taken: &[u32]) -> vec::IntoIter<u32> {
    let free: Vec<u32> = (first..=last).filter(|id| !taken.contains(id)).collect();
    free.into_iter()
}

/// Chooses the ids of users and groups: an existing user or group keeps its id, and the others get
/// free ids.
struct IdChooser<'u> {
    used: &'u UsedIds,
    /// not used yet, ascending
    uids: vec::IntoIter<u32>,
    /// not used yet, ascending
    gids: vec::IntoIter<u32>,
}

impl IdChooser<'_> {
    fn choose_user(&mut self, name: &str) -> Result<User, String> {
        let uid = match self.used.users.get(name) {
            Some(UsedUser { shell, .. }) if shell != NO_SHELL => {
                return Err(format!(
                    "user {name} has the shell {shell:?}, not {NO_SHELL}: it is not a user of the \
                     control plane"
                ));
            }
            Some(UsedUser { uid, .. }) => check_range("user", name, *uid, self.used.uid_range)?,
            None => self.uids.next().ok_or_else(|| self.exhausted())?,
        };
        let gid = self.choose_group(name)?;
        Ok(User { uid, gid })
    }

    fn choose_group(&mut self, name: &str) -> Result<u32, String> {
        match self.used.groups.get(name) {
            Some(gid) => check_range("group", name, *gid, self.used.gid_range),
            None => self.gids.next().ok_or_else(|| self.exhausted()),
        }
    }

    fn exhausted(&self) -> String {
        format!(
            "the range of system users {:?} or groups {:?} has too few free ids for a rootless \
             control plane",
            self.used.uid_range, self.used.gid_range
        )
    }
}

/// Checks that the id of an existing user or group is in the system's range.
fn check_range(what: &str, name: &str, id: u32, (first, last): IdRange) -> Result<u32, String> {
    if (first..=last).contains(&id) {
        return Ok(id);
    }
    Err(format!(
        "{what} {name} has the id {id}, which is not in the range of the system's ids, {first} to \
         {last} (/etc/login.defs)"
    ))
}

#[cfg(test)]
mod tests;
