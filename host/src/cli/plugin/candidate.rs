//! A plugin that `plugin add` or `plugin allow` is about to lock.
use super::{Expectation, known::KnownPlugin};
use crate::{
    config::{self, ConfigFile},
    pki::signature::Signer,
    plugin::{
        consent::{Consent, ConsentQuestion},
        digest::ComponentDigest,
        identity::PluginIdentity,
        lines::AllowedLines,
        load::{self, LoadRequest, digest_flag},
        refused::PluginRefused,
        registry::FetchedComponent,
        settings, source,
    },
    program,
    wasm::{engine::Engine, plugin::Plugin},
    world::reach::ClusterSubnets,
};
use anyhow::Result;
use std::path::Path;

/// A plugin that was fetched and read, and that meets the operator's expectations.
pub struct Candidate {
    pub plugin: Plugin,
    /// the source in the form in which the configuration names it
    pub source: String,
    /// digest of the artifact's manifest, if the source is a registry
    pub source_digest: Option<String>,
    pub signer: Option<Signer>,
    component: Vec<u8>,
    /// the subnets of the cluster's Services
    cluster_subnets: ClusterSubnets,
}

impl Candidate {
    /// Fetches a plugin, compares its digest with the expected one, verifies its signature if a
    /// signer is known already, and reads it. `command` is the operator's command without
    /// `--signer` and `--digest`.
    ///
    /// # Errors
    /// The plugin cannot be fetched, or it or the schema of its settings is refused.
    pub fn fetch(
        source: &str,
        config: &Path,
        signer: Option<Signer>,
        digest: Option<&ComponentDigest>,
        command: &str,
        engine: &Engine,
    ) -> Result<Candidate> {
        let request = load_request(source, config, signer.as_ref(), command);
        let FetchedComponent {
            bytes,
            digest: source_digest,
        } = load::fetch(&request)?;
        check_digest(source, config, &bytes, digest)?;
        let plugin = load::read(&request, bytes.clone(), engine)?;
        load::check_name(&plugin.manifest().name)?;
        settings::check_schema(plugin.manifest())?;
        let subnets = config::cluster_subnets(&ConfigFile::at(config))?;
        Ok(Candidate {
            cluster_subnets: ClusterSubnets::parse(&subnets),
            plugin,
            source: source.to_owned(),
            source_digest,
            signer,
            component: bytes,
        })
    }

    /// Verifies the signature of a plugin if its signer became known only by the name in its
    /// manifest.
    ///
    /// # Errors
    /// The signature is missing or wrong.
    pub fn require_signer(&mut self, signer: Signer, config: &Path, command: &str) -> Result<()> {
        let request = load_request(&self.source, config, Some(&signer), command);
        load::verify_signature(&request, &self.component)?;
        self.signer = Some(signer);
        Ok(())
    }

    /// Returns the name in the plugin's manifest.
    pub fn name(&self) -> &str {
        &self.plugin.manifest().name
    }

    /// Returns the digest of the component.
    pub fn digest(&self) -> ComponentDigest {
        ComponentDigest::of_plugin(&self.plugin)
    }

    /// Returns the identity by which the lock knows the plugin.
    pub fn identity(&self) -> PluginIdentity {
        PluginIdentity::new(&self.source, self.signer.as_ref())
    }

    /// Refuses the plugin unless the operator consented to this component and, if `consent` is
    /// given, to all that the plugin asks for. If it is not given, what was allowed before stays
    /// allowed. `command` is the command that allows the plugin, without `--signer` and `--digest`.
    ///
    /// # Errors
    /// The operator did not consent to everything; the message has the command that does.
    pub fn check_consent(
        &self,
        known: &KnownPlugin,
        consent: Option<Consent>,
        expectation: &Expectation,
        command: &str,
    ) -> Result<AllowedLines, PluginRefused> {
        let identity = self.identity();
        let before = known.allowed_lines(&identity);
        let question = ConsentQuestion {
            plugin: &self.plugin,
            allowed: &before,
            in_place_of: known.replaced_identity(&identity),
            command: self.full_command(command, expectation),
            cluster_subnets: self.cluster_subnets,
        };
        if consent.is_some() || !before.granted.is_empty() {
            question.check_digest_named(&self.source, expectation.digest.as_ref())?;
        }
        match consent {
            None => Ok(known.keep_allowed(&self.plugin, &identity)),
            Some(consent) => {
                consent.check(&question)?;
                Ok(AllowedLines::all_of(&self.plugin))
            }
        }
    }

    /// Returns a command with the signer that the operator named, and with the digest of this
    /// component.
    pub fn full_command(&self, command: &str, expectation: &Expectation) -> String {
        let signer = expectation.signer.as_ref().and(self.signer.as_ref());
        let signer = signer.map(|signer| format!(" --signer {signer}"));
        format!(
            "{command}{}{}",
            signer.unwrap_or_default(),
            digest_flag(Some(&self.digest()))
        )
    }
}

/// Returns the request to load a source, which is written as in the configuration.
fn load_request<'a>(
    source: &'a str,
    config: &'a Path,
    signer: Option<&'a Signer>,
    command: &'a str,
) -> LoadRequest<'a> {
    LoadRequest {
        source,
        base_dir: config.parent().unwrap_or(Path::new("")),
        pinned: None,
        signer,
        command: Some(command),
    }
}

/// Refuses a component that does not have the digest that the operator named.
fn check_digest(
    source: &str,
    config: &Path,
    component: &[u8],
    wanted: Option<&ComponentDigest>,
) -> Result<(), PluginRefused> {
    let found = ComponentDigest::compute(component);
    match wanted.filter(|wanted| **wanted != found) {
        None => Ok(()),
        Some(wanted) => Err(PluginRefused::new(format!(
            "{source} gives the component {found}, not {wanted} as --digest says; nothing was \
             changed\nto look at what it gives now: {} {}",
            program::command("plugin inspect"),
            source::source_word(source, config)
        ))),
    }
}
