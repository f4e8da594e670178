//! One step of a migration: from a version of CoreDNS to the next.
use super::{
    rules::{Action, CorefileChange, OptionRule, Rules, Status},
    syntax::{Corefile, Plugin, Server, Setting},
    table::VERSIONS,
};

/// Returns the rules of a plugin in the version at a place of the table.
pub fn rules_of(place: usize, plugin: &str) -> Option<&'static Rules> {
    let versions = VERSIONS[..=place].iter().rev();
    let mut changes = versions.flat_map(|version| version.changed);
    let (_, rules) = changes.find(|(name, _)| *name == plugin)?;
    rules.as_ref()
}

/// Returns the plugins that became part of the default in the version at a place of the table.
pub fn new_plugins(place: usize) -> impl Iterator<Item = (&'static str, &'static Rules)> {
    let changed = VERSIONS[place].changed.iter();
    changed.filter_map(|(name, rules)| {
        let rules = rules.as_ref()?;
        (rules.status == Status::NewDefault).then_some((*name, rules))
    })
}

/// Migrates a Corefile to the version at a place of the table, from the version before.
///
/// # Errors
/// The step cannot be made with this Corefile.
pub fn step(mut corefile: Corefile, place: usize) -> Result<Corefile, String> {
    let whole = VERSIONS[place].whole;
    if whole == Some(CorefileChange::CopyTransfers) {
        corefile.servers.iter_mut().for_each(copy_transfers);
    }
    for server in &mut corefile.servers {
        migrate_server(server, place);
    }
    if whole == Some(CorefileChange::SplitForwards) {
        split_forwards(&mut corefile)?;
    }
    Ok(corefile)
}

fn migrate_server(server: &mut Server, place: usize) {
    let missing: Vec<_> = new_plugins(place)
        .filter(|(name, _)| !server.has_plugin(name))
        .collect();
    for plugin in &mut server.plugins {
        // What is only deprecated stays as it is.
        let rules = rules_of(place, &plugin.name);
        if let Some(rules) = rules.filter(|rules| rules.status != Status::Deprecated) {
            migrate_plugin(plugin, rules, place);
        }
    }
    for (name, rules) in missing {
        if rules
            .add_beside
            .iter()
            .any(|beside| server.has_plugin(beside))
        {
            server.plugins.push(Plugin::named(name));
        }
    }
}

fn migrate_plugin(plugin: &mut Plugin, rules: &Rules, place: usize) {
    let given: Vec<String> = plugin.options.iter().map(|one| one.name.clone()).collect();
    let options = std::mem::take(&mut plugin.options).into_iter();
    plugin.options = options
        .filter_map(|setting| match rules.option(&setting.name) {
            Some(rule) if rule.status != Status::Deprecated => migrated(setting, rule),
            _ => Some(setting),
        })
        .collect();
    if let Some(name) = rules.rename {
        name.clone_into(&mut plugin.name);
    }
    let rules = rules_of(place, &plugin.name);
    for (name, rule) in rules.into_iter().flat_map(Rules::new_options) {
        if !given.iter().any(|given| given == name) {
            plugin.options.push(Setting {
                name: rule.add.to_owned(),
                arguments: Vec::new(),
            });
        }
    }
}

/// Returns an option as the rule changes it; `None` if the rule removes it.
fn migrated(mut setting: Setting, rule: OptionRule) -> Option<Setting> {
    let first = setting.arguments.first().map(String::as_str);
    let force_tcp = || Setting {
        name: "force_tcp".into(),
        arguments: Vec::new(),
    };
    match rule.action {
        Action::Keep => Some(setting),
        Action::Remove => None,
        Action::FirstArgument => {
            setting.arguments.truncate(1);
            Some(setting)
        }
        Action::RemoveHttpsGoogle => (first != Some("https_google")).then_some(setting),
        Action::PolicyToForceTcp if setting.arguments == ["least_conn"] => Some(force_tcp()),
        Action::PolicyToForceTcp => Some(setting),
        Action::ProtocolToForceTcp => {
            let is_tcp = first == Some("force_tcp") && setting.arguments.len() > 1;
            is_tcp.then(force_tcp)
        }
    }
}

/// Adds the plugin `transfer` with the targets that `kubernetes` transfers its zone to.
fn copy_transfers(server: &mut Server) {
    let kubernetes = server
        .plugins
        .iter()
        .rfind(|plugin| plugin.name == "kubernetes");
    let zone = kubernetes.and_then(|plugin| plugin.arguments.first().cloned());
    let transfers = server
        .plugins
        .iter()
        .filter(|plugin| plugin.name == "kubernetes")
        .flat_map(|plugin| &plugin.options)
        .rfind(|option| option.name == "transfer");
    let Some([_, to @ ..]) = transfers.map(|option| option.arguments.as_slice()) else {
        return;
    };
    if to.is_empty() {
        return;
    }
    let to = Setting {
        name: "to".into(),
        arguments: to.to_vec(),
    };
    server.plugins.push(Plugin {
        arguments: zone.into_iter().collect(),
        options: vec![to],
        ..Plugin::named("transfer")
    });
}

/// Gives each `forward` for a domain a server of its own. If two follow each other, this step moves
/// only the first, and the step to the next version moves the second (the behaviour of CoreDNS' own
/// migration).
fn split_forwards(corefile: &mut Corefile) -> Result<(), String> {
    let mut servers = Vec::new();
    for server in &mut corefile.servers {
        let mut index = 0;
        while let Some(plugin) = server.plugins.get(index) {
            if is_for_domain(plugin)? {
                match server.keys.as_slice() {
                    [key] if key == "." || key == ".:53" => {}
                    [_] => {
                        return Err(
                            "unhandled migration of non-default domain/port server block".into(),
                        );
                    }
                    _ => {
                        return Err("unhandled migration of multi-domain/port server block".into());
                    }
                }
                servers.push(own_server(server.plugins.remove(index)));
            }
            index += 1;
        }
    }
    corefile.servers.append(&mut servers);
    Ok(())
}

fn is_for_domain(plugin: &Plugin) -> Result<bool, String> {
    if plugin.name != "forward" {
        return Ok(false);
    }
    let domain = plugin.arguments.first();
    let domain = domain.ok_or("found invalid forward plugin declaration")?;
    Ok(domain != ".")
}

/// Returns the server of a `forward` for a domain.
fn own_server(mut forward: Plugin) -> Server {
    let domain = std::mem::replace(&mut forward.arguments[0], ".".into());
    let cache = Plugin {
        arguments: vec!["30".into()],
        ..Plugin::named("cache")
    };
    let others = [Plugin::named("loop"), Plugin::named("errors"), cache];
    Server {
        keys: vec![domain],
        plugins: std::iter::once(forward).chain(others).collect(),
    }
}
