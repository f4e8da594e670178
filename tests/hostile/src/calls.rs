//! Every host function that a plugin can import, by name.
use crate::script::Argument;
use kubephase_sdk::{
    Effect, Failure, Finding, ObjectRef, Severity, Verdict, effects, effects_cluster,
    effects_command, effects_files, effects_images, effects_node, effects_pki, failure, input,
    observe_cluster, observe_command, observe_files, observe_net, observe_node, observe_pki,
    observe_runtime, report,
};

type Answer = Result<Vec<u8>, Failure>;

/// What the host answered, as bytes.
trait IntoAnswer {
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for () {
    fn into_answer(self) -> Answer {
        Ok(Vec::new())
    }
}

impl IntoAnswer for bool {
    fn into_answer(self) -> Answer {
        Ok(self.to_string().into_bytes())
    }
}

impl IntoAnswer for u32 {
    fn into_answer(self) -> Answer {
        Ok(self.to_string().into_bytes())
    }
}

impl IntoAnswer for String {
    fn into_answer(self) -> Answer {
        Ok(self.into_bytes())
    }
}

impl IntoAnswer for Vec<u8> {
    fn into_answer(self) -> Answer {
        Ok(self)
    }
}

impl IntoAnswer for Vec<String> {
    fn into_answer(self) -> Answer {
        Ok(self.join("\n").into_bytes())
    }
}

impl IntoAnswer for Effect {
    fn into_answer(self) -> Answer {
        self.id.into_answer()
    }
}

impl IntoAnswer for kubephase_sdk::FileMeta {
    fn into_answer(self) -> Answer {
        Ok(format!("{} {:o} {} bytes", self.kind, self.mode, self.size).into_bytes())
    }
}

impl IntoAnswer for kubephase_sdk::CommandOutput {
    fn into_answer(self) -> Answer {
        Ok(format!("{} {}{}", self.status, self.stdout, self.stderr).into_bytes())
    }
}

impl IntoAnswer for kubephase_sdk::HttpReply {
    fn into_answer(self) -> Answer {
        Ok([format!("{} ", self.status).into_bytes(), self.body].concat())
    }
}

impl<T: IntoAnswer> IntoAnswer for Option<T> {
    fn into_answer(self) -> Answer {
        self.map_or_else(|| Ok(b"none".to_vec()), IntoAnswer::into_answer)
    }
}

impl<T: IntoAnswer> IntoAnswer for Result<T, Failure> {
    fn into_answer(self) -> Answer {
        self.and_then(IntoAnswer::into_answer)
    }
}

/// The arguments of one call; what is left out is empty.
struct Arguments<'a>(&'a [Argument]);

impl Arguments<'_> {
    fn text(&self, index: usize) -> String {
        self.0.get(index).map(Argument::text).unwrap_or_default()
    }

    fn optional(&self, index: usize) -> Option<String> {
        self.0.get(index).and_then(Argument::optional_text)
    }

    fn number(&self, index: usize) -> u32 {
        self.0.get(index).map(Argument::number).unwrap_or_default()
    }

    fn texts(&self, index: usize) -> Vec<String> {
        self.0.get(index).map(Argument::texts).unwrap_or_default()
    }

    fn effect(&self, index: usize) -> Effect {
        Effect {
            id: self.number(index),
        }
    }

    /// `apiVersion`, `kind`, `namespace`, `name` in this order.
    fn object(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.text(0),
            kind: self.text(1),
            namespace: self.optional(2),
            name: self.text(3),
        }
    }

    /// `verdict`, `code`, `summary`, name and value of the evidence, `remedy`, `url`.
    fn finding(&self) -> Finding {
        let verdict = match self.text(0).as_str() {
            "fail" => Verdict::Fail,
            "warn" => Verdict::Warn,
            "skipped" => Verdict::Skipped,
            "could-not-run" => Verdict::CouldNotRun,
            _ => Verdict::Pass,
        };
        let evidence = self
            .optional(3)
            .map(|name| (name, self.text(4)))
            .into_iter()
            .collect();
        Finding {
            code: self.text(1),
            verdict,
            summary: self.text(2),
            evidence,
            remedy: self.optional(5),
            url: self.optional(6),
        }
    }
}

fn severity(name: &str) -> Severity {
    match name {
        "debug" => Severity::Debug,
        "warning" => Severity::Warning,
        "error" => Severity::Error,
        _ => Severity::Info,
    }
}

/// Calls one host function.
pub fn make(function: &str, arguments: &[Argument]) -> Answer {
    let given = Arguments(arguments);
    match function.split_once('.').unwrap_or_default() {
        ("input", name) => call_input(name, &given),
        ("report", name) => call_report(name, &given),
        ("effects", name) => call_modifier(name, &given),
        (interface, name) if interface.starts_with("observe-") => {
            call_observation(interface, name, &given)
        }
        (interface, name) => call_proposal(interface, name, &given),
    }
}

fn unknown(name: &str) -> Answer {
    Err(failure(
        "unknown",
        format!("the hostile plugin knows no function {name}"),
    ))
}

fn call_input(name: &str, given: &Arguments<'_>) -> Answer {
    match name {
        "phase-id" => input::phase_id().into_answer(),
        "round" => input::round().into_answer(),
        "config" => input::config(&given.text(0)).into_answer(),
        "settings" => input::settings().into_answer(),
        "patched" => input::patched(&given.text(0), &given.text(1)).into_answer(),
        "fact" => input::fact(&given.text(0), &given.text(1)).into_answer(),
        _ => unknown(name),
    }
}

fn call_report(name: &str, given: &Arguments<'_>) -> Answer {
    match name {
        "message" => report::message(severity(&given.text(0)), &given.text(1)),
        "submit" => report::submit(&given.finding()),
        "set-fact" => report::set_fact(&given.text(0), &given.text(1)),
        "progress" => report::progress(given.number(0), given.number(1), &given.text(2)),
        _ => return unknown(name),
    }
    Ok(Vec::new())
}

fn call_modifier(name: &str, given: &Arguments<'_>) -> Answer {
    match name {
        "because" => effects::because(given.effect(0), &given.text(1)).into_answer(),
        "requires" => effects::requires(given.effect(0), given.effect(1)).into_answer(),
        "announce" => effects::announce(given.effect(0), &given.text(1)).into_answer(),
        _ => unknown(name),
    }
}

fn call_observation(interface: &str, name: &str, given: &Arguments<'_>) -> Answer {
    let first = given.text(0);
    match (interface, name) {
        ("observe-node", "node-fact") => observe_node::node_fact(&first).into_answer(),
        ("observe-node", "sysctl") => observe_node::sysctl(&first).into_answer(),
        ("observe-node", "kernel-option") => observe_node::kernel_option(&first).into_answer(),
        ("observe-node", "service") => observe_node::service(&first).into_answer(),
        ("observe-files", "stat") => observe_files::stat(&first).into_answer(),
        ("observe-files", "read-file") => observe_files::read_file(&first).into_answer(),
        ("observe-files", "list-dir") => observe_files::list_dir(&first).into_answer(),
        ("observe-net", "port-free") => {
            observe_net::port_free(u16::try_from(given.number(0)).unwrap_or(u16::MAX)).into_answer()
        }
        ("observe-net", "resolve") => observe_net::resolve(&first).into_answer(),
        ("observe-net", "proxy-for") => observe_net::proxy_for(&first).into_answer(),
        ("observe-net", "http-get") => observe_net::http_get(&first, given.number(1)).into_answer(),
        ("observe-net", "http-get-as") => observe_net::http_get_as(
            &first,
            &given.text(1),
            &given.text(2),
            &given.text(3),
            given.number(4),
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
            observe_cluster::get_object(&given.object()).into_answer()
        }
        ("observe-cluster", "list-objects") => {
            let (namespace, selector) = (given.optional(2), given.optional(3));
            observe_cluster::list_objects(
                &first,
                &given.text(1),
                namespace.as_deref(),
                selector.as_deref(),
            )
            .into_answer()
        }
        ("observe-command", "run-command") => {
            observe_command::run_command(&first, &given.texts(1)).into_answer()
        }
        _ => unknown(name),
    }
}

fn call_proposal(interface: &str, name: &str, given: &Arguments<'_>) -> Answer {
    let first = given.text(0);
    match (interface, name) {
        ("effects-files", "write-file") => {
            effects_files::write_file(&first, given.text(1).as_bytes()).into_answer()
        }
        ("effects-files", "make-dir") => effects_files::make_dir(&first).into_answer(),
        ("effects-files", "remove-file") => effects_files::remove_file(&first).into_answer(),
        ("effects-files", "set-mode") => {
            effects_files::set_mode(&first, given.number(1)).into_answer()
        }
        ("effects-files", "file-mode") => {
            effects_files::file_mode(given.effect(0), given.number(1)).into_answer()
        }
        ("effects-files", "file-owner") => {
            effects_files::file_owner(given.effect(0), given.number(1), given.number(2))
                .into_answer()
        }
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
            effects_cluster::patch_object(&given.object(), &given.text(4)).into_answer()
        }
        ("effects-cluster", "delete-object") => {
            effects_cluster::delete_object(&given.object()).into_answer()
        }
        ("effects-cluster", "if-exists") => {
            effects_cluster::if_exists(given.effect(0), &given.text(1)).into_answer()
        }
        ("effects-node", "ensure-service") => {
            effects_node::ensure_service(&first, &given.text(1)).into_answer()
        }
        ("effects-node", "set-sysctl") => {
            effects_node::set_sysctl(&first, &given.text(1)).into_answer()
        }
        ("effects-node", "load-module") => effects_node::load_module(&first).into_answer(),
        ("effects-images", "pull-image") => effects_images::pull_image(&first).into_answer(),
        ("effects-command", "execute") => {
            effects_command::execute(&first, &given.texts(1)).into_answer()
        }
        _ => unknown(name),
    }
}
