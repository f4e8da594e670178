//! The functions by which plugins observe the node and the cluster.
use super::{
    COMMANDS, HOSTS, IMAGES, LOCAL_OBSERVATION, OBJECTS, PATHS, SLOW_OBSERVATION, WITHOUT_PATTERNS,
};
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

const fn observe_files<A: Arguments>(
    function: &'static str,
    words: &'static str,
) -> HostFunction<A> {
    HostFunction::new("observe-files", function, PATHS, LOCAL_OBSERVATION, words)
        .with_risk(risk::PRIVATE_FILES)
}

const fn observe_runtime<A: Arguments>(
    function: &'static str,
    permit: Permit,
    words: &'static str,
) -> HostFunction<A> {
    HostFunction::new("observe-runtime", function, permit, SLOW_OBSERVATION, words)
}

const fn observe_pki(function: &'static str) -> HostFunction<AbsolutePath> {
    HostFunction::new(
        "observe-pki",
        function,
        PATHS,
        LOCAL_OBSERVATION,
        "see facts of certificates and kubeconfigs, never a key",
    )
}

host_functions! {
    NODE_FACT: FactName = observe_node(
        "node-fact",
        LOCAL_OBSERVATION,
        "look at documented facts of the node: processors, memory, kernel",
    );
    SYSCTL: SysctlKey = observe_node("sysctl", LOCAL_OBSERVATION, "see kernel parameters");
    KERNEL_OPTION: KernelOption =
        observe_node("kernel-option", LOCAL_OBSERVATION, "see how the kernel was configured");
    SERVICE: UnitName = observe_node(
        "service",
        SLOW_OBSERVATION,
        "see whether services exist, are enabled and are active",
    );

    STAT: AbsolutePath = observe_files("stat", "see which files exist");
    READ_FILE: AbsolutePath = observe_files(
        "read-file",
        "read files that every user of the machine can read",
    )
    .with_large_answers();
    LIST_DIR: AbsolutePath = observe_files(
        "list-dir",
        "list directories that every user of the machine can list",
    );

    PORT_FREE: Plain<u16> = HostFunction::new(
        "observe-net",
        "port-free",
        Permit::Free,
        LOCAL_OBSERVATION,
        "see which ports are free",
    );
    RESOLVE: HostName =
        HostFunction::new("observe-net", "resolve", HOSTS, SLOW_OBSERVATION, "look host names up");
    PROXY_FOR: HttpUrl = HostFunction::new(
        "observe-net",
        "proxy-for",
        Permit::Free,
        LOCAL_OBSERVATION,
        "see which proxies are set, without user names and passwords",
    );
    HTTP_GET: HttpUrl = HostFunction::new(
        "observe-net",
        "http-get",
        HOSTS,
        SLOW_OBSERVATION,
        "ask HTTP servers",
    )
    .with_risk(risk::SERVERS);
    HTTP_GET_AS: Identity = HostFunction::new(
        "observe-net",
        "http-get-as",
        Permit::Granted(&[Dimension::Hosts, Dimension::Paths]),
        SLOW_OBSERVATION,
        "ask HTTP servers with certificates and keys of the node, without seeing them",
    )
    .with_risk(risk::NODE_IDENTITY);

    RUNTIME_STATUS: () = observe_runtime(
        "runtime-status",
        WITHOUT_PATTERNS,
        "see the status and version of the container runtime",
    );
    RUNTIME_CONFIG: () = observe_runtime(
        "runtime-config",
        WITHOUT_PATTERNS,
        "see the configuration of the container runtime",
    );
    IMAGE_PRESENT: ImageName = observe_runtime(
        "image-present",
        IMAGES,
        "see which images the container runtime has",
    );

    CERTIFICATE: AbsolutePath = observe_pki("certificate");
    PRIVATE_KEY: AbsolutePath = observe_pki("private-key");
    KUBECONFIG: AbsolutePath = observe_pki("kubeconfig");

    GET_OBJECT: ObjectName = HostFunction::new(
        "observe-cluster",
        "get-object",
        OBJECTS,
        SLOW_OBSERVATION,
        "read objects of the cluster",
    )
    .with_large_answers()
    .with_risk(risk::READ_OBJECTS);
    LIST_OBJECTS: Listing = HostFunction::new(
        "observe-cluster",
        "list-objects",
        OBJECTS,
        SLOW_OBSERVATION,
        "list objects of the cluster",
    )
    .with_large_answers()
    .with_risk(risk::READ_OBJECTS);

    RUN_COMMAND: CommandLine = HostFunction::new(
        "observe-command",
        "run-command",
        COMMANDS,
        SLOW_OBSERVATION,
        "run programs that only read",
    )
    .with_risk(risk::READING_PROGRAM);

    ETCD_MEMBERS: () = HostFunction::new(
        "observe-core",
        "etcd-members",
        Permit::Core,
        SLOW_OBSERVATION,
        "see the members of etcd",
    );
    ETCD_HEALTH: () = HostFunction::new(
        "observe-core",
        "etcd-health",
        Permit::Core,
        SLOW_OBSERVATION,
        "see how many members of etcd are healthy",
    );
    COMPONENT_HEALTH: HttpUrl = HostFunction::new(
        "observe-core",
        "component-health",
        Permit::Core,
        SLOW_OBSERVATION,
        "see whether the kubelet and the control plane of the node are healthy",
    );
    API_SERVER_HEALTH: HttpUrl = HostFunction::new(
        "observe-core",
        "api-server-health",
        Permit::Core,
        SLOW_OBSERVATION,
        "see whether an API server is healthy",
    );
    COMPONENTS: () = HostFunction::new(
        "observe-core",
        "components",
        Permit::Core,
        SLOW_OBSERVATION,
        "see the components of the control plane in the container runtime",
    );
}
