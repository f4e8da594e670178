//! Whether clients of Kubernetes can use a kubeconfig: the rules, the order and the words are those
//! of client-go's clientcmd and of kubeadm. Messages quote names, servers and paths, but no
//! credential.
use super::{Kubeconfig, Read};
use crate::text::json::kind_of;
use data_encoding::BASE64;
use kubephase_sdk::net::Url;
use kubephase_wit::FailureCode;
use serde_json::Value;
use std::collections::BTreeSet;

/// Why a kubeconfig cannot be used, by the step that finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KubeconfigProblem {
    /// it is not a kubeconfig
    Document(String),
    /// its current context leads to no server, or its parts do not fit together
    Context(String),
    /// no connection can be made with its values
    Client(String),
}

/// The lists of a kubeconfig: the name, the types in messages, and the part of each entry.
const LISTS: &[(&str, &str, &str)] = &[
    ("clusters", "NamedCluster", "cluster"),
    ("users", "NamedAuthInfo", "user"),
    ("contexts", "NamedContext", "context"),
];

/// The values that are encoded in base64.
const ENCODED: &[&str] = &[
    "certificate-authority-data",
    "client-certificate-data",
    "client-key-data",
];

/// An entry that does not exist.
static NOTHING: Value = Value::Null;

/// Returns why clients refuse a kubeconfig; `None` if they use it. `name` names it in messages,
/// `read` reads the files that it names.
pub fn problem_of_kubeconfig(text: &str, name: &str, read: Read) -> Option<KubeconfigProblem> {
    match Kubeconfig::parse(text, name) {
        Ok(kubeconfig) => kubeconfig.problem(read),
        Err(failure) => Some(KubeconfigProblem::Document(failure.to_text())),
    }
}

impl Kubeconfig {
    fn problem(&self, read: Read) -> Option<KubeconfigProblem> {
        if let Some(why) = self.document_problem() {
            return Some(KubeconfigProblem::Document(why));
        }
        let problems = self.context_problems(read);
        if !problems.is_empty() {
            let why = format!("invalid configuration: {}", listed(&problems));
            return Some(KubeconfigProblem::Context(why));
        }
        let token_file = text(self.entry_of_user(), "tokenFile");
        if let Err(why) = opened(token_file, read) {
            return Some(KubeconfigProblem::Context(why));
        }
        self.client_problem(read).map(KubeconfigProblem::Client)
    }

    fn document_problem(&self) -> Option<String> {
        let [kind, version] = ["kind", "apiVersion"].map(|field| text(&self.0, field));
        let is_known = ["", "Config"].contains(&kind) && ["", "v1"].contains(&version);
        if !is_known {
            return Some(format!(
                "no kind {kind:?} is registered for version {version:?}"
            ));
        }
        let lists = LISTS
            .iter()
            .map(|(list, of, _)| (*list, "array", format!("[]v1.{of}")));
        let context = ("current-context", "string", "string".to_owned());
        let wrong = lists.chain([context]).find_map(|(field, wanted, of)| {
            let found = kind_of(&self.0[field]);
            (found != wanted && found != "null").then(|| {
                format!(
                    "json: cannot unmarshal {found} into Go struct field Config.{field} of type \
                     {of}"
                )
            })
        });
        wrong.or_else(|| {
            LISTS
                .iter()
                .find_map(|(list, of, part)| self.list_problem(list, of, part))
        })
    }

    /// Returns the first problem of one list: a name that it has twice, or a value that is not
    /// base64.
    fn list_problem(&self, list: &str, of: &str, part: &str) -> Option<String> {
        let mut names = BTreeSet::new();
        for entry in self.0[list].as_array().into_iter().flatten() {
            let name = text(entry, "name");
            if !names.insert(name) {
                return Some(format!(
                    "error converting *[]{of} into a map: duplicate name {name:?} in list"
                ));
            }
            for field in ENCODED {
                if let Err(error) = BASE64.decode(text(&entry[part], field).as_bytes()) {
                    let byte = error.position;
                    return Some(format!("illegal base64 data at input byte {byte}"));
                }
            }
        }
        None
    }

    fn entry_of_user(&self) -> &Value {
        self.user().map_or(&NOTHING, |(_, user)| user)
    }

    fn context_problems(&self, read: Read) -> Vec<String> {
        let context = self.current_context();
        let mut problems = Vec::new();
        let is_found = self.0["contexts"]
            .as_array()
            .is_some_and(|contexts| contexts.iter().any(|entry| entry["name"] == context));
        if !context.is_empty() && !is_found {
            problems.push(format!(
                "context was not found for specified context: {context}"
            ));
        }
        if let Some((name, user)) = self.user() {
            problems.extend(user_problems(name, user, read));
        }
        let (name, cluster) = self.cluster().unwrap_or(("", &NOTHING));
        let is_empty = cluster.as_object().is_none_or(serde_json::Map::is_empty);
        if is_empty && problems.is_empty() {
            problems.push(
                "no configuration has been provided, try setting KUBERNETES_MASTER environment \
                 variable"
                    .to_owned(),
            );
        } else if is_empty {
            problems.push("cluster has no server defined".to_owned());
        } else {
            problems.extend(cluster_problems(name, cluster, read));
        }
        problems
    }

    fn client_problem(&self, read: Read) -> Option<String> {
        let server = self.server().unwrap_or_default();
        let address = if server.contains("://") {
            server.to_owned()
        } else {
            format!("http://{server}")
        };
        if Url::parse(&address).is_err() {
            return Some(format!(
                "host must be a URL or a host:port pair: {server:?}"
            ));
        }
        let lacks_pem = |entry: &Value, name: &str| {
            let data = self.data(entry, name, read).ok().flatten();
            data.is_some_and(|data| !data.is_empty() && !has_pem(&data))
        };
        let (_, cluster) = self.cluster().unwrap_or(("", &NOTHING));
        if lacks_pem(cluster, "certificate-authority") {
            let why = "unable to load root certificates: unable to parse bytes as PEM block";
            return Some(why.to_owned());
        }
        lacks_pem(self.entry_of_user(), "client-certificate")
            .then(|| "tls: failed to find any PEM data in certificate input".to_owned())
    }
}

/// Returns the text of a field; empty if there is none.
fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().unwrap_or_default()
}

fn has_pem(data: &[u8]) -> bool {
    String::from_utf8_lossy(data).contains("-----BEGIN ")
}

/// Returns problems as one text; several as a list.
fn listed(problems: &[String]) -> String {
    match problems {
        [problem] => problem.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// Opens a file that a kubeconfig names; an empty path names none.
fn opened(path: &str, read: Read) -> Result<(), String> {
    if path.is_empty() {
        return Ok(());
    }
    read(path).map(drop).map_err(|failure| {
        if failure.code == FailureCode::NotFound {
            format!("open {path}: no such file or directory")
        } else {
            failure.to_text()
        }
    })
}

fn user_problems(name: &str, user: &Value, read: Read) -> Vec<String> {
    let has = |field: &str| !text(user, field).is_empty();
    let mut problems = Vec::new();
    if has("client-certificate") || has("client-certificate-data") {
        if has("client-certificate") && has("client-certificate-data") {
            problems.push(format!(
                "client-cert-data and client-cert are both specified for {name}. client-cert-data \
                 will override."
            ));
        }
        if has("client-key") && has("client-key-data") {
            problems.push(format!(
                "client-key-data and client-key are both specified for {name}; client-key-data \
                 will override"
            ));
        }
        if !has("client-key") && !has("client-key-data") {
            problems.push(format!(
                "client-key-data or client-key must be specified for {name} to use the clientCert \
                 authentication method."
            ));
        }
        for (field, what) in [
            ("client-certificate", "client-cert"),
            ("client-key", "client-key"),
        ] {
            let path = text(user, field);
            problems.extend(
                opened(path, read)
                    .err()
                    .map(|why| format!("unable to read {what} {path} for {name} due to {why}")),
            );
        }
    }
    problems.extend(program_problems(name, user));
    let methods = [
        ("token", has("token")),
        ("basicAuth", has("username") || has("password")),
    ];
    let methods: Vec<&str> = methods
        .iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| *name)
        .collect();
    if methods.len() > 1 {
        problems.push(format!(
            "more than one authentication method found for {name}; found [{}], only one is allowed",
            methods.join(" ")
        ));
    }
    problems
}

/// Returns the problems of the program by which a user authenticates.
fn program_problems(name: &str, user: &Value) -> Vec<String> {
    let Some(program) = user["exec"].as_object() else {
        return Vec::new();
    };
    let lacks = |field: &&str| {
        let value = program.get(*field).and_then(Value::as_str);
        value.unwrap_or_default().is_empty()
    };
    let fields = ["command", "apiVersion", "interactiveMode"];
    let missing = fields.iter().filter(|field| lacks(field)).map(|field| {
        format!("{field} must be specified for {name} to use exec authentication plugin")
    });
    missing.collect()
}

fn cluster_problems(name: &str, cluster: &Value, read: Read) -> Vec<String> {
    let mut problems = Vec::new();
    if text(cluster, "server").is_empty() {
        problems.push(format!("no server found for cluster {name:?}"));
    }
    let path = text(cluster, "certificate-authority");
    if !path.is_empty() && !text(cluster, "certificate-authority-data").is_empty() {
        problems.push(format!(
            "certificate-authority-data and certificate-authority are both specified for {name}. \
             certificate-authority-data will override."
        ));
    }
    problems.extend(
        opened(path, read).err().map(|why| {
            format!("unable to read certificate-authority {path} for {name} due to {why}")
        }),
    );
    problems
}

#[cfg(test)]
mod tests;
