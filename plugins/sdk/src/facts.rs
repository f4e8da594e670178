//! The list of the facts of a node that a phase may ask for by name, with `node-fact`.
//!
//! A field of a node that is not in this list is not answered. `wit/facts.md` has the text of
//! [`document`]; a test compares the two.

use std::fmt;

/// The JSON type of a fact, or of a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Boolean,
    /// a whole number
    Number,
    Text,
    List(&'static Shape),
    /// an object with any names, whose values have one type
    Map(&'static Shape),
    /// an object with these fields; some of them may be missing
    Object(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// Returns the type of several values.
    fn plural(self) -> String {
        match self {
            Shape::Boolean => "booleans".into(),
            Shape::Number => "numbers".into(),
            Shape::Text => "strings".into(),
            Shape::List(of) => format!("lists of {}", of.plural()),
            Shape::Map(of) => format!("objects of {}", of.plural()),
            Shape::Object(fields) => format!("objects: {}", list_fields(fields)),
        }
    }
}

fn list_fields(fields: &[(&str, Shape)]) -> String {
    let fields = fields.iter().map(|(name, shape)| match shape {
        Shape::Object(_) | Shape::Map(_) => format!("{name} ({shape})"),
        shape => format!("{name} {shape}"),
    });
    fields.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Boolean => f.write_str("boolean"),
            Shape::Number => f.write_str("number"),
            Shape::Text => f.write_str("string"),
            Shape::List(of) => f.write_str(&of.plural()),
            Shape::Map(of) => write!(f, "object of {}", of.plural()),
            Shape::Object(fields) => write!(f, "object: {}", list_fields(fields)),
        }
    }
}

/// A fact of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// the name to ask for; also the field in a description of a node (`--node FILE`)
    pub name: &'static str,
    /// its JSON type
    pub shape: Shape,
    /// what the fact says
    pub meaning: &'static str,
}

const fn fact(name: &'static str, shape: Shape, meaning: &'static str) -> Fact {
    Fact {
        name,
        shape,
        meaning,
    }
}

const TEXTS: Shape = Shape::List(&Shape::Text);
const NUMBERS: Shape = Shape::List(&Shape::Number);
const MAP_OF_TEXTS: Shape = Shape::Map(&Shape::Text);
const RUNTIME: Shape = Shape::Object(&[
    ("name", Shape::Text),
    ("version", Shape::Text),
    ("ready", Shape::Boolean),
    ("runtimeConfig", Shape::Boolean),
    ("sandboxImage", Shape::Text),
    ("images", TEXTS),
    ("brokenImages", TEXTS),
    ("damagingImages", TEXTS),
    ("unknownFlags", TEXTS),
]);
const OUTPUT: Shape = Shape::Object(&[
    ("status", Shape::Number),
    ("stdout", Shape::Text),
    ("stderr", Shape::Text),
]);
const SERVICE: Shape = Shape::Object(&[
    ("exists", Shape::Boolean),
    ("enabled", Shape::Boolean),
    ("active", Shape::Boolean),
]);
const SYSTEM_IDS: Shape = Shape::Object(&[
    ("uids", NUMBERS),
    ("gids", NUMBERS),
    ("sysUIDRange", NUMBERS),
    ("sysGIDRange", NUMBERS),
    ("users", Shape::Map(&USER)),
    ("groups", Shape::Map(&Shape::Number)),
]);
const USER: Shape = Shape::Object(&[("uid", Shape::Number), ("shell", Shape::Text)]);

/// Name of the fact with the proxy variables of the environment.
pub const PROXIES: &str = "proxies";

/// Every fact, in the order of the documentation.
pub const FACTS: &[Fact] = &[
    fact(
        "hostname",
        Shape::Text,
        "host name as the operating system has it",
    ),
    fact(
        "addresses",
        TEXTS,
        "global unicast addresses of all interfaces",
    ),
    fact(
        "defaultRouteInterfaceAddress",
        Shape::Text,
        "address of the interface of the default route",
    ),
    fact(
        "loopbackAddresses",
        TEXTS,
        "global unicast addresses of the loopback interface",
    ),
    fact(
        "hosts",
        Shape::Map(&TEXTS),
        "further names that resolve, and their addresses; of a described node only",
    ),
    fact(
        "portsInUse",
        NUMBERS,
        "TCP ports of the control plane that something listens on",
    ),
    fact(
        "internet",
        Shape::Boolean,
        "whether release labels such as stable-1 can be looked up; of a described node only",
    ),
    fact(
        PROXIES,
        MAP_OF_TEXTS,
        "proxy variables of the environment by name, without user names and passwords",
    ),
    fact(
        "caDirectories",
        TEXTS,
        "directories with certificates of authorities that exist",
    ),
    fact(
        "criSockets",
        TEXTS,
        "sockets of container runtimes that answer",
    ),
    fact("runtime", RUNTIME, "the container runtime"),
    fact("userId", Shape::Number, "user id that the program runs as"),
    fact("cpus", Shape::Number, "processors"),
    fact("memoryMib", Shape::Number, "memory in MiB"),
    fact("swaps", TEXTS, "lines of /proc/swaps after its header"),
    fact("os", Shape::Text, "operating system: Linux"),
    fact("kernelRelease", Shape::Text, "release of the kernel"),
    fact(
        "kernelOptions",
        MAP_OF_TEXTS,
        "CONFIG_ options without the prefix: y, m or n",
    ),
    fact("cgroupVersion", Shape::Number, "1 or 2"),
    fact("cgroupControllers", TEXTS, "controllers of control groups"),
    fact(
        "sysctls",
        MAP_OF_TEXTS,
        "kernel parameters that preflight looks at, by dotted name",
    ),
    fact(
        "commands",
        TEXTS,
        "programs that preflight looks for and that are in PATH",
    ),
    fact(
        "outputs",
        Shape::Map(&OUTPUT),
        "what programs print, by command line; of a described node only",
    ),
    fact(
        "kubeletVersion",
        Shape::Text,
        "version of the kubelet: v1.36.2",
    ),
    fact("initSystem", Shape::Text, "systemd or openrc"),
    fact(
        "systemdResolvedActive",
        Shape::Boolean,
        "whether systemd-resolved runs",
    ),
    fact(
        "services",
        Shape::Map(&SERVICE),
        "services that preflight looks at, by name",
    ),
    fact(
        "usedSystemIDs",
        SYSTEM_IDS,
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
