//! Processors, disks, huge pages and filesystems on written machines.
use super::super::{filesystems::*, hardware::*};
use super::Machine;
use kubephase_sdk::facts::{Disk, HugePages};

#[test]
fn the_first_processor_is_that_of_x86_or_arm() {
    let x86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC: 7B12\n\
        flags\t\t: fpu sse4_2 avx2\n\nprocessor\t: 1\nflags\t: none\n";
    let machine = Machine::with(&[("/proc/cpuinfo", x86)]);
    let found = cpu(&machine.tree()).unwrap();
    assert_eq!(found.vendor.as_deref(), Some("AuthenticAMD"));
    assert_eq!(found.model.as_deref(), Some("AMD EPYC: 7B12"));
    assert_eq!(found.features, ["fpu", "sse4_2", "avx2"]);

    let arm = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n";
    let machine = Machine::with(&[("/proc/cpuinfo", arm)]);
    let found = cpu(&machine.tree()).unwrap();
    assert_eq!(found.vendor.as_deref(), Some("0x41"));
    assert_eq!(
        (found.model, found.features),
        (None, vec!["fp".into(), "asimd".to_owned()])
    );
}

#[test]
fn of_many_processors_only_the_first_is_read() {
    let one = format!(
        "processor\t: 0\nflags\t: aes\nmodel name\t: {}\n\n",
        "x".repeat(4096)
    );
    let machine = Machine::with(&[("/proc/cpuinfo", &one.repeat(2048))]);
    assert_eq!(cpu(&machine.tree()).unwrap().features, ["aes"]);
}

const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 8:17 / /data\\040disk rw,noexec shared:2 - xfs /dev/sdb1 rw,attr2
31 22 0:40 / /usr ro,relatime - squashfs /dev/loop0 ro
32 22 0:41 / /usr rw - overlay overlay rw
33 22 0:42 / /run rw,nosuid - tmpfs tmpfs ro,size=1024k
not a mount
";

#[test]
fn a_disk_is_used_if_it_has_partitions_or_mounts_or_holders() {
    let machine = Machine::with(&[("/proc/self/mountinfo", &MOUNTS.replace("8:17", "8:16"))]);
    for (name, device) in [
        ("sda", "8:0"),
        ("sdb", "8:16"),
        ("nvme0n1", "259:0"),
        ("sdc", "8:32"),
        ("loop0", "7:0"),
    ] {
        let file = |file: &str| format!("/sys/block/{name}/{file}");
        machine.write(&file("size"), b"4096\n");
        machine.write(&file("dev"), device.as_bytes());
        machine.write(&file("ro"), b"0\n");
        machine.write(&file("removable"), b"0\n");
        machine.write(
            &file("queue/rotational"),
            if name == "sdc" { b"1\n" } else { b"0\n" },
        );
        if name != "loop0" {
            machine.make_directory(&file("device"));
        }
    }
    machine.write("/sys/block/sda/sda1/partition", b"1\n");
    machine.make_directory("/sys/block/nvme0n1/holders/dm-0");
    machine.write("/sys/block/sr0/device/type", b"5\n");
    let mounts = mount_table(&machine.tree());
    let found = disks(&machine.tree(), mounts.as_deref()).unwrap();
    let disk = |name: &str, used, rotational| Disk {
        name: name.into(),
        size_mib: 2,
        rotational,
        removable: false,
        read_only: false,
        used,
    };
    assert_eq!(
        found,
        [
            disk("nvme0n1", true, false),
            disk("sda", true, false),
            disk("sdb", true, false),
            disk("sdc", false, true)
        ]
    );
}

#[test]
fn huge_pages_are_listed_by_size() {
    let folder = "/sys/kernel/mm/hugepages";
    let machine = Machine::with(&[
        (&format!("{folder}/hugepages-2048kB/nr_hugepages"), "512\n"),
        (
            &format!("{folder}/hugepages-2048kB/free_hugepages"),
            "500\n",
        ),
        (&format!("{folder}/hugepages-1048576kB/nr_hugepages"), "0\n"),
        (
            &format!("{folder}/hugepages-1048576kB/free_hugepages"),
            "0\n",
        ),
    ]);
    let pages = |size_kib, total, free| HugePages {
        size_kib,
        total,
        free,
    };
    assert_eq!(
        hugepages(&machine.tree()).unwrap(),
        [pages(2048, 512, 500), pages(1_048_576, 0, 0)]
    );
}

#[test]
fn a_directory_is_on_the_filesystem_that_is_mounted_on_top_nearest_above() {
    let machine = Machine::with(&[("/proc/self/mountinfo", MOUNTS)]);
    for directory in ["/var/lib", "/usr", "/run", "/data disk/etcd"] {
        machine.make_directory(directory);
    }
    machine.link("/var/lib/etcd", "/data disk/etcd");
    let table = mount_table(&machine.tree());
    let found = filesystems(&machine.tree(), table.as_deref()).unwrap();
    let mount_point = |path: &str| found[path].mount_point.clone().unwrap();
    assert_eq!(mount_point("/"), "/");
    // It does not exist, and neither does a mount of its own.
    assert_eq!(mount_point("/var/lib/kubelet"), "/");
    // A link leads to another filesystem.
    assert_eq!(mount_point("/var/lib/etcd"), "/data disk");
    assert_eq!(
        found["/var/lib/etcd"].options.as_ref().unwrap(),
        &["rw", "noexec", "attr2"]
    );
    assert_eq!(found["/usr"].kind.as_deref(), Some("overlay"));
    assert_eq!(
        (found["/usr"].read_only, found["/run"].read_only),
        (Some(false), Some(true))
    );
    assert_eq!(
        found["/"].options.as_ref().unwrap(),
        &["rw", "relatime", "errors=remount-ro"]
    );
    assert!(found["/"].total_mib > Some(0));
}
