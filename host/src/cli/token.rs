//! `token`: bootstrap tokens of a cluster, which let nodes join.
use super::{
    CliError, Exit,
    cluster::{ClusterFlags, Connection},
    local_node,
    output::FormatFlags,
    print,
};
use crate::{
    config::{self, BootstrapToken, MachineFolder, TokenFlags},
    program,
    render::{
        messages::{self, JoinTarget},
        objects::{TokenSecret, token_reference, token_secret},
    },
    secret::{Secret, bootstrap_token},
    world::{Cluster, node::facts::NodeFacts},
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use kubephase_sdk::yaml;
use kubephase_wit::{Failure, ObjectRef};
use serde_json::Value;

mod list;

/// Handle bootstrap tokens
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    #[command(flatten)]
    pub cluster: ClusterFlags,
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// The commands `token …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// Create a bootstrap token, and print it or the join command
    Create(CreateFlags),
    /// Print the bootstrap tokens of the cluster
    List(TokenListFlags),
    /// Delete bootstrap tokens
    Delete(DeleteFlags),
    /// Generate and print a bootstrap token for `init --token`, without creating it in a cluster
    Generate,
}

/// The flags of `token create`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateFlags {
    #[command(flatten)]
    token: TokenFlags,
    /// Print the whole `kubeadm join` command instead of the token
    #[arg(long)]
    print_join_command: bool,
    /// With --print-join-command: print the command for a control plane, with this key of the
    /// uploaded certificates
    #[arg(long, value_name = "KEY")]
    certificate_key: Option<Secret<String>>,
}

/// The flags of `token list`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenListFlags {
    #[command(flatten)]
    output: FormatFlags,
}

/// The flags of `token delete`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteFlags {
    /// Ids of tokens, or whole tokens
    #[arg(value_name = "TOKEN")]
    tokens: Vec<Secret<String>>,
}

/// Carries out a command.
///
/// # Errors
/// The arguments or the kubeconfig cannot be used, or the cluster refuses the request.
pub fn run(
    TokenRequest { cluster, command }: &TokenRequest,
    machine: &MachineFolder,
) -> Result<Exit> {
    match command {
        TokenCommand::Create(flags) => create(flags, cluster, machine),
        TokenCommand::List(flags) => list::run(&flags.output, cluster),
        TokenCommand::Delete(flags) => delete(flags, cluster),
        TokenCommand::Generate => Ok(print::text(&format!(
            "{}\n",
            bootstrap_token::random_token().reveal()
        ))),
    }
}

/// Creates tokens: either all of them, or none.
fn create(flags: &CreateFlags, cluster: &ClusterFlags, machine: &MachineFolder) -> Result<Exit> {
    let key = flags.certificate_key.as_ref().filter(|key| !key.is_empty());
    if key.is_some() && !flags.print_join_command {
        return Err(
            CliError::usage("cannot use --certificate-key without --print-join-command").into(),
        );
    }
    flags.token.check()?;
    let connection = cluster.connect()?;
    // The command does not use the container runtime.
    let node = NodeFacts {
        cri_sockets: Vec::new(),
        ..local_node::facts_for_reading()
    };
    let file = config::config_file(flags.token.config.as_deref(), machine)?;
    let config::LoadedTokens { tokens, warnings } =
        config::load_tokens(file.as_ref(), &flags.token, &node)?;
    local_node::warn(&warnings);
    let line = if flags.print_join_command {
        join_command(&connection, &tokens[0], key)?
    } else {
        tokens[0].token.clone()
    };
    let now = jiff::Timestamp::now().as_second();
    let secrets = tokens
        .iter()
        .map(|token| Ok((bootstrap_token::id(&token.token), token_secret(token, now)?)))
        .collect::<Result<Vec<_>, String>>();
    let (secrets, tokens) = (
        secrets.map_err(|why| anyhow!(why))?,
        Tokens {
            connection: &connection,
            dry: cluster.dry_run,
        },
    );
    secrets
        .iter()
        .try_for_each(|(id, _)| tokens.check_free(id))?;
    secrets
        .iter()
        .try_for_each(|(_, secret)| tokens.create(secret))?;
    Ok(print::text(&format!("{}\n", line.reveal())))
}

/// Returns the command with which a worker joins by a token. With a certificate key, it is the
/// command of a control-plane node.
fn join_command(
    connection: &Connection,
    token: &BootstrapToken,
    certificate_key: Option<&Secret<String>>,
) -> Result<Secret<String>> {
    if let Some(why) = &connection.kubeconfig.error {
        return Err(anyhow!("failed to get join command: {why}"));
    }
    let (target, token) = (
        JoinTarget::from_kubeconfig(&connection.kubeconfig),
        token.token.reveal(),
    );
    let command = match certificate_key {
        None => target.worker(token),
        Some(key) => target.control_plane(token, Some(key.reveal())),
    };
    Ok(Secret::new(messages::to_single_line(&command)))
}

/// Deletes tokens. If an argument is not a token or the id of one, deletes nothing.
fn delete(flags: &DeleteFlags, cluster: &ClusterFlags) -> Result<Exit> {
    let [whole, id] = [bootstrap_token::PATTERN, bootstrap_token::ID_PATTERN];
    if flags.tokens.is_empty() {
        return Err(CliError::usage(format!(
            "missing argument; 'token delete' is missing token of form {whole:?} or {id:?}"
        ))
        .into());
    }
    let are_tokens = flags
        .tokens
        .iter()
        .all(|given| bootstrap_token::is_id(given.reveal()) || bootstrap_token::is_token(given));
    let (connection, ()) = cluster.connect_and_check(|| {
        let why = format!("given token didn't match pattern {id:?} or {whole:?}");
        are_tokens
            .then_some(())
            .ok_or_else(|| CliError::usage(why).into())
    })?;
    let tokens = Tokens {
        connection: &connection,
        dry: cluster.dry_run,
    };
    // Only the id of a whole token is used.
    for id in flags
        .tokens
        .iter()
        .filter_map(|given| given.reveal().split('.').next())
    {
        tokens.delete(id)?;
        print::text(&format!("bootstrap token {id:?} deleted\n"));
    }
    Ok(Exit::Ok)
}

/// The tokens of a cluster. A dry run reads them, and prints what it would write.
struct Tokens<'a> {
    connection: &'a Connection,
    dry: bool,
}

impl Tokens<'_> {
    /// Checks that the cluster has no token of this id.
    ///
    /// # Errors
    /// The cluster has a token of this id.
    fn check_free(&self, id: &str) -> Result<()> {
        let found = self
            .connection
            .api
            .get(&token_reference(id))
            .map_err(Failure::into_error)
            .context("failed to look for the token")?;
        found.map_or(Ok(()), |_| {
            Err(anyhow!(
                "a token with id {id:?} already exists\n`{}` removes it",
                program::command(&format!("token delete {id}"))
            ))
        })
    }

    fn create(&self, TokenSecret { name, manifest }: &TokenSecret) -> Result<()> {
        if self.dry {
            print_dry_run("CREATE", None, Some(manifest));
            return Ok(());
        }
        self.connection
            .api
            .create(manifest)
            .map(drop)
            .map_err(Failure::into_error)
            .with_context(|| format!("failed to create or update bootstrap token with name {name}"))
    }

    fn delete(&self, id: &str) -> Result<()> {
        let reference = token_reference(id);
        if self.dry {
            print_dry_run("DELETE", Some(&reference), None);
            return Ok(());
        }
        self.connection
            .api
            .delete(&reference, None)
            .map_err(Failure::into_error)
            .with_context(|| format!("failed to delete bootstrap token {id:?}"))
    }
}

/// Prints what a run would do to a Secret, in kubeadm's words.
fn print_dry_run(verb: &str, reference: Option<&ObjectRef>, manifest: Option<&Value>) {
    let name = reference.map(|reference| {
        format!(
            "[dryrun] Resource name {:?}, namespace {:?}\n",
            reference.name,
            reference.namespace.as_deref().unwrap_or_default()
        )
    });
    let attached = manifest
        .map(|manifest| format!("[dryrun] Attached object:\n{}", yaml::to_string(manifest)));
    let action = format!(
        "[dryrun] Would perform action {verb} on resource \"secrets\" in API group \"core/v1\"\n"
    );
    print::text(
        &[Some(action), name, attached]
            .into_iter()
            .flatten()
            .collect::<String>(),
    );
}
