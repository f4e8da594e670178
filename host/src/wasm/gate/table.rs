//! The table: every function of the WIT package exactly once.
use super::{
    Allowance, Arguments, Dimension, HostFunction, Identity, Listing, NewOwner, Permit, Plain, Row,
    risk,
};
use crate::arguments::{
    AbsolutePath, CommandLine, FactName, FileName, HostName, HttpUrl, ImageName, KernelOption,
    ModuleName, ObjectName, PhaseId, Pointer, SysctlKey, Text, UnitName,
};
use crate::wasm::limits::MAX_OBJECT;
use kubephase_sdk::spec::{CertificateSpec, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec};
use serde_json::Value;
use std::time::Duration;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Limits of a call that looks at the machine without running a program or asking a server.
const LOOK: Allowance = Allowance {
    bytes_in: 16 * KIB,
    bytes_out: 4 * MIB,
    time: Duration::from_secs(10),
    calls: 20_000,
};
/// Limits of a call for which the host runs a program or asks a server.
const ASK: Allowance = Allowance {
    bytes_in: 128 * KIB,
    bytes_out: 4 * MIB,
    time: Duration::from_secs(30),
    calls: 200,
};
/// Limits of a call that reports a message, a finding or a fact.
const SAY: Allowance = Allowance {
    bytes_in: MIB,
    bytes_out: 0,
    time: Duration::from_secs(1),
    calls: 100_000,
};
/// Limits of a call that proposes an effect. The call only records the proposal; applying it has
/// time limits of its own.
const PROPOSE: Allowance = Allowance {
    bytes_in: 4 * MIB,
    bytes_out: 16,
    time: Duration::from_secs(1),
    calls: 20_000,
};

/// Limits of a call that proposes to write an object.
const PROPOSE_OBJECT: Allowance = Allowance {
    bytes_in: MAX_OBJECT,
    ..PROPOSE
};

const PATHS: Permit = Permit::Granted(&[Dimension::Paths]);
const HOSTS: Permit = Permit::Granted(&[Dimension::Hosts]);
const COMMANDS: Permit = Permit::Granted(&[Dimension::Commands]);
const OBJECTS: Permit = Permit::Granted(&[Dimension::Objects]);
const IMAGES: Permit = Permit::Granted(&[Dimension::Images]);
/// A grant without patterns, for a function without arguments.
const WITHOUT_PATTERNS: Permit = Permit::Granted(&[]);

const fn input<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "input",
        function,
        Permit::Free,
        LOOK,
        "read its settings and the configuration, without secrets",
    )
}

pub static PHASE_ID: HostFunction<()> = input("phase-id");
pub static ROUND: HostFunction<()> = input("round");
pub static CONFIG: HostFunction<Pointer> = input("config");
pub static SETTINGS: HostFunction<()> = input("settings");
pub static PATCHED: HostFunction<(FileName, Plain<String>)> = HostFunction::new(
    "input",
    "patched",
    Permit::Free,
    PROPOSE,
    "ask for the operator's patches, which only the program's own phases get",
);
pub static FACT: HostFunction<(PhaseId, FactName)> = input("fact");

const fn report<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "report",
        function,
        Permit::Free,
        SAY,
        "report messages, findings and facts under its own name",
    )
}

pub static MESSAGE: HostFunction<Text> = report("message");
pub static SUBMIT: HostFunction<()> = report("submit");
pub static SET_FACT: HostFunction<(FactName, Plain<String>)> = report("set-fact");
pub static PROGRESS: HostFunction<Text> = report("progress");

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
    "ask HTTP servers with certificates and keys of the node, which the plugin does not see",
)
.with_risk(risk::NODE_IDENTITY);

const fn observe_runtime<A: Arguments>(function: &'static str, permit: Permit) -> HostFunction<A> {
    HostFunction::new(
        "observe-runtime",
        function,
        permit,
        ASK,
        "ask the container runtime",
    )
}

pub static RUNTIME_STATUS: HostFunction<()> = observe_runtime("runtime-status", WITHOUT_PATTERNS);
pub static RUNTIME_CONFIG: HostFunction<()> = observe_runtime("runtime-config", WITHOUT_PATTERNS);
pub static IMAGE_PRESENT: HostFunction<ImageName> = observe_runtime("image-present", IMAGES);

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

const fn effects<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "effects",
        function,
        Permit::Free,
        PROPOSE,
        "say why, in which order and with which words a proposal is carried out",
    )
}

pub static BECAUSE: HostFunction<Text> = effects("because");
pub static REQUIRES: HostFunction<Plain<(u32, u32)>> = effects("requires");
pub static ANNOUNCE: HostFunction<Text> = effects("announce");

const FILE_WORDS: &str =
    "have files written, made, removed or given another mode, but none of the host's own";

const fn effects_files<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new("effects-files", function, PATHS, PROPOSE, FILE_WORDS)
        .with_risk(risk::CHANGED_PATHS)
}

pub static WRITE_FILE: HostFunction<(AbsolutePath, Plain<Vec<u8>>)> = effects_files("write-file");
pub static MAKE_DIR: HostFunction<AbsolutePath> =
    effects_files("make-dir").with_risk(risk::MADE_DIRECTORIES);
pub static REMOVE_FILE: HostFunction<AbsolutePath> = effects_files("remove-file");
pub static SET_MODE: HostFunction<(AbsolutePath, Plain<u32>)> = effects_files("set-mode");
pub static FILE_MODE: HostFunction<Plain<(u32, u32)>> = HostFunction::new(
    "effects-files",
    "file-mode",
    Permit::Free,
    PROPOSE,
    FILE_WORDS,
);
pub static FILE_OWNER: HostFunction<NewOwner> = HostFunction::new(
    "effects-files",
    "file-owner",
    Permit::Free,
    PROPOSE,
    FILE_WORDS,
);

const PKI_WORDS: &str =
    "have keys, certificates and kubeconfigs made, which the plugin does not see";

pub static ENSURE_CERTIFICATE: HostFunction<CertificateSpec> = HostFunction::new(
    "effects-pki",
    "ensure-certificate",
    Permit::Granted(&[
        Dimension::Directories,
        Dimension::Authorities,
        Dimension::Subjects,
        Dimension::Groups,
        Dimension::Names,
        Dimension::Usages,
    ]),
    PROPOSE,
    PKI_WORDS,
)
.with_risk(risk::CERTIFICATE);
pub static ENSURE_KEY_PAIR: HostFunction<KeyPairSpec> = HostFunction::new(
    "effects-pki",
    "ensure-key-pair",
    Permit::Granted(&[Dimension::Directories]),
    PROPOSE,
    PKI_WORDS,
)
.with_risk(risk::KEY_FILES);
pub static ENSURE_KUBECONFIG: HostFunction<KubeconfigSpec> = HostFunction::new(
    "effects-pki",
    "ensure-kubeconfig",
    Permit::Granted(&[
        Dimension::Paths,
        Dimension::Authorities,
        Dimension::Subjects,
        Dimension::Groups,
    ]),
    PROPOSE,
    PKI_WORDS,
)
.with_risk(risk::KUBECONFIG);
pub static ENSURE_ROTATED_KUBECONFIG: HostFunction<RotatedKubeconfigSpec> = HostFunction::new(
    "effects-pki",
    "ensure-rotated-kubeconfig",
    PATHS,
    PROPOSE,
    PKI_WORDS,
)
.with_risk(risk::KEY_FILES);

const fn effects_cluster<A: Arguments>(
    function: &'static str,
    words: &'static str,
) -> HostFunction<A> {
    HostFunction::new("effects-cluster", function, OBJECTS, PROPOSE_OBJECT, words)
        .with_risk(risk::CHANGED_OBJECTS)
}

pub static APPLY_OBJECT: HostFunction<(ObjectName, Plain<Value>)> =
    effects_cluster("apply-object", "have objects written to the cluster");
pub static PATCH_OBJECT: HostFunction<(ObjectName, Value)> =
    effects_cluster("patch-object", "have objects of the cluster changed");
pub static DELETE_OBJECT: HostFunction<ObjectName> =
    effects_cluster("delete-object", "have objects of the cluster deleted");
pub static IF_EXISTS: HostFunction<Plain<(u32, String)>> = HostFunction::new(
    "effects-cluster",
    "if-exists",
    Permit::Free,
    PROPOSE,
    "say what to do with an object that is there",
);

pub static ENSURE_SERVICE: HostFunction<(UnitName, Plain<String>)> = HostFunction::new(
    "effects-node",
    "ensure-service",
    Permit::Granted(&[Dimension::Units]),
    PROPOSE,
    "have services started, stopped, enabled and disabled",
)
.with_risk(risk::UNIT);
pub static SET_SYSCTL: HostFunction<(SysctlKey, Plain<String>)> = HostFunction::new(
    "effects-node",
    "set-sysctl",
    Permit::Granted(&[Dimension::Keys]),
    PROPOSE,
    "have kernel parameters set",
)
.with_risk(risk::KEY);
pub static LOAD_MODULE: HostFunction<ModuleName> = HostFunction::new(
    "effects-node",
    "load-module",
    Permit::Granted(&[Dimension::Modules]),
    PROPOSE,
    "have kernel modules loaded",
)
.with_risk(risk::MODULE);

pub static PULL_IMAGE: HostFunction<ImageName> = HostFunction::new(
    "effects-images",
    "pull-image",
    IMAGES,
    PROPOSE,
    "have images pulled",
);

pub static EXECUTE: HostFunction<CommandLine> = HostFunction::new(
    "effects-command",
    "execute",
    COMMANDS,
    PROPOSE,
    "have programs run",
)
.with_risk(risk::PROGRAM);

const fn effects_core<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "effects-core",
        function,
        Permit::Core,
        PROPOSE,
        "make a control plane",
    )
}

pub static STATIC_POD: HostFunction<(FileName, Plain<Vec<u8>>)> = effects_core("static-pod");
pub static ENSURE_BOOTSTRAP_TOKEN: HostFunction<Plain<String>> =
    effects_core("ensure-bootstrap-token");
pub static SHARE_KEYS: HostFunction<Plain<String>> = effects_core("share-keys");
pub static FETCH_KEYS: HostFunction<Plain<String>> = effects_core("fetch-keys");
pub static BOOTSTRAP_KUBECONFIG: HostFunction<AbsolutePath> = effects_core("bootstrap-kubeconfig");
pub static KUBECONFIG_SERVER: HostFunction<(AbsolutePath, Plain<String>)> =
    effects_core("kubeconfig-server");
pub static ETCD_MEMBER: HostFunction<Plain<String>> = effects_core("etcd-member");
pub static CONTROL_PLANE_USERS: HostFunction<Plain<String>> = effects_core("control-plane-users");
pub static GIVE_TREE: HostFunction<(AbsolutePath, Plain<(u32, u32)>)> = effects_core("give-tree");
pub static CLEAR: HostFunction<Plain<String>> = effects_core("clear");
pub static ATTEMPT: HostFunction<Plain<(u32, String)>> = effects_core("attempt");
pub static REGARDLESS: HostFunction<Plain<u32>> = effects_core("regardless");
pub static WAIT_UNTIL: HostFunction<Plain<String>> = effects_core("wait-until");

/// All rows of the table.
pub static ROWS: &[&Row] = &[
    &PHASE_ID.row,
    &ROUND.row,
    &CONFIG.row,
    &SETTINGS.row,
    &PATCHED.row,
    &FACT.row,
    &MESSAGE.row,
    &SUBMIT.row,
    &SET_FACT.row,
    &PROGRESS.row,
    &NODE_FACT.row,
    &SYSCTL.row,
    &KERNEL_OPTION.row,
    &SERVICE.row,
    &STAT.row,
    &READ_FILE.row,
    &LIST_DIR.row,
    &PORT_FREE.row,
    &RESOLVE.row,
    &PROXY_FOR.row,
    &HTTP_GET.row,
    &HTTP_GET_AS.row,
    &RUNTIME_STATUS.row,
    &RUNTIME_CONFIG.row,
    &IMAGE_PRESENT.row,
    &CERTIFICATE.row,
    &PRIVATE_KEY.row,
    &KUBECONFIG.row,
    &GET_OBJECT.row,
    &LIST_OBJECTS.row,
    &RUN_COMMAND.row,
    &ETCD_MEMBERS.row,
    &BECAUSE.row,
    &REQUIRES.row,
    &ANNOUNCE.row,
    &WRITE_FILE.row,
    &MAKE_DIR.row,
    &REMOVE_FILE.row,
    &SET_MODE.row,
    &FILE_MODE.row,
    &FILE_OWNER.row,
    &ENSURE_CERTIFICATE.row,
    &ENSURE_KEY_PAIR.row,
    &ENSURE_KUBECONFIG.row,
    &ENSURE_ROTATED_KUBECONFIG.row,
    &APPLY_OBJECT.row,
    &PATCH_OBJECT.row,
    &DELETE_OBJECT.row,
    &IF_EXISTS.row,
    &ENSURE_SERVICE.row,
    &SET_SYSCTL.row,
    &LOAD_MODULE.row,
    &PULL_IMAGE.row,
    &EXECUTE.row,
    &STATIC_POD.row,
    &ENSURE_BOOTSTRAP_TOKEN.row,
    &SHARE_KEYS.row,
    &FETCH_KEYS.row,
    &BOOTSTRAP_KUBECONFIG.row,
    &KUBECONFIG_SERVER.row,
    &ETCD_MEMBER.row,
    &CONTROL_PLANE_USERS.row,
    &GIVE_TREE.row,
    &CLEAR.row,
    &ATTEMPT.row,
    &REGARDLESS.row,
    &WAIT_UNTIL.row,
];
