//! Notices about the changes that a later version of CoreDNS makes to a Corefile.
use super::{
    rules::{Rules, Status},
    steps::{new_plugins, rules_of},
    steps_between,
    syntax::{Corefile, Plugin, Server},
    table::VERSIONS,
};

/// A plugin or an option of a Corefile that a version changes.
pub(super) struct Notice {
    status: Status,
    pub text: String,
}

/// Whether a Corefile has to be migrated: a version removes a plugin or an option of it, or adds a
/// default.
///
/// # Errors
/// The versions are not known, or the Corefile cannot be read.
pub fn needs_migration(corefile: &str, from: &str, to: &str) -> Result<bool, String> {
    let notices = notices(corefile, from, to)?;
    let needs = |notice: &Notice| matches!(notice.status, Status::Removed | Status::NewDefault);
    Ok(notices.iter().any(needs))
}

/// Returns the plugins and options that a migration does not know, a sentence for each version.
/// They stay as they are.
///
/// # Errors
/// The versions are not known, or the Corefile cannot be read.
pub fn unsupported(corefile: &str, from: &str, to: &str) -> Result<Vec<String>, String> {
    let mut sentences = Vec::new();
    if from == to {
        return Ok(sentences);
    }
    let places = steps_between(from, to)?;
    let corefile = Corefile::parse(corefile)?;
    for place in places {
        let why = format!(
            "is unsupported by this migration tool in {}.",
            VERSIONS[place].version
        );
        for plugin in corefile.servers.iter().flat_map(|server| &server.plugins) {
            let Some(rules) = rules_of(place, &plugin.name) else {
                sentences.push(format!("{} {why}", subject(plugin, None)));
                continue;
            };
            let options = plugin.options.iter();
            let unknown = options.filter(|option| rules.option(&option.name).is_none());
            sentences.extend(
                unknown.map(|option| format!("{} {why}", subject(plugin, Some(&option.name)))),
            );
        }
    }
    Ok(sentences)
}

fn subject(plugin: &Plugin, option: Option<&str>) -> String {
    match option {
        Some(option) => format!("Option {option:?} in plugin {:?}", plugin.name),
        None => format!("Plugin {:?}", plugin.name),
    }
}

pub(super) fn notices(corefile: &str, from: &str, to: &str) -> Result<Vec<Notice>, String> {
    if from == to {
        return Ok(Vec::new());
    }
    let places = steps_between(from, to)?;
    let corefile = Corefile::parse(corefile)?;
    Ok(places
        .flat_map(|place| {
            let servers = corefile.servers.iter();
            servers.flat_map(move |server| server_notices(server, place))
        })
        .collect())
}

fn server_notices(server: &Server, place: usize) -> Vec<Notice> {
    let version = VERSIONS[place].version;
    let plugins = server.plugins.iter();
    let mut notices: Vec<Notice> = plugins
        .filter_map(|plugin| Some((plugin, rules_of(place, &plugin.name)?)))
        .flat_map(|(plugin, rules)| plugin_notices(plugin, rules, version))
        .collect();
    let missing = new_plugins(place).filter(|(name, _)| !server.has_plugin(name));
    notices.extend(missing.map(|(name, _)| added(&subject(&Plugin::named(name), None), version)));
    notices
}

fn plugin_notices(plugin: &Plugin, rules: &Rules, version: &str) -> Vec<Notice> {
    let tells = |status| !matches!(status, Status::Supported | Status::NewDefault);
    if tells(rules.status) {
        let replaced = rules
            .rename
            .map(|name| format!(" It is replaced by {name:?}."));
        let mut notice = changed(&subject(plugin, None), rules.status, version);
        notice.text += replaced.as_deref().unwrap_or_default();
        return vec![notice];
    }
    let mut notices = Vec::new();
    for option in &plugin.options {
        if let Some(rule) = rules.option(&option.name).filter(|rule| tells(rule.status)) {
            let subject = subject(plugin, Some(&option.name));
            notices.push(changed(&subject, rule.status, version));
        }
    }
    let missing = rules
        .new_options()
        .filter(|(name, _)| !plugin.has_option(name));
    notices.extend(missing.map(|(name, _)| added(&subject(plugin, Some(name)), version)));
    notices
}

fn changed(subject: &str, status: Status, version: &str) -> Notice {
    Notice {
        status,
        text: format!("{subject} is {} in {version}.", status.word()),
    }
}

fn added(subject: &str, version: &str) -> Notice {
    Notice {
        status: Status::NewDefault,
        text: format!("{subject} is added as a default in {version}."),
    }
}
