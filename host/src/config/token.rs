//! What `token create` is given: bootstrap tokens of a file, or one by flags.
use super::{
    BootstrapToken, InitConfiguration, InitFlags, Problem, Problems, defaults,
    flags::{config_file, unmixed},
    load_init, validate,
};
use crate::{
    secret::{Secret, bootstrap_token},
    world::node::facts::NodeFacts,
};
use clap::Args;
use kubephase_sdk::duration::Duration;

/// Flags of `token create` that say what the token is, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFlags {
    /// The token, id.secret [default: a new one]
    #[arg(value_name = "TOKEN")]
    pub token: Option<Secret<String>>,
    /// Configuration file; its bootstrapTokens are created
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// What the token is for, for people
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Groups of whoever authenticates with it [default:
    /// system:bootstrappers:kubeadm:default-node-token]
    #[arg(long, value_delimiter = ',', value_name = "GROUP")]
    pub groups: Vec<String>,
    /// How long it lives; 0 for ever [default: 24h]
    #[arg(long, value_name = "DURATION")]
    pub ttl: Option<Duration>,
    /// What it may be used for [default: signing,authentication]
    #[arg(long, value_delimiter = ',', value_name = "USAGE")]
    pub usages: Vec<String>,
}

impl TokenFlags {
    /// What must not be given together with a configuration file.
    fn not_with_config(&self) -> Vec<&'static str> {
        [
            ("description", self.description.is_some()),
            ("groups", !self.groups.is_empty()),
            ("ttl", self.ttl.is_some()),
            ("usages", !self.usages.is_empty()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}

/// Tokens that can be created, whole and at least one.
#[derive(Debug)]
pub struct LoadedTokens {
    pub tokens: Vec<BootstrapToken>,
    pub warnings: Vec<Problem>,
}

/// Reads, defaults and validates the tokens to create. A file decides alone, also over a token that
/// is given.
///
/// # Errors
/// Every problem there is, as far as reading came.
pub fn load_tokens(flags: &TokenFlags, node: &NodeFacts) -> Result<LoadedTokens, Problems> {
    let file = config_file(&flags.config);
    unmixed(file.as_ref(), &flags.not_with_config())?;
    if flags
        .token
        .as_ref()
        .is_some_and(|given| !given.is_empty() && !bootstrap_token::is_token(given))
    {
        return Err(Problem::new("", bootstrap_token::malformed_message()).into());
    }
    if file.is_some() {
        let loaded = load_init(file.as_ref(), &InitFlags::default(), node)?;
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
    defaults::init(&mut init);
    defaults::secrets(&mut init);
    let problems = validate::bootstrap_tokens(&init.bootstrap_tokens);
    if problems.is_empty() {
        Ok(LoadedTokens {
            tokens: init.bootstrap_tokens,
            warnings: Vec::new(),
        })
    } else {
        Err(Problems(problems))
    }
}
