//! Facts of this machine, and of machines whose files are written for the test.
use super::{network::is_global, *};
use kubephase_sdk::facts::MachineIds;
use std::{fs, net::IpAddr, os::unix::fs::symlink};
use tempfile::TempDir;

mod hardware;
mod network;
mod software;

/// The files of a machine.
struct Machine {
    root: TempDir,
}

impl Machine {
    fn with(files: &[(&str, &str)]) -> Machine {
        let machine = Machine {
            root: tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            machine.write(path, text.as_bytes());
        }
        machine
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let place = self.tree().place(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }

    fn make_directory(&self, path: &str) {
        fs::create_dir_all(self.tree().place(path)).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        symlink(self.tree().place(target), self.tree().place(path)).unwrap();
    }

    fn tree(&self) -> Tree {
        Tree::new(self.root.path())
    }
}

#[test]
fn the_facts_of_this_machine_are_gathered() {
    let (facts, _) = gather();
    assert!(!facts.hostname.is_empty() && facts.cpus > 0 && facts.memory_mib > 0);
    assert_eq!(facts.os, "Linux");
    assert_eq!(facts.architecture, env::consts::ARCH);
    assert!(!facts.processor.unwrap().features.is_empty());
    let loopback = facts.interfaces.unwrap();
    let loopback = loopback
        .iter()
        .find(|interface| interface.loopback)
        .unwrap();
    assert!(
        loopback.addresses.contains(&"127.0.0.1/8".to_owned()),
        "{loopback:?}"
    );
    let root = &facts.filesystems.unwrap()["/"];
    assert!(
        root.total_mib > Some(0) && root.available_mib <= root.total_mib,
        "{root:?}"
    );
    assert_eq!(root.mount_point.as_deref(), Some("/"));
    assert!(facts.sysctls.contains_key("kernel.pid_max"));
    assert!(
        !is_global(IpAddr::from([127, 0, 0, 1]))
            && !is_global(IpAddr::from([169, 254, 1, 1]))
            && is_global(IpAddr::from([192, 0, 2, 2]))
    );
}

#[test]
fn a_machine_without_files_has_no_facts_of_them() {
    let machine = Machine::with(&[]);
    let facts = add_files(NodeFacts::default(), &machine.tree(), &[]);
    let absent = [
        facts.processor.is_none(),
        facts.interfaces.is_none(),
        facts.routes.is_none(),
        facts.dns.is_none(),
        facts.filesystems.is_none(),
        facts.disks.is_none(),
        facts.hugepages.is_none(),
        facts.kernel_modules.is_none(),
        facts.os_release.is_none(),
    ];
    assert_eq!(absent, [true; 9]);
    assert_eq!(facts.machine, Some(MachineIds::default()));
}

#[test]
fn a_file_that_is_too_large_or_no_file_is_not_read() {
    let machine = Machine::with(&[("/etc/resolv.conf", "nameserver 192.0.2.1\n")]);
    assert_eq!(
        interfaces::dns(&machine.tree()).unwrap().servers,
        ["192.0.2.1"]
    );
    machine.write(
        "/etc/resolv.conf",
        &vec![b'\n'; tree::MAX_BYTES as usize + 1],
    );
    assert_eq!(interfaces::dns(&machine.tree()), None);
    machine.make_directory("/etc/os-release");
    assert_eq!(identity::os_release(&machine.tree()), None);
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        machine.tree().place("/proc-cpuinfo"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    assert_eq!(machine.tree().read("/proc-cpuinfo"), None);
}

#[test]
fn the_beginning_of_a_file_ends_with_a_whole_line() {
    let machine = Machine::with(&[("/a", "one\ntwo\nthree\n"), ("/b", "one\ntwo")]);
    assert_eq!(
        machine.tree().read_beginning("/a", 10).unwrap(),
        "one\ntwo\n"
    );
    assert_eq!(machine.tree().read_beginning("/b", 10).unwrap(), "one\ntwo");
}
