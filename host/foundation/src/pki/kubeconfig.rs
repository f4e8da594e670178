//! Kubeconfigs as values: the cluster and the user of their current context.
mod embedded;
mod usable;

use crate::{secret::Secret, text::yaml_budget};
use data_encoding::BASE64;
use kubephase_sdk::{
    net::{Url, parse_address},
    yaml,
};
use kubephase_wit::{Failure, FailureCode};
use rustls::pki_types::ServerName;
use serde_json::Value;

pub use usable::{KubeconfigProblem, problem_of_kubeconfig};

/// The largest number of lists, maps and scalars in a kubeconfig.
const MAX_NODES: usize = 20_000;
/// The largest size of all scalars of a kubeconfig together, in bytes.
const MAX_BYTES: usize = 2 << 20;

/// Reads a file whose path a kubeconfig names.
type Read<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, Failure>;

/// A kubeconfig. Fields that are unknown here are kept.
#[derive(Clone)]
pub struct Kubeconfig(Value);

impl std::fmt::Debug for Kubeconfig {
    /// Prints only the name of the context, because users have secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kubeconfig({:?})", self.current_context())
    }
}

/// Reads the YAML of a kubeconfig; `None` if it is not YAML, or too large.
fn read_kubeconfig(text: &str) -> Option<Value> {
    serde_yaml::from_str_with_options(text, yaml_budget::options(MAX_NODES, MAX_BYTES)).ok()
}

impl Kubeconfig {
    /// Parses a kubeconfig. `name` names it in failures. An empty document is a kubeconfig without
    /// contexts, as for other clients of Kubernetes.
    ///
    /// # Errors
    /// `invalid` if the text is not a kubeconfig.
    pub fn parse(text: &str, name: &str) -> Result<Kubeconfig, Failure> {
        let parsed =
            read_kubeconfig(text).ok_or_else(|| not_a_kubeconfig(name, ": it is not YAML"))?;
        if parsed.is_null() {
            Ok(Kubeconfig(Value::Object(serde_json::Map::new())))
        } else if parsed.is_object() {
            Ok(Kubeconfig(parsed))
        } else {
            Err(not_a_kubeconfig(name, ""))
        }
    }

    /// Returns the kubeconfig as YAML.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(yaml::to_string(&self.0))
    }

    /// Returns the cluster that has no name, as in `cluster-info`; without one, the cluster of the
    /// current context.
    pub fn main_cluster(&self) -> Option<&Value> {
        self.entry("clusters", "", "cluster")
            .or_else(|| Some(self.cluster()?.1))
    }

    /// Whether the user of the current context has credentials.
    pub fn has_credentials(&self) -> bool {
        self.user()
            .and_then(|(_, user)| user.as_object())
            .is_some_and(|user| !user.is_empty())
    }

    /// Replaces the paths in the kubeconfig by the contents of their files.
    ///
    /// # Errors
    /// The failure of `read`.
    pub fn embed_files(&mut self, read: Read) -> Result<(), Failure> {
        for (list, what, fields) in [
            ("clusters", "cluster", ["certificate-authority"].as_slice()),
            (
                "users",
                "user",
                ["client-certificate", "client-key"].as_slice(),
            ),
        ] {
            for entry in self.0[list]
                .as_array_mut()
                .into_iter()
                .flatten()
                .filter_map(|entry| entry[what].as_object_mut())
            {
                for field in fields {
                    if let Some(path) = entry.remove(*field).as_ref().and_then(Value::as_str) {
                        let data = BASE64.encode(&read(path)?);
                        entry.entry(format!("{field}-data")).or_insert(data.into());
                    }
                }
                if let Some(path) = entry.remove("tokenFile").as_ref().and_then(Value::as_str) {
                    let token = String::from_utf8_lossy(&read(path)?).trim().to_owned();
                    entry.entry("token").or_insert(token.into());
                }
            }
        }
        Ok(())
    }

    /// Returns a copy in which the user of the current context has this entry.
    pub fn with_user(&self, entry: &Value) -> Kubeconfig {
        let mut document = self.0.clone();
        let name = self.user().map(|(name, _)| name);
        for user in entries_mut(&mut document, "users", name) {
            user["user"] = entry.clone();
        }
        Kubeconfig(document)
    }

    /// Returns the kubeconfig as YAML, with this authority (PEM in base64) for every cluster.
    pub fn with_authority(&self, authority: &str) -> Secret<String> {
        let mut document = self.0.clone();
        for cluster in clusters_mut(&mut document) {
            cluster["certificate-authority-data"] = authority.into();
        }
        Secret::new(yaml::to_string(&document))
    }

    /// Returns the name of the current context; empty if there is none.
    pub fn current_context(&self) -> &str {
        self.0["current-context"].as_str().unwrap_or_default()
    }

    /// Returns the field `what` of the entry with the name `name` in a list of the kubeconfig.
    fn entry(&self, list: &str, name: &str, what: &str) -> Option<&Value> {
        self.0[list]
            .as_array()?
            .iter()
            .find(|entry| entry["name"] == name)?
            .get(what)
    }

    fn context(&self) -> Option<&Value> {
        self.entry("contexts", self.current_context(), "context")
    }

    /// Returns the name and the entry of the current context's cluster.
    pub fn cluster(&self) -> Option<(&str, &Value)> {
        let name = self.context()?["cluster"].as_str()?;
        Some((name, self.entry("clusters", name, "cluster")?))
    }

    /// Returns the name and the entry of the current context's user.
    pub fn user(&self) -> Option<(&str, &Value)> {
        let name = self.context()?["user"].as_str()?;
        Some((name, self.entry("users", name, "user")?))
    }

    /// Returns the URL of the current context's cluster.
    pub fn server(&self) -> Option<&str> {
        self.cluster()?.1["server"].as_str()
    }

    /// Returns a copy in which every cluster has another address. The certificate of a cluster is
    /// still verified against the host of the original URL.
    pub fn with_address(&self, address: &std::net::SocketAddr) -> Kubeconfig {
        let mut document = self.0.clone();
        for cluster in clusters_mut(&mut document) {
            let server = Url::parse(cluster["server"].as_str().unwrap_or_default());
            let name = server.map(|server| tls_name(server.host()));
            cluster["tls-server-name"] = name.unwrap_or_default().into();
            cluster["server"] = format!("https://{address}").into();
        }
        Kubeconfig(document)
    }

    /// Sets the server of all clusters. Returns whether one changed; `None` if there is no list of
    /// clusters.
    pub fn set_server(&mut self, url: &str) -> Option<bool> {
        self.0["clusters"].as_array()?;
        let mut is_changed = false;
        for cluster in clusters_mut(&mut self.0) {
            is_changed |= cluster["server"] != url;
            cluster["server"] = url.into();
        }
        Some(is_changed)
    }

    /// Sets the authorities (PEM) by which the server of the current context's cluster is verified.
    /// Returns whether anything changed; `None` if there is no such cluster.
    pub fn set_authorities(&mut self, authorities: &str) -> Option<bool> {
        let (name, _) = self.cluster()?;
        let (name, data) = (name.to_owned(), BASE64.encode(authorities.as_bytes()));
        let mut is_changed = false;
        let entries = entries_mut(&mut self.0, "clusters", Some(&name));
        for cluster in entries.filter_map(cluster_mut) {
            is_changed |= cluster["certificate-authority-data"] != data.as_str();
            cluster["certificate-authority-data"] = data.as_str().into();
            if let Some(fields) = cluster.as_object_mut() {
                is_changed |= fields.remove("certificate-authority").is_some();
            }
        }
        Some(is_changed)
    }

    /// Returns a value of an entry: the embedded value, or the content of the file that the entry
    /// names.
    ///
    /// # Errors
    /// `invalid` if the embedded value is not base64; otherwise the failure of `read`.
    pub fn data(&self, entry: &Value, name: &str, read: Read) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(data) = entry[format!("{name}-data")].as_str() {
            return BASE64
                .decode(data.as_bytes())
                .map(Some)
                .map_err(|_| invalid(format!("{name}-data of a kubeconfig is not base64")));
        }
        entry[name].as_str().map(read).transpose()
    }

    /// Returns the authorities of the current context's cluster, as PEM.
    ///
    /// # Errors
    /// `invalid` if the embedded value is not base64; otherwise the failure of `read`.
    pub fn authorities(&self, read: Read) -> Result<Option<String>, Failure> {
        let Some((_, cluster)) = self.cluster() else {
            return Ok(None);
        };
        Ok(self
            .data(cluster, "certificate-authority", read)?
            .map(|pem| String::from_utf8_lossy(&pem).into_owned()))
    }
}

/// Returns the name that the certificate of an API server at this host has to have. If TLS cannot
/// verify the host (`7.8.9`, or a label of more than 63 characters), it is `kubernetes`, which the
/// certificates of all API servers have.
pub fn tls_name(host: &str) -> String {
    match parse_address(host) {
        Some(address) => address.to_string(),
        None if ServerName::try_from(host).is_ok() => host.to_owned(),
        None => "kubernetes".to_owned(),
    }
}

/// Returns the entries of this name in a list of a kubeconfig, which may be malformed.
fn entries_mut<'a>(
    document: &'a mut Value,
    list: &str,
    name: Option<&'a str>,
) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    document[list]
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter(move |entry| name.is_some_and(|name| entry["name"] == name))
}

/// Returns the clusters of a kubeconfig, which may be malformed.
fn clusters_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let entries = document["clusters"].as_array_mut();
    entries.into_iter().flatten().filter_map(cluster_mut)
}

/// Returns the cluster of an entry; `None` if it cannot have fields.
fn cluster_mut(entry: &mut Value) -> Option<&mut Value> {
    fields_mut(entry, "cluster")
}

/// Returns a part of an entry; `None` if there is none, or if it cannot have fields.
fn fields_mut<'a>(entry: &'a mut Value, part: &str) -> Option<&'a mut Value> {
    let part = entry.get_mut(part)?;
    (part.is_object() || part.is_null()).then_some(part)
}

fn not_a_kubeconfig(name: &str, why: &str) -> Failure {
    let remedy = format!(
        "replace {name} by a kubeconfig, which is a YAML document with clusters, users and contexts"
    );
    Failure {
        remedy: Some(remedy),
        ..invalid(format!("{name} is not a kubeconfig{why}"))
    }
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}
