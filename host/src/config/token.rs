//! The configuration of `token create`: the bootstrap tokens of a file, or one token from flags.
use super::{
    BootstrapToken, ConfigFile, InitConfiguration, InitFlags, Problem, Problems, defaults,
    flags::{check_not_mixed, names_of_given_flags},
    load_without_server, validate,
};
use crate::{
    secret::{Secret, bootstrap_token},
    world::node::facts::NodeFacts,
};
use clap::Args;
use kubephase_sdk::duration::Duration;
use std::path::Path;

/// Flags of `token create` that describe the token, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFlags {
    /// The token, id.secret [default: a new one]
    #[arg(value_name = "TOKEN")]
    pub token: Option<Secret<String>>,
    /// Configuration file; its bootstrapTokens are created
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// Description of the token's purpose
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Groups of clients that authenticate with the token [default:
    /// system:bootstrappers:kubeadm:default-node-token]
    #[arg(long, value_name = "GROUP")]
    pub groups: Vec<String>,
    /// How long the token is valid; 0 means for ever [default: 24h]
    #[arg(long, value_name = "DURATION")]
    pub ttl: Option<Duration>,
    /// What the token may be used for [default: signing,authentication]
    #[arg(long, value_name = "USAGE")]
    pub usages: Vec<String>,
}

impl TokenFlags {
    /// Checks what needs neither a file nor a cluster.
    ///
    /// # Errors
    /// The token is not of the form of a token, or a flag excludes the configuration file.
    pub fn check(&self) -> Result<(), Problems> {
        let named = self.config.as_deref().filter(|path| !path.is_empty());
        let file = named.map(|path| ConfigFile::at(Path::new(path)));
        check_not_mixed(file.as_ref(), &self.flags_instead_of_config())?;
        let mut given = self.token.iter().filter(|given| !given.is_empty());
        if given.all(bootstrap_token::is_token) {
            return Ok(());
        }
        Err(Problem::new("", bootstrap_token::malformed_message()).into())
    }

    /// Returns the given flags that exclude a configuration file.
    fn flags_instead_of_config(&self) -> Vec<&'static str> {
        names_of_given_flags([
            ("description", self.description.is_some()),
            ("groups", !self.groups.is_empty()),
            ("ttl", self.ttl.is_some()),
            ("usages", !self.usages.is_empty()),
        ])
    }
}

/// Complete and valid tokens; at least one.
#[derive(Debug)]
pub struct LoadedTokens {
    pub tokens: Vec<BootstrapToken>,
    pub warnings: Vec<Problem>,
}

/// Reads, completes and validates the tokens to create. [`TokenFlags::check`] has accepted the
/// flags. A token argument is ignored if the operator names a file.
///
/// # Errors
/// There are problems; all are reported.
pub fn load_tokens(
    file: Option<&ConfigFile>,
    flags: &TokenFlags,
    node: &NodeFacts,
) -> Result<LoadedTokens, Problems> {
    if file.is_some_and(|file| file.operator_file().is_some()) {
        let loaded = load_without_server(file, &InitFlags::default(), node)?;
        return Ok(LoadedTokens {
            tokens: loaded.config.init.bootstrap_tokens,
            warnings: loaded.warnings,
        });
    }
    let token = BootstrapToken {
        token: flags.token.clone().unwrap_or_default(),
        description: flags.description.clone().unwrap_or_default(),
        ttl: flags.ttl,
        expires: None,
        usages: flags.usages.clone(),
        groups: flags.groups.clone(),
    };
    let mut init = InitConfiguration {
        bootstrap_tokens: vec![token],
        ..InitConfiguration::default()
    };
    defaults::complete_init(&mut init);
    defaults::generate_tokens(&mut init);
    let problems = Problems(validate::bootstrap_tokens(&init.bootstrap_tokens));
    problems.or(LoadedTokens {
        tokens: init.bootstrap_tokens,
        warnings: Vec::new(),
    })
}
