//! The functions by which plugins observe the node and the cluster.
use super::{ASK, COMMANDS, HOSTS, IMAGES, LOOK, OBJECTS, PATHS, WITHOUT_PATTERNS};
use crate::{
    arguments::{
        AbsolutePath, CommandLine, FactName, HostName, HttpUrl, ImageName, KernelOption,
        ObjectName, SysctlKey, UnitName,
    },
    wasm::gate::{
        Allowance, Arguments, Dimension, HostFunction, Identity, Listing, Permit, Plain, risk,
    },
};

const fn observe_node<A: Arguments>(
    function: &'static str,
    allowance: Allowance,
    words: &'static str,
) -> HostFunction<A> {
    HostFunction::new("observe-node", function, Permit::Free, allowance, words)
}

pub static NODE_FACT: HostFunction<FactName> = observe_node(
    "node-fact",
    LOOK,
    "look at documented facts of the node: processors, memory, kernel",
);
pub static SYSCTL: HostFunction<SysctlKey> = observe_node("sysctl", LOOK, "see kernel parameters");
pub static KERNEL_OPTION: HostFunction<KernelOption> =
    observe_node("kernel-option", LOOK, "see how the kernel was configured");
pub static SERVICE: HostFunction<UnitName> = observe_node(
    "service",
    ASK,
    "see whether services exist, are enabled and are active",
);

const fn observe_files<A: Arguments>(
    function: &'static str,
    words: &'static str,
) -> HostFunction<A> {
    HostFunction::new("observe-files", function, PATHS, LOOK, words).with_risk(risk::PRIVATE_FILES)
}

pub static STAT: HostFunction<AbsolutePath> = observe_files("stat", "see which files exist");
pub static READ_FILE: HostFunction<AbsolutePath> = observe_files(
    "read-file",
    "read files that every user of the machine can read",
);
pub static LIST_DIR: HostFunction<AbsolutePath> = observe_files(
    "list-dir",
    "list directories that every user of the machine can list",
);

pub static PORT_FREE: HostFunction<Plain<u16>> = HostFunction::new(
    "observe-net",
    "port-free",
    Permit::Free,
    LOOK,
    "see which ports are free",
);
pub static RESOLVE: HostFunction<HostName> =
    HostFunction::new("observe-net", "resolve", HOSTS, ASK, "look host names up");
pub static PROXY_FOR: HostFunction<HttpUrl> = HostFunction::new(
    "observe-net",
    "proxy-for",
    Permit::Free,
    LOOK,
    "see which proxies are set, without user names and passwords",
);
pub static HTTP_GET: HostFunction<HttpUrl> =
    HostFunction::new("observe-net", "http-get", HOSTS, ASK, "ask HTTP servers")
        .with_risk(risk::SERVERS);
pub static HTTP_GET_AS: HostFunction<Identity> = HostFunction::new(
    "observe-net",
    "http-get-as",
    Permit::Granted(&[Dimension::Hosts, Dimension::Paths]),
    ASK,
    "ask HTTP servers with certificates and keys of the node, without seeing them",
)
.with_risk(risk::NODE_IDENTITY);

const fn observe_runtime<A: Arguments>(
    function: &'static str,
    permit: Permit,
    words: &'static str,
) -> HostFunction<A> {
    HostFunction::new("observe-runtime", function, permit, ASK, words)
}

pub static RUNTIME_STATUS: HostFunction<()> = observe_runtime(
    "runtime-status",
    WITHOUT_PATTERNS,
    "see the status and version of the container runtime",
);
pub static RUNTIME_CONFIG: HostFunction<()> = observe_runtime(
    "runtime-config",
    WITHOUT_PATTERNS,
    "see the configuration of the container runtime",
);
pub static IMAGE_PRESENT: HostFunction<ImageName> = observe_runtime(
    "image-present",
    IMAGES,
    "see which images the container runtime has",
);

const fn observe_pki(function: &'static str) -> HostFunction<AbsolutePath> {
    HostFunction::new(
        "observe-pki",
        function,
        PATHS,
        LOOK,
        "see facts of certificates and kubeconfigs, never a key",
    )
}

pub static CERTIFICATE: HostFunction<AbsolutePath> = observe_pki("certificate");
pub static PRIVATE_KEY: HostFunction<AbsolutePath> = observe_pki("private-key");
pub static KUBECONFIG: HostFunction<AbsolutePath> = observe_pki("kubeconfig");

pub static GET_OBJECT: HostFunction<ObjectName> = HostFunction::new(
    "observe-cluster",
    "get-object",
    OBJECTS,
    ASK,
    "read objects of the cluster",
)
.with_risk(risk::READ_OBJECTS);
pub static LIST_OBJECTS: HostFunction<Listing> = HostFunction::new(
    "observe-cluster",
    "list-objects",
    OBJECTS,
    ASK,
    "list objects of the cluster",
)
.with_risk(risk::READ_OBJECTS);

pub static RUN_COMMAND: HostFunction<CommandLine> = HostFunction::new(
    "observe-command",
    "run-command",
    COMMANDS,
    ASK,
    "run programs that only read",
)
.with_risk(risk::READING_PROGRAM);

pub static ETCD_MEMBERS: HostFunction<()> = HostFunction::new(
    "observe-core",
    "etcd-members",
    Permit::Core,
    ASK,
    "see the members of etcd",
);
