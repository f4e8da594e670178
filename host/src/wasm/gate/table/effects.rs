//! The functions by which plugins propose effects.
use super::{COMMANDS, IMAGES, OBJECT_PROPOSAL, OBJECTS, PATHS, PROPOSAL};
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
        PROPOSAL,
        "give proposals a reason, an order and an announcement",
    )
}

const FILE_WORDS: &str =
    "have files and directories made, changed and removed, except those of the host";

const fn effects_files<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new("effects-files", function, PATHS, PROPOSAL, FILE_WORDS)
        .with_risk(risk::CHANGED_PATHS)
}

const PKI_WORDS: &str = "have keys, certificates and kubeconfigs made, without seeing them";

const fn effects_cluster<A: Arguments>(
    function: &'static str,
    words: &'static str,
) -> HostFunction<A> {
    HostFunction::new("effects-cluster", function, OBJECTS, OBJECT_PROPOSAL, words)
        .with_risk(risk::CHANGED_OBJECTS)
}

const fn effects_core<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "effects-core",
        function,
        Permit::Core,
        PROPOSAL,
        "make a control plane",
    )
}

host_functions! {
    BECAUSE: Text = effects("because");
    REQUIRES: Plain<(u32, u32)> = effects("requires");
    ANNOUNCE: Text = effects("announce");

    WRITE_FILE: (AbsolutePath, Plain<Vec<u8>>) = effects_files("write-file");
    MAKE_DIR: AbsolutePath = effects_files("make-dir").with_risk(risk::MADE_DIRECTORIES);
    REMOVE_FILE: AbsolutePath = effects_files("remove-file");
    SET_MODE: (AbsolutePath, Plain<u32>) = effects_files("set-mode");
    FILE_MODE: Plain<(u32, u32)> = HostFunction::new(
        "effects-files",
        "file-mode",
        Permit::Free,
        PROPOSAL,
        FILE_WORDS,
    );
    FILE_OWNER: NewOwner = HostFunction::new(
        "effects-files",
        "file-owner",
        Permit::Free,
        PROPOSAL,
        FILE_WORDS,
    );

    ENSURE_CERTIFICATE: CertificateSpec = HostFunction::new(
        "effects-pki",
        "ensure-certificate",
        Permit::Granted(&[
            Dimension::Directories,
            Dimension::Authorities,
            Dimension::Subjects,
            Dimension::Groups,
            Dimension::CertificateNames,
            Dimension::Usages,
        ]),
        PROPOSAL,
        PKI_WORDS,
    )
    .with_risk(risk::CERTIFICATE);
    ENSURE_KEY_PAIR: KeyPairSpec = HostFunction::new(
        "effects-pki",
        "ensure-key-pair",
        Permit::Granted(&[Dimension::Directories]),
        PROPOSAL,
        PKI_WORDS,
    )
    .with_risk(risk::KEY_FILES);
    ENSURE_KUBECONFIG: KubeconfigSpec = HostFunction::new(
        "effects-pki",
        "ensure-kubeconfig",
        Permit::Granted(&[
            Dimension::Paths,
            Dimension::Authorities,
            Dimension::Subjects,
            Dimension::Groups,
        ]),
        PROPOSAL,
        PKI_WORDS,
    )
    .with_risk(risk::KUBECONFIG);
    ENSURE_ROTATED_KUBECONFIG: RotatedKubeconfigSpec = HostFunction::new(
        "effects-pki",
        "ensure-rotated-kubeconfig",
        PATHS,
        PROPOSAL,
        PKI_WORDS,
    )
    .with_risk(risk::KEY_FILES);

    APPLY_OBJECT: (ObjectName, Plain<Value>) =
        effects_cluster("apply-object", "have objects written to the cluster");
    PATCH_OBJECT: (ObjectName, Value) =
        effects_cluster("patch-object", "have objects of the cluster changed");
    DELETE_OBJECT: ObjectName =
        effects_cluster("delete-object", "have objects of the cluster deleted");
    IF_EXISTS: Plain<(u32, String)> = HostFunction::new(
        "effects-cluster",
        "if-exists",
        Permit::Free,
        PROPOSAL,
        "say what to do with an object that exists already",
    );

    ENSURE_SERVICE: (UnitName, Plain<String>) = HostFunction::new(
        "effects-node",
        "ensure-service",
        Permit::Granted(&[Dimension::Units]),
        PROPOSAL,
        "have services started, stopped, enabled and disabled",
    )
    .with_risk(risk::UNIT);
    SET_SYSCTL: (SysctlKey, Plain<String>) = HostFunction::new(
        "effects-node",
        "set-sysctl",
        Permit::Granted(&[Dimension::KernelParameters]),
        PROPOSAL,
        "have kernel parameters set",
    )
    .with_risk(risk::KEY);
    LOAD_MODULE: ModuleName = HostFunction::new(
        "effects-node",
        "load-module",
        Permit::Granted(&[Dimension::Modules]),
        PROPOSAL,
        "have kernel modules loaded",
    )
    .with_risk(risk::MODULE);

    PULL_IMAGE: ImageName = HostFunction::new(
        "effects-images",
        "pull-image",
        IMAGES,
        PROPOSAL,
        "have images pulled",
    );

    EXECUTE: CommandLine = HostFunction::new(
        "effects-command",
        "execute",
        COMMANDS,
        PROPOSAL,
        "have programs run",
    )
    .with_risk(risk::PROGRAM);

    STATIC_POD: (FileName, Plain<Vec<u8>>) = effects_core("static-pod");
    ENSURE_BOOTSTRAP_TOKEN: Plain<String> = effects_core("ensure-bootstrap-token");
    SHARE_KEYS: Plain<String> = effects_core("share-keys");
    FETCH_KEYS: Plain<String> = effects_core("fetch-keys");
    BOOTSTRAP_KUBECONFIG: AbsolutePath = effects_core("bootstrap-kubeconfig");
    KUBECONFIG_SERVER: (AbsolutePath, Plain<String>) = effects_core("kubeconfig-server");
    ETCD_MEMBER: Plain<String> = effects_core("etcd-member");
    ETCD_DATA: Plain<String> = effects_core("etcd-data");
    TRIAL_JOB: Plain<String> = effects_core("trial-job");
    CONTROL_PLANE_USERS: Plain<String> = effects_core("control-plane-users");
    GIVE_TREE: (AbsolutePath, Plain<(u32, u32)>) = effects_core("give-tree");
    CLEAR: Plain<String> = effects_core("clear");
    ATTEMPT: Plain<(u32, String)> = effects_core("attempt");
    REGARDLESS: Plain<u32> = effects_core("regardless");
    ON_FAILURE: Plain<u32> = effects_core("on-failure");
    WAIT_UNTIL: Plain<String> = effects_core("wait-until");
    RENEW_CERTIFICATE: Plain<String> = effects_core("renew-certificate");
    RESTART_COMPONENT: Plain<String> = effects_core("restart-component");
    EXCHANGE_AUTHORITY: Plain<String> = effects_core("exchange-authority");
}
