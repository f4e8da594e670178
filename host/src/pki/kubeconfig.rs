//! Kubeconfigs: the cluster and the user of their current context.
use crate::secret::Secret;
use data_encoding::BASE64;
use kubephase_sdk::yaml;
use kubephase_wit::{Failure, FailureCode};
use serde_json::Value;

/// Reads a file that a kubeconfig names.
type Read<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, Failure>;

/// A kubeconfig as it was read; fields nobody here knows stay where they are.
#[derive(Clone)]
pub struct Kubeconfig(Value);

impl std::fmt::Debug for Kubeconfig {
    /// Its users have secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kubeconfig({:?})", self.current_context())
    }
}

impl Kubeconfig {
    /// A text; `name` is for what goes wrong.
    ///
    /// # Errors
    /// `invalid` where it is no kubeconfig.
    pub fn parse(text: &str, name: &str) -> Result<Kubeconfig, Failure> {
        let parsed: Value = serde_yaml::from_str(text)
            .map_err(|_| invalid(format!("{name} is not a kubeconfig: it is not YAML")))?;
        if parsed.is_object() {
            Ok(Kubeconfig(parsed))
        } else {
            Err(invalid(format!("{name} is not a kubeconfig")))
        }
    }

    pub fn to_text(&self) -> Secret<String> {
        Secret::new(yaml::to_string(&self.0))
    }

    /// The cluster without a name, as `cluster-info` has it, else that of the current context.
    pub fn main_cluster(&self) -> Option<&Value> {
        self.entry("clusters", "", "cluster")
            .or_else(|| Some(self.cluster()?.1))
    }

    /// Whether its current user could be told from anyone.
    pub fn has_credentials(&self) -> bool {
        self.user()
            .and_then(|(_, user)| user.as_object())
            .is_some_and(|user| !user.is_empty())
    }

    /// Puts the files that it names into it.
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

    /// The same with another entry for the current context's user.
    pub fn with_user(&self, entry: &Value) -> Kubeconfig {
        let mut document = self.0.clone();
        let name = self.user().map(|(name, _)| name);
        for user in document["users"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter(|user| name.is_some_and(|name| user["name"] == name))
        {
            user["user"] = entry.clone();
        }
        Kubeconfig(document)
    }

    /// As text, every cluster with this authority (base64).
    pub fn with_authority(&self, authority: &str) -> Secret<String> {
        let mut document = self.0.clone();
        for cluster in clusters_mut(&mut document) {
            cluster["certificate-authority-data"] = authority.into();
        }
        Secret::new(yaml::to_string(&document))
    }

    pub fn current_context(&self) -> &str {
        self.0["current-context"].as_str().unwrap_or_default()
    }

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

    /// Name and entry of the current context's cluster.
    pub fn cluster(&self) -> Option<(&str, &Value)> {
        let name = self.context()?["cluster"].as_str()?;
        Some((name, self.entry("clusters", name, "cluster")?))
    }

    /// Name and entry of the current context's user.
    pub fn user(&self) -> Option<(&str, &Value)> {
        let name = self.context()?["user"].as_str()?;
        Some((name, self.entry("users", name, "user")?))
    }

    pub fn server(&self) -> Option<&str> {
        self.cluster()?.1["server"].as_str()
    }

    /// The same with every cluster at another address, its certificate checked by the name it has
    /// here.
    pub fn with_address(&self, address: &std::net::SocketAddr) -> Kubeconfig {
        let mut document = self.0.clone();
        for cluster in clusters_mut(&mut document) {
            let server = cluster["server"]
                .as_str()
                .and_then(|server| url::Url::parse(server).ok());
            let host = server
                .as_ref()
                .and_then(url::Url::host_str)
                .map(|host| host.trim_matches(['[', ']']).to_owned());
            cluster["tls-server-name"] = host.unwrap_or_default().into();
            cluster["server"] = format!("https://{address}").into();
        }
        Kubeconfig(document)
    }

    /// A value that is embedded, or else in the file that is named.
    pub fn data(&self, entry: &Value, name: &str, read: Read) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(data) = entry[format!("{name}-data")].as_str() {
            return BASE64
                .decode(data.as_bytes())
                .map(Some)
                .map_err(|_| invalid(format!("{name}-data of a kubeconfig is not base64")));
        }
        entry[name].as_str().map(read).transpose()
    }

    /// The authorities of the current context's cluster, PEM.
    pub fn authorities(&self, read: Read) -> Result<Option<String>, Failure> {
        let Some((_, cluster)) = self.cluster() else {
            return Ok(None);
        };
        Ok(self
            .data(cluster, "certificate-authority", read)?
            .map(|pem| String::from_utf8_lossy(&pem).into_owned()))
    }
}

/// The clusters of a kubeconfig, which may be malformed.
fn clusters_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    document["clusters"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get_mut("cluster"))
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}
