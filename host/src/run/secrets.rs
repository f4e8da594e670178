//! The secrets of one run. Phases see placeholders. Effects take the values from the configuration,
//! which only the host has. The operator sees the values only in messages of built-in phases.
mod configuration;
mod objects;
mod placeholders;
mod spellings;

use self::configuration::{shapes, urls};
use crate::{
    config,
    secret::{SHORTEST_BLANKED, Secret},
};
use kubephase_sdk::{
    kubeadm::{Config, EnvVar},
    node::{is_common_proxy, is_proxy, without_user_info},
};
use placeholders::with_placeholders;
use serde_json::Value;
use spellings::Spellings;
use std::collections::BTreeMap;

/// The text that stands for a secret in records.
const BLANK: &str = "<secret>";

/// Placeholders and the secrets that they stand for.
///
/// A placeholder has two forms. Plugins see the public form, `<secret:token-0>`, which the host
/// never replaces by the value. Built-in phases see the sealed form, which ends with a random
/// number of this run, and which the host replaces in their messages. No plugin knows the number,
/// so no plugin can make the host reveal a secret.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// the random number
    seal: Secret<String>,
    named: Vec<(String, Secret<String>)>,
    /// secrets without a placeholder, which are blanked in records
    others: Vec<Secret<String>>,
    /// the secret settings of each plugin, by its name. The plugin knows them
    settings: BTreeMap<String, Spellings>,
}

/// A configuration without its secrets, in the forms that phases see.
pub struct MaskedConfig {
    /// for plugins: placeholders, and proxies without user names and passwords
    pub for_plugins: Value,
    /// for built-in phases: sealed placeholders, and proxies with user names and passwords, which
    /// the control plane's Pods need
    pub for_built_ins: Config,
    /// proxy variables that have user names or passwords: the form that plugins see, and the whole
    /// form
    pub proxies: Vec<(EnvVar, EnvVar)>,
    pub secrets: Secrets,
}

/// A text of a built-in phase that has sealed placeholders, in two forms.
pub struct OpenedText {
    /// with public placeholders, for records
    pub shown: String,
    /// with the values, for the operator's terminal
    pub revealed: Secret<String>,
}

impl Secrets {
    /// Takes the secrets out of a configuration.
    ///
    /// # Errors
    /// The configuration cannot be written as JSON.
    ///
    /// # Panics
    /// The operating system cannot provide random numbers.
    pub fn mask(config: &config::Config) -> serde_json::Result<MaskedConfig> {
        let mut number = [0; 16];
        aws_lc_rs::rand::fill(&mut number).expect("the system has randomness to give");
        let seal = Secret::new(data_encoding::HEXLOWER.encode(&number));
        let mut secrets = Secrets {
            seal,
            ..Secrets::default()
        };
        let for_built_ins = with_placeholders(config, &mut |name, value| {
            secrets.named.push((name.to_owned(), value));
            secrets.sealed_placeholder(name)
        });
        let mut for_plugins = with_placeholders(config, &mut |name, _| public_placeholder(name));
        secrets.mask_proxies(&mut for_plugins);
        let shown = for_plugins.run.proxy_environment.iter().cloned();
        let real = for_built_ins.run.proxy_environment.iter().cloned();
        let proxies = shown.zip(real).filter(|(shown, real)| shown != real);
        let proxies = proxies.collect();
        let mut for_plugins = serde_json::to_value(&for_plugins)?;
        secrets.others.extend(configuration::mask(&mut for_plugins));
        Ok(MaskedConfig {
            for_plugins,
            for_built_ins,
            proxies,
            secrets,
        })
    }

    /// Removes user names and passwords from all proxies of the configuration.
    fn mask_proxies(&mut self, config: &mut Config) {
        let cluster = &mut config.cluster;
        let components = [
            &mut cluster.api_server,
            &mut cluster.controller_manager,
            &mut cluster.scheduler,
        ];
        let of_components = components
            .into_iter()
            .flat_map(|component| &mut component.extra_envs);
        let of_etcd = cluster
            .etcd
            .local
            .iter_mut()
            .flat_map(|etcd| &mut etcd.extra_envs);
        let variables = config
            .run
            .proxy_environment
            .iter_mut()
            .chain(of_components)
            .chain(of_etcd);
        for EnvVar { name, value, .. } in variables {
            let shown = shown_value(name, value);
            if shown != *value {
                self.others.extend(secrets_of_proxy(value));
                *value = shown;
            }
        }
    }

    fn sealed_placeholder(&self, name: &str) -> String {
        format!("<secret:{name}:{}>", self.seal.reveal())
    }

    /// Opens the sealed placeholders of a text; `None` if it has no sealed placeholder.
    pub fn open(&self, text: &str) -> Option<OpenedText> {
        if self.seal.is_empty() || !text.contains(self.seal.reveal()) {
            return None;
        }
        let (mut shown, mut revealed) = (text.to_owned(), Secret::new(text.to_owned()));
        for (name, value) in &self.named {
            let sealed = self.sealed_placeholder(name);
            shown = shown.replace(&sealed, &public_placeholder(name));
            revealed = Secret::new(revealed.reveal().replace(&sealed, value.reveal()));
        }
        Some(OpenedText { shown, revealed })
    }

    /// Returns the values of this run's secrets.
    fn values(&self) -> impl Iterator<Item = &Secret<String>> {
        self.named
            .iter()
            .map(|(_, value)| value)
            .chain(&self.others)
    }

    /// Blanks the values of this run's secrets in a text.
    pub fn blank(&self, text: &mut String) {
        blank_values(self.values(), text);
        let of_plugins = self.settings.values();
        of_plugins.for_each(|own| own.replace_in(text, BLANK));
    }

    /// Blanks the plugin's own secret settings in a text of the plugin, and the host's secrets. The
    /// settings of other plugins stay: a plugin does not know them, and so cannot repeat them. And
    /// no plugin can blank words of another plugin by settings of its own.
    pub fn blank_text_of(&self, plugin: &str, text: &mut String) {
        blank_values(self.values(), text);
        self.blank_settings_of(plugin, text);
    }

    /// Blanks only the plugin's own secret settings. Meant for texts that the plugin can read
    /// again: they must not tell it which of its guesses are secrets.
    pub fn blank_settings_of(&self, plugin: &str, text: &mut String) {
        if let Some(own) = self.settings.get(plugin) {
            own.replace_in(text, BLANK);
        }
    }

    /// Blanks the values of this run's secrets in every string of a JSON value.
    pub fn blank_value(&self, value: &mut Value) {
        change_texts(value, &|text| self.blank(text));
    }

    /// Adds the values of a plugin's secret settings, which are blanked from now on.
    pub fn add_settings(&mut self, plugin: &str, values: impl IntoIterator<Item = Secret<String>>) {
        let values: Vec<_> = values.into_iter().collect();
        self.settings
            .insert(plugin.to_owned(), Spellings::of(&values));
    }

    /// Whether a name that a plugin gives holds one of its secret settings, in any usual spelling.
    pub fn are_in_name(&self, plugin: &str, name: &str) -> bool {
        let own = self.settings.get(plugin);
        own.is_some_and(|own| own.are_in(name))
    }

    /// Returns a document of a component's configuration in the form that plugins see.
    pub fn shown_document(&self, mut document: Value) -> Value {
        configuration::mask(&mut document);
        self.blank_value(&mut document);
        document
    }
}

/// Blanks values in a text.
fn blank_values<'a>(values: impl Iterator<Item = &'a Secret<String>>, text: &mut String) {
    for value in values
        .map(Secret::reveal)
        .filter(|value| value.len() >= SHORTEST_BLANKED)
    {
        if text.contains(value.as_str()) {
            *text = text.replace(value.as_str(), BLANK);
        }
    }
}

/// Changes every string of a JSON value.
fn change_texts(value: &mut Value, change: &dyn Fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| change_texts(item, change)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| change_texts(field, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the placeholder that plugins see.
fn public_placeholder(name: &str) -> String {
    format!("<secret:{name}>")
}

/// Returns the value of an environment variable in the form that plugins see. A proxy whose form is
/// not one of the common forms is replaced as a whole.
fn shown_value(name: &str, value: &str) -> String {
    let has_url = value.contains("://");
    if is_common_proxy(name) || has_url {
        let shown = urls::without_path(&without_user_info(value));
        if shapes::is_hosts(&shown) {
            return shown;
        }
    }
    if is_proxy(name) || has_url {
        public_placeholder("proxy")
    } else {
        value.to_owned()
    }
}

/// Returns the secrets in the value of a proxy: the whole value, its user info, and its password.
fn secrets_of_proxy(value: &str) -> Vec<Secret<String>> {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let user_info = rest.rsplit_once('@').map(|(user_info, _)| user_info);
    let password = user_info
        .and_then(|user_info| user_info.split_once(':'))
        .map(|(_, password)| password);
    [Some(value), user_info, password]
        .into_iter()
        .flatten()
        .map(|value| Secret::new(value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests;
