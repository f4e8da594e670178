//! The list of the facts of a node that a phase may ask for by name, with `node-fact`.
//!
//! A field of a node that is not in this list is not answered. `wit/facts.md` has the text of
//! [`document`]; a test compares the two.

/// A fact of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// the name to ask for; also the field in a description of a node (`--node FILE`)
    pub name: &'static str,
    /// its JSON type
    pub shape: &'static str,
    /// what the fact says
    pub meaning: &'static str,
}

const fn fact(name: &'static str, shape: &'static str, meaning: &'static str) -> Fact {
    Fact {
        name,
        shape,
        meaning,
    }
}

/// Name of the fact with the proxy variables of the environment.
pub const PROXIES: &str = "proxies";

/// Every fact, in the order of the documentation.
pub const FACTS: &[Fact] = &[
    fact(
        "hostname",
        "string",
        "host name as the operating system has it",
    ),
    fact(
        "addresses",
        "strings",
        "global unicast addresses of all interfaces",
    ),
    fact(
        "defaultRouteInterfaceAddress",
        "string",
        "address of the interface of the default route",
    ),
    fact(
        "loopbackAddresses",
        "strings",
        "global unicast addresses of the loopback interface",
    ),
    fact(
        "hosts",
        "object of strings",
        "further names that resolve, and their addresses; of a described node only",
    ),
    fact(
        "portsInUse",
        "numbers",
        "TCP ports of the control plane that something listens on",
    ),
    fact(
        "internet",
        "boolean",
        "whether release labels such as stable-1 can be looked up; of a described node only",
    ),
    fact(
        PROXIES,
        "object",
        "proxy variables of the environment by name, without user names and passwords",
    ),
    fact(
        "caDirectories",
        "strings",
        "directories with certificates of authorities that exist",
    ),
    fact(
        "criSockets",
        "strings",
        "sockets of container runtimes that answer",
    ),
    fact(
        "runtime",
        "object",
        "the container runtime: name, version, ready, runtimeConfig, sandboxImage, images",
    ),
    fact("userId", "number", "user id that the program runs as"),
    fact("cpus", "number", "processors"),
    fact("memoryMib", "number", "memory in MiB"),
    fact("swaps", "strings", "lines of /proc/swaps after its header"),
    fact("os", "string", "operating system: Linux"),
    fact("kernelRelease", "string", "release of the kernel"),
    fact(
        "kernelOptions",
        "object of strings",
        "CONFIG_ options without the prefix: y, m or n",
    ),
    fact("cgroupVersion", "number", "1 or 2"),
    fact(
        "cgroupControllers",
        "strings",
        "controllers of control groups",
    ),
    fact(
        "sysctls",
        "object of strings",
        "kernel parameters that preflight looks at, by dotted name",
    ),
    fact(
        "commands",
        "strings",
        "programs that preflight looks for and that are in PATH",
    ),
    fact(
        "outputs",
        "object",
        "what programs print, by command line; of a described node only",
    ),
    fact(
        "kubeletVersion",
        "string",
        "version of the kubelet: v1.36.2",
    ),
    fact("initSystem", "string", "systemd or openrc"),
    fact(
        "systemdResolvedActive",
        "boolean",
        "whether systemd-resolved runs",
    ),
    fact(
        "services",
        "object",
        "services that preflight looks at, by name: exists, enabled, active",
    ),
    fact(
        "usedSystemIDs",
        "object",
        "ids of users and groups that are taken, and the ranges that system ids come from",
    ),
];

/// Returns the list as a page in Markdown.
#[must_use]
pub fn document() -> String {
    let rows = FACTS.iter().map(
        |Fact {
             name,
             shape,
             meaning,
         }| format!("| `{name}` | {shape} | {meaning} |\n"),
    );
    let rows: String = rows.collect();
    format!(
        "# Facts of a node\n\n\
         `observe-node.node-fact` returns these facts by name, as JSON. For any other name, and \
         for a fact that the node\n\
         does not have, it returns `none`.\n\n\
         | name | type | meaning |\n|---|---|---|\n{rows}"
    )
}
