//! The functions by which plugins propose effects.
use super::{COMMANDS, IMAGES, OBJECTS, PATHS, PROPOSE, PROPOSE_OBJECT};
use crate::{
    arguments::{
        AbsolutePath, CommandLine, FileName, ImageName, ModuleName, ObjectName, SysctlKey, Text,
        UnitName,
    },
    wasm::gate::{Arguments, Dimension, HostFunction, NewOwner, Permit, Plain, risk},
};
use kubephase_sdk::spec::{CertificateSpec, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec};
use serde_json::Value;

const fn effects<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "effects",
        function,
        Permit::Free,
        PROPOSE,
        "give proposals a reason, an order and an announcement",
    )
}

pub static BECAUSE: HostFunction<Text> = effects("because");
pub static REQUIRES: HostFunction<Plain<(u32, u32)>> = effects("requires");
pub static ANNOUNCE: HostFunction<Text> = effects("announce");

const FILE_WORDS: &str =
    "have files and directories made, changed and removed, except those of the host";

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

const PKI_WORDS: &str = "have keys, certificates and kubeconfigs made, without seeing them";

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
    "say what to do with an object that exists already",
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
