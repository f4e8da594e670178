//! Proposals.
use crate::calls::{
    answer::{Answer, IntoAnswer},
    arguments::Arguments,
    unknown,
};
use kubephase_sdk::{
    effects_cluster, effects_command, effects_files, effects_images, effects_node, effects_pki,
};

pub fn call_proposal(interface: &str, name: &str, arguments: &Arguments<'_>) -> Answer {
    let first = arguments.text(0);
    match (interface, name) {
        ("effects-files", "write-file") => {
            effects_files::write_file(&first, arguments.text(1).as_bytes()).into_answer()
        }
        ("effects-files", "make-dir") => effects_files::make_dir(&first).into_answer(),
        ("effects-files", "remove-file") => effects_files::remove_file(&first).into_answer(),
        ("effects-files", "set-mode") => {
            effects_files::set_mode(&first, arguments.number(1)).into_answer()
        }
        ("effects-files", "file-mode") => {
            effects_files::file_mode(arguments.effect(0), arguments.number(1)).into_answer()
        }
        ("effects-files", "file-owner") => effects_files::file_owner(
            arguments.effect(0),
            arguments.number(1),
            arguments.number(2),
        )
        .into_answer(),
        ("effects-pki", "ensure-certificate") => {
            effects_pki::ensure_certificate(&first).into_answer()
        }
        ("effects-pki", "ensure-key-pair") => effects_pki::ensure_key_pair(&first).into_answer(),
        ("effects-pki", "ensure-kubeconfig") => {
            effects_pki::ensure_kubeconfig(&first).into_answer()
        }
        ("effects-pki", "ensure-rotated-kubeconfig") => {
            effects_pki::ensure_rotated_kubeconfig(&first).into_answer()
        }
        ("effects-cluster", "apply-object") => effects_cluster::apply_object(&first).into_answer(),
        ("effects-cluster", "patch-object") => {
            effects_cluster::patch_object(&arguments.object(), &arguments.text(4)).into_answer()
        }
        ("effects-cluster", "delete-object") => {
            effects_cluster::delete_object(&arguments.object()).into_answer()
        }
        ("effects-cluster", "if-exists") => {
            effects_cluster::if_exists(arguments.effect(0), &arguments.text(1)).into_answer()
        }
        ("effects-node", "ensure-service") => {
            effects_node::ensure_service(&first, &arguments.text(1)).into_answer()
        }
        ("effects-node", "set-sysctl") => {
            effects_node::set_sysctl(&first, &arguments.text(1)).into_answer()
        }
        ("effects-node", "load-module") => effects_node::load_module(&first).into_answer(),
        ("effects-images", "pull-image") => effects_images::pull_image(&first).into_answer(),
        ("effects-command", "execute") => {
            effects_command::execute(&first, &arguments.texts(1)).into_answer()
        }
        _ => unknown(name),
    }
}
