//! Observations.
use crate::calls::{
    answer::{Answer, IntoAnswer},
    arguments::Arguments,
    unknown,
};
use kubephase_sdk::{
    observe_cluster, observe_command, observe_files, observe_net, observe_node, observe_pki,
    observe_runtime,
};

pub fn call_observation(interface: &str, name: &str, arguments: &Arguments<'_>) -> Answer {
    let first = arguments.text(0);
    match (interface, name) {
        ("observe-node", "node-fact") => observe_node::node_fact(&first).into_answer(),
        ("observe-node", "sysctl") => observe_node::sysctl(&first).into_answer(),
        ("observe-node", "kernel-option") => observe_node::kernel_option(&first).into_answer(),
        ("observe-node", "service") => observe_node::service(&first).into_answer(),
        ("observe-files", "stat") => observe_files::stat(&first).into_answer(),
        ("observe-files", "read-file") => observe_files::read_file(&first).into_answer(),
        ("observe-files", "list-dir") => observe_files::list_dir(&first).into_answer(),
        ("observe-net", "port-free") => {
            observe_net::port_free(u16::try_from(arguments.number(0)).unwrap_or(u16::MAX))
                .into_answer()
        }
        ("observe-net", "resolve") => observe_net::resolve(&first).into_answer(),
        ("observe-net", "proxy-for") => observe_net::proxy_for(&first).into_answer(),
        ("observe-net", "http-get") => {
            observe_net::http_get(&first, arguments.number(1)).into_answer()
        }
        ("observe-net", "http-get-as") => observe_net::http_get_as(
            &first,
            &arguments.text(1),
            &arguments.text(2),
            &arguments.text(3),
            arguments.number(4),
        )
        .into_answer(),
        ("observe-runtime", "runtime-status") => observe_runtime::runtime_status().into_answer(),
        ("observe-runtime", "runtime-config") => observe_runtime::runtime_config().into_answer(),
        ("observe-runtime", "image-present") => {
            observe_runtime::image_present(&first).into_answer()
        }
        ("observe-pki", "certificate") => observe_pki::certificate(&first).into_answer(),
        ("observe-pki", "private-key") => observe_pki::private_key(&first).into_answer(),
        ("observe-pki", "kubeconfig") => observe_pki::kubeconfig(&first).into_answer(),
        ("observe-cluster", "get-object") => {
            observe_cluster::get_object(&arguments.object()).into_answer()
        }
        ("observe-cluster", "list-objects") => {
            let (namespace, selector) = (arguments.optional(2), arguments.optional(3));
            observe_cluster::list_objects(
                &first,
                &arguments.text(1),
                namespace.as_deref(),
                selector.as_deref(),
            )
            .into_answer()
        }
        ("observe-command", "run-command") => {
            observe_command::run_command(&first, &arguments.texts(1)).into_answer()
        }
        _ => unknown(name),
    }
}
