//! Facts that are objects: processors, network, disks, filesystems, clock and identity of a
//! machine.
use serde::{Deserialize, Serialize};

fact_object! {
    /// The first processor.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct Cpu {
        /// maker: GenuineIntel, AuthenticAMD, 0x41
        "vendor" vendor: Option<String>,
        /// name for people
        "model" model: Option<String>,
        /// features as the kernel names them: sse4_2, avx2, aes
        "features" features: Vec<String>,
    }
}

fact_object! {
    /// A network interface.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct NetworkInterface {
        /// name: eth0
        "name" name: String,
        /// hardware address
        "mac" mac: Option<String>,
        /// largest packet
        "mtu" mtu: Option<u32> as "bytes",
        /// whether the interface is switched on
        "up" up: bool,
        /// whether it is the loopback interface
        "loopback" loopback: bool,
        /// whether it is a device of the machine, and none that software made
        "physical" physical: bool,
        /// addresses with the length of their prefix: 192.0.2.2/24
        "addresses" addresses: Vec<String>,
    }
}

fact_object! {
    /// A route to other machines.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct Route {
        /// network that the route leads to: 192.0.2.0/24; of a default route 0.0.0.0/0 or ::/0
        "destination" destination: String,
        /// address of the next machine; none if the network is reached directly
        "gateway" gateway: Option<String>,
        /// interface that packets leave by
        "interface" interface: String,
        /// of several routes to one network, the one with the lowest metric is used
        "metric" metric: u32,
    }
}

fact_object! {
    /// How host names are looked up.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct Dns {
        /// addresses of the servers
        "servers" servers: Vec<String>,
        /// domains that names without a dot are looked up in
        "search" search: Vec<String>,
        /// options of the resolver: ndots:5
        "options" options: Vec<String>,
    }
}

fact_object! {
    /// The filesystem that a path is on.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct Filesystem {
        /// directory that the filesystem is mounted at
        "mountPoint" mount_point: Option<String>,
        /// type: ext4, xfs
        "type" kind: Option<String>,
        /// options of the mount and of the filesystem: noexec, relatime
        "options" options: Option<Vec<String>>,
        /// whether nothing can be written
        "readOnly" read_only: Option<bool>,
        /// size
        "totalMib" total_mib: Option<u64> as "MiB",
        /// space for users without root's reserve
        "availableMib" available_mib: Option<u64> as "MiB",
        /// files that the filesystem can have; 0 if it has no limit
        "totalInodes" total_inodes: Option<u64>,
        /// files that can still be made; 0 if the filesystem has no limit
        "availableInodes" available_inodes: Option<u64>,
    }
}

fact_object! {
    /// Whether the clock follows a time server.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct TimeSync {
        /// whether the greatest error is below 16 s, the kernel's value for a clock that nothing
        /// sets (systemd behaviour)
        "synchronized" synchronized: bool,
        /// greatest error of the clock, by the kernel's estimate
        "maxErrorMillis" max_error_millis: Option<u64> as "ms",
    }
}

fact_object! {
    /// Ids that are derived from those of the machine.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct MachineIds {
        /// derived from /etc/machine-id
        "id" id: Option<String>,
        /// derived from the product UUID of the firmware, which only root can read
        "productUuid" product_uuid: Option<String>,
    }
}

fact_object! {
    /// A disk.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct Disk {
        /// name: sda, nvme0n1
        "name" name: String,
        /// size
        "sizeMib" size_mib: u64 as "MiB",
        /// whether it has turning platters
        "rotational" rotational: bool,
        /// whether it can be taken out
        "removable" removable: bool,
        /// whether nothing can be written
        "readOnly" read_only: bool,
        /// whether it has partitions, is mounted, or is part of another device
        "used" used: bool,
    }
}

fact_object! {
    /// Huge pages of one size.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct HugePages {
        /// size of a page
        "sizeKib" size_kib: u64 as "KiB",
        /// pages that the kernel keeps
        "total" total: u64,
        /// pages that nothing uses
        "free" free: u64,
    }
}
