//! `drift`: whether the files and kernel parameters that earlier runs left are still as they left
//! them, effect by effect, and whether the kubelet and the static Pods have the configuration that
//! the cluster keeps.
use super::{manifest::differing_places, read};
use crate::{
    arguments::SysctlKey,
    effect::{Effect, StaticPod, Sysctl, files::File},
    journal::LastEffect,
    phase::{
        kubelet_start::patched_configuration,
        static_pod_of,
        upgrade::{are_equal_manifests, parse_manifest},
    },
    program,
    render::{
        KUBELET_DIR,
        static_pod::{COMPONENTS, manifest_path},
    },
    text::{sanitise, yaml},
};
use kubephase_sdk::{
    Failure, FailureCode, FileMeta, Finding, Outcome,
    codes::Family,
    finding::{With, concern, could_not_run, fail, pass},
    kubeadm::Config,
    observe_files, observe_node, report,
};
use std::collections::BTreeSet;

/// The JSON pointer to the last effects of earlier runs in the configuration.
pub const LAST_EFFECTS: &str = "/doctor/lastEffects";
/// Modes that are tried to find out whether only the mode of a file differs.
const MODES: [u32; 6] = [0o600, 0o640, 0o644, 0o700, 0o750, 0o755];

/// The phase `drift`: checks the files and kernel parameters that earlier runs left, and the files
/// that follow from the configuration of the cluster.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_drift() -> Result<Outcome, Failure> {
    let (config, doctor) = read()?;
    let effects: Vec<LastEffect> = kubephase_sdk::config(LAST_EFFECTS)?;
    let mut seen = BTreeSet::new();
    for effect in &effects {
        let subject = subject_of(effect);
        seen.insert(subject.clone());
        let wanted = if doctor.knows_cluster() {
            compare_with_cluster(&subject, &config)?
        } else {
            Comparison::Unknown
        };
        report::submit(&finding(effect, &subject, &wanted));
    }
    if doctor.knows_cluster() {
        // Files that kubeadm wrote are in no journal.
        for path in configured_paths(&config, doctor.control_plane) {
            if !seen.contains(&path) {
                let compared = compare_with_cluster(&path, &config)?;
                report::submit(&finding_without_run(&path, &compared));
            }
        }
    }
    Ok(Outcome::Settled)
}

/// The result of comparing a file with the configuration that the cluster keeps.
enum Comparison {
    /// the configuration says nothing about the file, or the file does not exist, or the
    /// configuration is not known
    Unknown,
    Equal,
    /// the file differs at these places
    Differs(String),
}

/// Returns the subject of an effect: a path, or the name of a kernel parameter.
fn subject_of(effect: &LastEffect) -> String {
    match effect.target.split_once('=') {
        Some((key, _)) if effect.kind == "sysctl" => key.to_owned(),
        _ => effect.target.clone(),
    }
}

/// Returns the files of this node that follow from the configuration of the cluster.
fn configured_paths(config: &Config, is_control_plane: bool) -> Vec<String> {
    let mut paths = vec![kubelet_configuration()];
    if is_control_plane {
        let own = COMPONENTS
            .iter()
            .filter(|(name, _)| *name != "etcd" || config.cluster.etcd.external.is_none());
        paths.extend(own.map(|(name, _)| manifest_path(name)));
    }
    paths
}

fn kubelet_configuration() -> String {
    format!("{KUBELET_DIR}/config.yaml")
}

fn compare_with_cluster(path: &str, config: &Config) -> Result<Comparison, Failure> {
    if observe_files::stat(path)?.is_none() {
        return Ok(Comparison::Unknown);
    }
    if path == kubelet_configuration() {
        let wanted = patched_configuration(config)?;
        let found = observe_files::read_file(path)?;
        if found == wanted.as_bytes() {
            return Ok(Comparison::Equal);
        }
        let found = yaml::value(&String::from_utf8_lossy(&found)).unwrap_or_default();
        let places = differing_places(&found, &yaml::value(&wanted).unwrap_or_default());
        return Ok(match places.as_str() {
            "" => Comparison::Equal,
            _ => Comparison::Differs(places),
        });
    }
    let mut components = COMPONENTS.iter();
    let Some((name, _)) = components.find(|(name, _)| manifest_path(name) == path) else {
        return Ok(Comparison::Unknown);
    };
    let wanted = static_pod_of(name, config)?;
    let found = observe_files::read_file(path)?;
    if are_equal_manifests(&found, &wanted) {
        return Ok(Comparison::Equal);
    }
    let places = differing_places(&parse_manifest(&found), &parse_manifest(&wanted));
    Ok(Comparison::Differs(places))
}

/// The present state of the target of an effect.
enum Present {
    AsApplied,
    Absent,
    /// how the target differs from what the effect left
    Changed(String),
    Unseen(Failure),
}

fn present_state(effect: &LastEffect, subject: &str) -> Present {
    if effect.kind == "sysctl" {
        return present_parameter(effect, subject);
    }
    let meta = match observe_files::stat(subject) {
        Ok(Some(meta)) => meta,
        Ok(None) => return Present::Absent,
        Err(failure) => return Present::Unseen(failure),
    };
    if meta.kind != "file" {
        return Present::Changed(format!("it is a {} now", meta.kind));
    }
    let content = match observe_files::read_file(subject) {
        Ok(content) => content,
        Err(failure) => return Present::Unseen(failure),
    };
    present_file(effect, subject, &meta, content)
}

fn present_file(effect: &LastEffect, path: &str, meta: &FileMeta, content: Vec<u8>) -> Present {
    let mut file = File {
        path: path.to_owned(),
        content,
        mode: meta.mode,
        owner: None,
    };
    let owners = [None, Some((meta.uid, meta.gid))];
    let mut is_applied = |mode| {
        owners.iter().any(|owner| {
            (file.mode, file.owner) = (mode, *owner);
            digest_of_file(&effect.kind, &file) == effect.digest
        })
    };
    if is_applied(meta.mode) {
        return Present::AsApplied;
    }
    match MODES.iter().find(|mode| is_applied(**mode)) {
        Some(mode) => Present::Changed(format!(
            "its mode is {:04o} instead of {mode:04o}",
            meta.mode
        )),
        None => Present::Changed("its content or owner is another one".to_owned()),
    }
}

fn digest_of_file(kind: &str, file: &File) -> String {
    if kind == "static-pod" {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".yaml").unwrap_or(name).to_owned();
        let file = file.clone();
        return Effect::from(StaticPod { name, file }).digest();
    }
    Effect::from(file.clone()).digest()
}

fn present_parameter(effect: &LastEffect, key: &str) -> Present {
    let Some(value) = observe_node::sysctl(key) else {
        return Present::Absent;
    };
    let Ok(parsed) = SysctlKey::parse(key) else {
        return Present::Unseen(kubephase_sdk::failure(
            FailureCode::Invalid,
            format!("{key} is not a kernel parameter"),
        ));
    };
    let present = Effect::from(Sysctl {
        key: parsed,
        value: value.trim().to_owned(),
    });
    if present.digest() == effect.digest {
        Present::AsApplied
    } else {
        let wanted = &effect.target;
        Present::Changed(format!(
            "it is {:?} now; the run set {wanted}",
            value.trim()
        ))
    }
}

fn finding(effect: &LastEffect, subject: &str, compared: &Comparison) -> Finding {
    let code = Family::DRIFT.code_for(subject);
    let run = format!("{} (run {})", effect.workflow, effect.run);
    let shown = sanitise::list_item(subject);
    let state = present_state(effect, subject);
    let finding = match (state, compared) {
        (Present::Unseen(failure), _) => could_not_run(&code, failure.message),
        (Present::Absent, _) => fail(&code, format!("{shown}, which {run} made, is gone"))
            .remedy(remedy_for_absent(effect)),
        (Present::AsApplied, Comparison::Unknown | Comparison::Equal) => {
            pass(&code, format!("as {run} left it"))
        }
        (Present::Changed(_), Comparison::Equal) => {
            pass(&code, "it has the configuration that the cluster keeps")
        }
        (Present::AsApplied, Comparison::Differs(places)) => concern(
            &code,
            format!(
                "{shown} is as {run} left it, and the configuration that the cluster keeps is \
                 another one"
            ),
        )
        .evidence("differs", places)
        .remedy(remedy_for_difference()),
        (Present::Changed(how), Comparison::Differs(places)) => {
            concern(&code, format!("{shown} is not as {run} left it: {how}"))
                .evidence("differs from the cluster's configuration", places)
                .remedy(remedy_for_difference())
        }
        (Present::Changed(how), Comparison::Unknown) => {
            concern(&code, format!("{shown} is not as {run} left it: {how}"))
                .remedy(remedy_for_change(effect))
        }
    };
    finding
        .evidence("effect", &effect.kind)
        .evidence("target", &effect.target)
}

/// Returns the finding about a file that no recorded run wrote.
fn finding_without_run(path: &str, compared: &Comparison) -> Finding {
    let code = Family::DRIFT.code_for(path);
    let finding = match compared {
        Comparison::Equal => pass(&code, "it has the configuration that the cluster keeps"),
        Comparison::Unknown => {
            fail(&code, format!("{path} does not exist")).remedy("put the file of a backup there")
        }
        Comparison::Differs(places) => concern(
            &code,
            format!("{path} differs from the configuration that the cluster keeps"),
        )
        .evidence("differs", places)
        .remedy(remedy_for_difference()),
    };
    finding.evidence("target", path)
}

fn remedy_for_difference() -> String {
    format!(
        "`{}` shows the lines, and `{}` makes this machine follow the configuration of the \
         cluster; if patches make the difference on purpose, name their directory with --patches",
        program::command("diff"),
        program::command("apply")
    )
}

fn remedy_for_change(effect: &LastEffect) -> String {
    match effect.kind.as_str() {
        "sysctl" => format!(
            "set it again: `sysctl -w {}`; look for the file that sets it otherwise: `grep -rF {} \
             /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d /etc/sysctl.conf`",
            program::word(&effect.target),
            program::word(&subject_of(effect))
        ),
        _ => format!(
            "if it was not changed on purpose, run `{} --config FILE` again, which writes what \
             differs",
            program::command(command_of(&effect.workflow))
        ),
    }
}

fn remedy_for_absent(effect: &LastEffect) -> String {
    match effect.kind.as_str() {
        "sysctl" => "the kernel does not have the parameter: load its module again (for \
                     net.bridge.*: `modprobe br_netfilter`)"
            .to_owned(),
        "static-pod" => {
            "put the manifest of a backup there; without it the component does not run".to_owned()
        }
        _ => format!(
            "put it back from a backup, or run `{} --config FILE` again, which writes what is \
             missing",
            program::command(command_of(&effect.workflow))
        ),
    }
}

/// Returns the command of a workflow.
fn command_of(workflow: &str) -> &str {
    match workflow {
        "reconfigure" => "apply",
        "upgrade-apply" => "upgrade apply",
        "upgrade-node" => "upgrade node",
        "upgrade-rollback" => "upgrade rollback",
        workflow => workflow,
    }
}
