//! The kernel: its release, options, parameters and control groups.
use super::{lines, read, text};
use crate::world::{node::facts::NodeFacts, real::services::Tools};
use kubephase_sdk::facts::SYSCTLS;
use std::{collections::BTreeMap, path::Path};

/// Adds the host name, the release of the kernel, its options and parameters, and its control
/// groups.
pub(super) fn add_kernel(facts: NodeFacts, tools: &Tools, notes: &mut Vec<String>) -> NodeFacts {
    let uname = rustix::system::uname();
    let release = text(uname.release());
    let cgroup_version = if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        2
    } else {
        1
    };
    NodeFacts {
        hostname: text(uname.nodename()),
        os: text(uname.sysname()),
        architecture: text(uname.machine()),
        kernel_options: kernel_options(&release, tools, notes),
        kernel_release: release,
        cgroup_version,
        cgroup_controllers: controllers(cgroup_version),
        sysctls: sysctls(),
        ..facts
    }
}

fn sysctls() -> BTreeMap<String, String> {
    SYSCTLS
        .iter()
        .filter_map(|(key, _)| {
            let value = read(&format!("/proc/sys/{}", key.replace('.', "/")))?;
            Some(((*key).to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// Returns the enabled controllers of control groups.
fn controllers(version: u8) -> Vec<String> {
    if version == 2 {
        return read("/sys/fs/cgroup/cgroup.controllers")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
    }
    lines("/proc/cgroups")
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| enabled_controller(&line))
        .collect()
}

/// Returns the name of a controller by its line in `/proc/cgroups`; `None` if it is not enabled.
fn enabled_controller(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    (fields.len() == 4 && fields[3] != "0").then(|| fields[0].to_owned())
}

/// Returns the options of the running kernel. Empty if its configuration cannot be found; then all
/// options count as present.
fn kernel_options(
    release: &str,
    tools: &Tools,
    notes: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let plain = [
        format!("/boot/config-{release}"),
        format!("/usr/lib/modules/{release}/config"),
        format!("/lib/modules/{release}/build/.config"),
    ];
    let text = plain.iter().find_map(|path| read(path)).or_else(|| {
        tools
            .ask("zcat", &["/proc/config.gz"])
            .filter(|(succeeded, _)| *succeeded)
            .map(|(_, text)| text)
    });
    let Some(text) = text else {
        notes.push(
            "the kernel's configuration could not be found; its options were not checked".into(),
        );
        return BTreeMap::new();
    };
    text.lines().filter_map(parse_option).collect()
}

/// Parses a line `CONFIG_NAME=y`.
fn parse_option(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("CONFIG_")?.split_once('=')?;
    matches!(value, "y" | "m" | "n").then(|| (name.to_owned(), value.to_owned()))
}
