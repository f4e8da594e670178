//! `token …`: bootstrap tokens of a cluster that is there.
use super::{CliError, Exit, print};
use crate::{
    config::{self, InitFlags, Problems},
    effect::{pki, token},
    render::{
        messages::{Join, on_one_line},
        objects,
    },
    world::{
        Cluster, Files,
        api::{ApiClient, Credentials, Direct},
        files::RootedFiles,
        node::facts::NodeFacts,
    },
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use data_encoding::BASE64;
use kubephase_sdk::{duration::Duration as Span, kubeadm::BootstrapToken, yaml};
use kubephase_wit::{Failure, ObjectRef};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long requests to the API are tried.
const BUDGET: Duration = Duration::from_secs(10);
const KIND: &str = "bootstrap.kubernetes.io/token";

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Kubeconfig to talk to the cluster with; else that of KUBECONFIG, ~/.kube/config or /etc/kubernetes/admin.conf
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Change nothing; tell what would be done
    #[arg(long, global = true)]
    pub dry_run: bool,
    #[command(subcommand)]
    pub command: TokenCommand,
}

#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum TokenCommand {
    /// Create a bootstrap token in the cluster
    Create(Create),
    /// List the bootstrap tokens of the cluster
    List {
        /// text, json or yaml
        #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json", "yaml"])]
        output: String,
    },
    /// Delete bootstrap tokens, by their ids or whole
    Delete {
        #[arg(value_name = "TOKEN")]
        tokens: Vec<String>,
    },
    /// Print a new bootstrap token, for `init --token`; no cluster is told of it
    Generate,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The token; else one is made
    #[arg(value_name = "TOKEN")]
    pub token: Option<String>,
    /// Configuration file, whose bootstrapTokens are created
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    pub description: String,
    /// Groups that its holder is in
    #[arg(long, value_delimiter = ',', default_value = objects::BOOTSTRAP_GROUP)]
    pub groups: Vec<String>,
    /// What it may be used for
    #[arg(long, value_delimiter = ',', default_value = "signing,authentication")]
    pub usages: Vec<String>,
    /// Its life; 0 for ever
    #[arg(long, default_value = "24h0m0s")]
    pub ttl: Span,
    /// Print the command with which nodes join, not the token alone
    #[arg(long)]
    pub print_join_command: bool,
    /// With that, the command for control planes, whose certificates are under this key
    #[arg(long, value_name = "KEY", default_value = "", hide_default_value = true)]
    pub certificate_key: String,
}

/// # Errors
/// What of the request does not fit, and what the cluster says.
pub fn run(request: &TokenRequest) -> Result<Exit> {
    match &request.command {
        TokenCommand::Generate => Ok(print::out(&format!("{}\n", token::random_token()))),
        TokenCommand::Create(asked) => create(asked, request),
        TokenCommand::List { output } => list(output, &Api::open(request)?),
        TokenCommand::Delete { tokens } => delete(tokens, request),
    }
}

/// The cluster of a kubeconfig.
struct Api {
    _runtime: tokio::runtime::Runtime,
    client: ApiClient,
    kubeconfig: String,
}

impl Api {
    fn open(request: &TokenRequest) -> Result<Api> {
        let path = std::path::absolute(request.kubeconfig.clone().unwrap_or_else(found))?;
        let kubeconfig = path.display().to_string();
        let files: Arc<dyn Files> = Arc::new(RootedFiles::open(Path::new("/")).context("the file tree cannot be opened")?);
        if files.stat(&kubeconfig).map_err(told)?.is_none() {
            return Err(anyhow!("failed to load kubeconfig: open {kubeconfig}: no such file or directory"));
        }
        let runtime = super::stage::runtime()?;
        let client = ApiClient::new(runtime.handle().clone(), files, Credentials::File(kubeconfig.clone()), Arc::new(Direct), BUDGET);
        Ok(Api { _runtime: runtime, client, kubeconfig })
    }

    fn tokens(&self) -> Result<Vec<Value>> {
        let secrets = self.client.list("v1", "Secret", Some("kube-system"), None).map_err(told)?;
        Ok(secrets.into_iter().filter(|secret| secret["type"] == KIND).collect())
    }
}

fn told(failure: Failure) -> anyhow::Error {
    anyhow!(failure.message)
}

/// The first kubeconfig that is there, of those kubeadm looks for; the first of all where none is.
#[allow(clippy::disallowed_methods, reason = "the kubeconfig is the operator's, not the node's")]
fn found() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| vec![PathBuf::from(home).join(".kube/config")]).unwrap_or_default();
    let given = std::env::var_os("KUBECONFIG").map(|list| std::env::split_paths(&list).collect::<Vec<_>>());
    let mut candidates = given.filter(|list| !list.is_empty()).unwrap_or_else(home);
    candidates.push("/etc/kubernetes/admin.conf".into());
    let there = candidates.iter().find(|path| path.exists()).cloned();
    there.unwrap_or_else(|| candidates.swap_remove(0))
}

fn create(asked: &Create, request: &TokenRequest) -> Result<Exit> {
    let tokens = match &asked.config {
        Some(file) => config::load_init(Some(file), &InitFlags::default(), &NodeFacts::default())?.config.init.bootstrap_tokens,
        None => vec![of_flags(asked)?],
    };
    let api = Api::open(request)?;
    for token in &tokens {
        let now = jiff::Timestamp::now().as_second();
        let secret = objects::token_secret(token, now).map_err(|why| anyhow!(why))?;
        let there = || anyhow!("a token with id {:?} already exists", token.id());
        if request.dry_run {
            print::hint(&format!("the Secret kube-system/{} would be created", secret.name));
        } else if let Err(failure) = api.client.create(&secret.manifest) {
            return Err(if failure.code == "already-exists" { there() } else { told(failure) });
        }
        print::out(&format!("{}\n", if asked.print_join_command { command(asked, token, &api)? } else { token.token.clone() }));
    }
    if !asked.certificate_key.is_empty() && !asked.print_join_command {
        return Err(anyhow!("cannot use --certificate-key without --print-join-command"));
    }
    Ok(Exit::Ok)
}

fn of_flags(asked: &Create) -> Result<BootstrapToken> {
    let given = asked.token.clone().unwrap_or_else(token::random_token);
    if !token::is_token(&given) {
        return Err(anyhow!("the bootstrap token was not of the form \"\\\\A([a-z0-9]{{6}})\\\\.([a-z0-9]{{16}})\\\\z\""));
    }
    let token = BootstrapToken {
        token: given,
        description: asked.description.clone(),
        ttl: Some(asked.ttl),
        usages: asked.usages.clone(),
        groups: asked.groups.clone(),
        ..BootstrapToken::default()
    };
    match config::bootstrap_token("bootstrapTokens.0", &token) {
        problems if problems.is_empty() => Ok(token),
        problems => Err(Problems(problems).into()),
    }
}

/// The command with which nodes join by this token.
fn command(asked: &Create, token: &BootstrapToken, api: &Api) -> Result<String> {
    let files = RootedFiles::open(Path::new("/")).context("the file tree cannot be opened")?;
    let facts = pki::kubeconfig_facts(&files, &api.kubeconfig).map_err(told)?.context("the kubeconfig is gone")?;
    let join = Join {
        endpoint: facts.server.trim_start_matches("https://").to_owned(),
        token: token.token.clone(),
        authority_hashes: facts.authority_public_keys_sha256,
    };
    let command = match asked.certificate_key.as_str() {
        "" => join.worker(),
        key => join.control_plane(Some(key)),
    };
    Ok(on_one_line(&command))
}

fn delete(tokens: &[String], request: &TokenRequest) -> Result<Exit> {
    const FORMS: &str = r#""\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z" or "\\A([a-z0-9]{6})\\z""#;
    if tokens.is_empty() {
        return Err(CliError::usage(format!("missing argument; 'token delete' is missing token of form {FORMS}")).into());
    }
    let is_id = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let api = Api::open(request)?;
    for given in tokens {
        let id = if token::is_token(given) { &given[..6] } else { given.as_str() };
        if !is_id(id) {
            // A secret half may be in it.
            return Err(CliError::usage(format!("given token didn't match pattern {FORMS}")).into());
        }
        let name = format!("bootstrap-token-{id}");
        let of = ObjectRef { api_version: "v1".into(), kind: "Secret".into(), namespace: Some("kube-system".into()), name };
        if !request.dry_run {
            api.client.delete(&of).map_err(|failure| anyhow!("failed to delete bootstrap token {id:?}: {}", failure.message))?;
        }
        print::out(&format!("bootstrap token {id:?} deleted\n"));
    }
    Ok(Exit::Ok)
}

/// A token as it is listed.
struct Listed {
    token: String,
    expires: Option<jiff::Timestamp>,
    usages: Vec<String>,
    description: String,
    groups: Vec<String>,
}

impl Listed {
    fn of(secret: &Value) -> Option<Listed> {
        let text = |key: &str| String::from_utf8(BASE64.decode(secret["data"][key].as_str()?.as_bytes()).ok()?).ok();
        let used = |usage: &&&str| text(&format!("usage-bootstrap-{usage}")).as_deref() == Some("true");
        Some(Listed {
            token: format!("{}.{}", text("token-id")?, text("token-secret")?),
            expires: text("expiration").and_then(|at| at.parse().ok()),
            usages: ["authentication", "signing"].iter().filter(used).map(ToString::to_string).collect(),
            description: text("description").unwrap_or_default(),
            groups: text("auth-extra-groups").map(|groups| groups.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        })
    }

    fn to_json(&self) -> Value {
        let mut value = json!({
            "kind": "BootstrapToken", "apiVersion": "output.kubeadm.k8s.io/v1alpha3",
            "token": self.token, "usages": self.usages, "groups": self.groups,
        });
        if !self.description.is_empty() {
            value["description"] = self.description.as_str().into();
        }
        if let Some(expires) = self.expires {
            value["expires"] = expires.to_string().into();
        }
        value
    }

    fn cells(&self) -> [String; 6] {
        let list = |list: &[String]| if list.is_empty() { "<none>".to_owned() } else { list.join(",") };
        let (ttl, expires) = match self.expires {
            None => ("<forever>".to_owned(), "<never>".to_owned()),
            Some(at) => (left(at.as_second() - jiff::Timestamp::now().as_second()), at.to_string()),
        };
        let description = if self.description.is_empty() { "<none>".to_owned() } else { self.description.clone() };
        [
            self.token.clone(),
            format!("{ttl:<9}"),
            expires,
            format!("{:<22}", list(&self.usages)),
            format!("{description:<56}"),
            list(&self.groups),
        ]
    }
}

/// A span in seconds, short.
fn left(seconds: i64) -> String {
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        ..0 => "0s".to_owned(),
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

fn list(output: &str, api: &Api) -> Result<Exit> {
    let listed: Vec<Listed> = api.tokens()?.iter().filter_map(Listed::of).collect();
    match output {
        "json" => listed.iter().for_each(|token| {
            print::out(&format!("{}\n", serde_json::to_string_pretty(&token.to_json()).unwrap_or_default()));
        }),
        "yaml" => listed.iter().for_each(|token| {
            print::out(&format!("{}---\n", yaml::to_string(&token.to_json())));
        }),
        _ if listed.is_empty() => {}
        _ => {
            let head = ["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"].map(str::to_owned);
            let rows: Vec<[String; 6]> = std::iter::once(head).chain(listed.iter().map(Listed::cells)).collect();
            let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0) + 3;
            let line = |row: &[String; 6]| {
                let cells = row.iter().enumerate().map(|(at, cell)| format!("{cell:<width$}", width = width(at)));
                format!("{}\n", cells.collect::<String>().trim_end())
            };
            print::out(&rows.iter().map(line).collect::<String>());
        }
    }
    Ok(Exit::Ok)
}
