//! The first processor, disks and huge pages.
use super::{filesystems::MountEntry, tree::Tree};
use kubephase_sdk::facts::{Cpu, Disk, HugePages};

/// Bytes of `/proc/cpuinfo` that are read: it has a part for each processor, and the first is
/// enough.
const CPU_BYTES: u64 = 64 << 10;
/// Bytes of a sector in `/sys/block/NAME/size`, whatever the disk has.
const SECTOR: u64 = 512;
const MIB: u64 = 1 << 20;

/// Returns the first processor of `/proc/cpuinfo`.
pub fn cpu(tree: &Tree) -> Option<Cpu> {
    let text = tree.read_beginning("/proc/cpuinfo", CPU_BYTES)?;
    let first = text.split("\n\n").next().unwrap_or_default();
    let field = |names: &[&str]| {
        first.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            names
                .contains(&name.trim())
                .then(|| value.trim().to_owned())
        })
    };
    // The names of x86, ARM, and s390.
    let features = field(&["flags", "Features", "features"]).unwrap_or_default();
    Some(Cpu {
        vendor: field(&["vendor_id", "CPU implementer"]),
        model: field(&["model name"]),
        features: features.split_whitespace().map(str::to_owned).collect(),
    })
}

/// Returns the disks that are devices of the machine; `mounts` is what is mounted.
pub fn disks(tree: &Tree, mounts: Option<&[MountEntry]>) -> Option<Vec<Disk>> {
    let names = tree.names("/sys/block")?;
    let disks = names.into_iter().filter_map(|name| {
        let folder = format!("/sys/block/{name}");
        if !tree.exists(&format!("{folder}/device")) {
            return None;
        }
        let is_set = |file: &str| tree.number::<u8>(&format!("{folder}/{file}")) == Some(1);
        let sectors: u64 = tree.number(&format!("{folder}/size"))?;
        Some(Disk {
            size_mib: sectors / (MIB / SECTOR),
            rotational: is_set("queue/rotational"),
            removable: is_set("removable"),
            read_only: is_set("ro"),
            used: is_used(tree, &folder, mounts.unwrap_or_default()),
            name,
        })
    });
    Some(disks.collect())
}

/// Whether a disk has partitions, is mounted, or is part of another device.
fn is_used(tree: &Tree, folder: &str, mounts: &[MountEntry]) -> bool {
    let names = tree.names(folder).unwrap_or_default();
    let has_partitions = names
        .iter()
        .any(|name| tree.exists(&format!("{folder}/{name}/partition")));
    let holders = tree.names(&format!("{folder}/holders")).unwrap_or_default();
    let device = tree.line(&format!("{folder}/dev"));
    let is_mounted = mounts
        .iter()
        .any(|mount| Some(&mount.device) == device.as_ref());
    has_partitions || !holders.is_empty() || is_mounted
}

/// Returns the huge pages of each size that the kernel has.
pub fn hugepages(tree: &Tree) -> Option<Vec<HugePages>> {
    const FOLDER: &str = "/sys/kernel/mm/hugepages";
    let sizes = tree.names(FOLDER)?.into_iter().filter_map(|name| {
        let size = name.strip_prefix("hugepages-")?.strip_suffix("kB")?;
        Some(HugePages {
            size_kib: size.parse().ok()?,
            total: tree.number(&format!("{FOLDER}/{name}/nr_hugepages"))?,
            free: tree.number(&format!("{FOLDER}/{name}/free_hugepages"))?,
        })
    });
    let mut sizes: Vec<HugePages> = sizes.collect();
    sizes.sort_by_key(|pages| pages.size_kib);
    Some(sizes)
}
