//! Distribution, ids and modules on written machines.
use super::super::{identity::*, modules::*};
use super::Machine;
use kubephase_sdk::facts::{MachineIds, OsRelease};
use std::collections::BTreeMap;

#[test]
fn a_distribution_is_read_as_a_shell_reads_it() {
    let text = "PRETTY_NAME=\"Rocky \\\"Linux\\\" 9.5\"\nID='rocky'\n\
        ID_LIKE=\"rhel centos fedora\"\n# VERSION_ID=1\nVERSION_ID=9.4\nVERSION_ID=\"9.5\"\n";
    let machine = Machine::with(&[("/usr/lib/os-release", text)]);
    let expected = OsRelease {
        id: "rocky".into(),
        id_like: ["rhel", "centos", "fedora"].map(str::to_owned).into(),
        version_id: Some("9.5".into()),
        pretty_name: "Rocky \"Linux\" 9.5".into(),
    };
    assert_eq!(os_release(&machine.tree()), Some(expected));
    // The administrator's file comes first.
    machine.write("/etc/os-release", b"NAME=Arch\nID=arch\nVERSION_ID=\n");
    let found = os_release(&machine.tree()).unwrap();
    assert_eq!((found.id.as_str(), found.version_id), ("arch", None));
}

#[test]
fn the_ids_of_a_machine_are_not_shown_and_can_be_compared() {
    const ID: &str = "0123456789abcdef0123456789abcdef";
    let ids = |machine_id: &str, uuid: &str| {
        machine_ids(
            &Machine::with(&[
                ("/etc/machine-id", machine_id),
                ("/sys/class/dmi/id/product_uuid", uuid),
            ])
            .tree(),
        )
    };
    let first = ids(&format!("{ID}\n"), "4C4C4544-0042-3510\n");
    let id = first.id.clone().unwrap();
    assert!(id.len() == 32 && id != ID, "{id}");
    // Firmware and kernels write the same UUID in other cases.
    assert_eq!(first, ids(ID, "4c4c4544-0042-3510"));
    assert_ne!(first.id, ids("f", "").id);
    // The same id of another kind is another one, so that one cannot be taken for the other.
    assert_ne!(ids(ID, ID).id, ids(ID, ID).product_uuid);
    assert_eq!(ids("uninitialized\n", "\n"), MachineIds::default());
}

#[test]
fn a_module_is_loaded_or_built_in_or_can_be_loaded() {
    let machine = Machine::with(&[
        (
            "/proc/modules",
            "overlay 163840 1 - Live 0x0\nnf_conntrack 1 0 - Live 0x0\n",
        ),
        (
            "/lib/modules/6.12.0/modules.builtin",
            "kernel/fs/ext4/ext4.ko\n",
        ),
        (
            "/lib/modules/6.12.0/modules.dep",
            "kernel/fs/overlayfs/overlay.ko.xz:\n\
             kernel/net/bridge/br-netfilter.ko.zst: kernel/net/bridge/bridge.ko.zst\n",
        ),
    ]);
    let expected = [
        ("overlay", "loaded"),
        ("nf_conntrack", "loaded"),
        ("ext4", "builtIn"),
        ("br_netfilter", "loadable"),
    ];
    let expected: BTreeMap<String, String> = expected
        .map(|(name, state)| (name.into(), state.into()))
        .into();
    assert_eq!(kernel_modules(&machine.tree(), "6.12.0"), Some(expected));
    // A kernel whose modules were removed with its package.
    let found = kernel_modules(&machine.tree(), "6.13.0").unwrap();
    assert_eq!(found.len(), 2);
}

#[test]
fn security_modules_are_those_that_enforce() {
    let machine = Machine::with(&[
        ("/sys/kernel/security/lsm", "lockdown,capability,selinux"),
        ("/sys/fs/selinux/enforce", "0"),
        ("/proc/sys/kernel/seccomp/actions_avail", "kill allow"),
    ]);
    let found = security_modules(&machine.tree());
    assert_eq!(found.active.unwrap(), ["lockdown", "capability", "selinux"]);
    assert_eq!(
        (found.selinux.as_str(), found.apparmor, found.seccomp),
        ("permissive", false, true)
    );

    let machine = Machine::with(&[("/sys/module/apparmor/parameters/enabled", "Y\n")]);
    let found = security_modules(&machine.tree());
    assert_eq!(
        (found.active, found.apparmor, found.seccomp),
        (None, true, false)
    );
    assert_eq!(found.selinux, "disabled");
}
