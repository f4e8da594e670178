//! `plugins`: whether the plugins of the configuration are those that the lock allows.
use super::read;
use crate::program;
use kubephase_sdk::{
    Failure, Finding, Outcome,
    codes::Family,
    finding::{With, fail, pass},
    kubeadm::ExaminedPlugin,
    report,
};

/// The phase `plugins`: checks that the plugins of the configuration are those that the lock
/// allows.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_plugins() -> Result<Outcome, Failure> {
    let (_, doctor) = read()?;
    if doctor.plugins.is_empty() {
        return Ok(Outcome::Skipped(
            "the configuration has no plugins of third parties".into(),
        ));
    }
    for plugin in &doctor.plugins {
        report::submit(&check(plugin));
    }
    Ok(Outcome::Settled)
}

fn check(plugin: &ExaminedPlugin) -> Finding {
    let code = Family::PLUGIN.code_for(&plugin.name);
    let finding = if plugin.problem.is_empty() {
        let summary = format!("version {} is allowed", plugin.version);
        pass(&code, summary).evidence("digest", &plugin.digest)
    } else {
        let command = program::command("plugin allow");
        fail(&code, &plugin.problem).remedy(format!(
            "put the component back that was allowed, or look at the new one and allow it with \
             `{command}`"
        ))
    };
    finding.evidence("source", &plugin.source)
}
