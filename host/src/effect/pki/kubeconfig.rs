//! Kubeconfigs: made with a client certificate of their own, and used again where they fit.
use super::{
    Certificate, Key, Outcome, Wanted,
    reuse::{WRONG_KEY, authority_certificate},
    secret_text,
};
use crate::{
    effect::{Context, Enacted},
    render::kubeconfig::{Client, client, with_token},
    secret::Secret,
    world::{Files, Tried},
};
use data_encoding::BASE64;
use kubephase_sdk::{
    spec::{KubeconfigSpec, RotatedKubeconfigSpec, Usage},
    yaml,
};
use kubephase_wit::Failure;
use serde_json::{Value, json};

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
    /// The file at a path; none where there is none.
    ///
    /// # Errors
    /// `invalid` where it is no kubeconfig.
    pub fn read(files: &dyn Files, path: &str) -> Tried<Option<Kubeconfig>> {
        secret_text(files, path)?
            .map(|text| Kubeconfig::parse(text.reveal(), path))
            .transpose()
    }

    /// A text; `name` is for what goes wrong.
    ///
    /// # Errors
    /// `invalid` where it is no kubeconfig.
    pub fn parse(text: &str, name: &str) -> Tried<Kubeconfig> {
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
        self.named("clusters", "", "cluster")
            .or_else(|| Some(self.cluster()?.1))
    }

    /// Whether its current user could be told from anyone.
    pub fn has_credentials(&self) -> bool {
        self.user()
            .and_then(|(_, user)| user.as_object())
            .is_some_and(|user| !user.is_empty())
    }

    /// Puts the files that it names into it.
    pub fn embed(&mut self, read: &dyn Fn(&str) -> Tried<Vec<u8>>) -> Tried<()> {
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

    /// As text, every cluster with this authority (base64).
    pub fn trusting(&self, authority: &str) -> Secret<String> {
        let mut document = self.0.clone();
        for cluster in document["clusters"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.get_mut("cluster"))
        {
            cluster["certificate-authority-data"] = authority.into();
        }
        Secret::new(yaml::to_string(&document))
    }

    pub fn current_context(&self) -> &str {
        self.0["current-context"].as_str().unwrap_or_default()
    }

    fn named(&self, list: &str, name: &str, what: &str) -> Option<&Value> {
        self.0[list]
            .as_array()?
            .iter()
            .find(|entry| entry["name"] == name)?
            .get(what)
    }

    fn context(&self) -> Option<&Value> {
        self.named("contexts", self.current_context(), "context")
    }

    /// Name and entry of the current context's cluster.
    pub fn cluster(&self) -> Option<(&str, &Value)> {
        let name = self.context()?["cluster"].as_str()?;
        Some((name, self.named("clusters", name, "cluster")?))
    }

    /// Name and entry of the current context's user.
    pub fn user(&self) -> Option<(&str, &Value)> {
        let name = self.context()?["user"].as_str()?;
        Some((name, self.named("users", name, "user")?))
    }

    pub fn server(&self) -> Option<&str> {
        self.cluster()?.1["server"].as_str()
    }

    /// The same with every cluster at another address, its certificate checked by the name it has
    /// here.
    pub fn dialled(&self, address: &std::net::SocketAddr) -> Kubeconfig {
        let mut document = self.0.clone();
        for cluster in document["clusters"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.get_mut("cluster"))
        {
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
    pub fn data(&self, entry: &Value, name: &str, files: &dyn Files) -> Tried<Option<Vec<u8>>> {
        if let Some(data) = entry[format!("{name}-data")].as_str() {
            return BASE64
                .decode(data.as_bytes())
                .map(Some)
                .map_err(|_| invalid(format!("{name}-data of a kubeconfig is not base64")));
        }
        entry[name]
            .as_str()
            .map(|path| files.read(path))
            .transpose()
    }

    /// The authorities of the current context's cluster, PEM.
    pub fn authorities(&self, files: &dyn Files) -> Tried<Option<String>> {
        let Some((_, cluster)) = self.cluster() else {
            return Ok(None);
        };
        Ok(self
            .data(cluster, "certificate-authority", files)?
            .map(|pem| String::from_utf8_lossy(&pem).into_owned()))
    }
}

/// How the user of a new kubeconfig proves who it is.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// a certificate of its own, whose time counts from here (Unix seconds)
    Certificate {
        started: i64,
    },
    Token(&'a Secret<String>),
}

/// Writes a kubeconfig with a client certificate of its own; one that trusts the same authority is
/// left alone. `files` are those that the kubeconfig may be among: a plugin has no kubeconfig of
/// the host made or looked at.
pub fn ensure_kubeconfig(
    spec: &KubeconfigSpec,
    context: &Context,
    files: &dyn Files,
) -> Tried<Outcome> {
    let own = context.world.files();
    if let Some(existing) = Kubeconfig::read(files, &spec.path)? {
        let (root, _) =
            authority_certificate(own, &spec.directory, &spec.authority).map_err(no_authority)?;
        let warning = usable(&existing, spec, &root, files)?;
        let said = format!("Using existing kubeconfig file: {:?}", spec.path);
        return Ok(Outcome {
            warnings: warning.into_iter().collect(),
            ..Outcome::new(Enacted::Unchanged, [said])
        });
    }
    let text = kubeconfig_text(
        spec,
        own,
        Credential::Certificate {
            started: context.started,
        },
    )?;
    files.write(&spec.path, text.reveal().as_bytes(), 0o600, None)?;
    Ok(Outcome::new(
        Enacted::Changed,
        [format!("Writing {:?} kubeconfig file", name(spec))],
    ))
}

/// A new kubeconfig. The authority's key has to be there also where nothing is signed (kubeadm
/// behaviour).
///
/// # Errors
/// `invalid` where the authority cannot be used, or the certificate cannot be what is asked for.
pub fn kubeconfig_text(
    spec: &KubeconfigSpec,
    files: &dyn Files,
    credential: Credential<'_>,
) -> Tried<Secret<String>> {
    let (root, root_key) =
        authority_certificate(files, &spec.directory, &spec.authority).map_err(no_authority)?;
    let root_key = root_key.map_err(no_authority)?;
    let (cluster, server, user, authority_pem) =
        (&spec.cluster_name, &spec.server, &spec.user, &root.to_pem());
    let started = match credential {
        Credential::Token(token) => {
            return Ok(with_token(cluster, server, authority_pem, user, token));
        }
        Credential::Certificate { started } => started,
    };
    let failed = |why: String| invalid(format!("kubeconfig {}: {why}", name(spec)));
    let key = Key::generate(spec.algorithm).map_err(failed)?;
    let wanted = Wanted {
        common_name: &spec.common_name,
        organizations: &spec.organizations,
        dns_names: &[],
        ip_addresses: &[],
        usages: &[Usage::ClientAuth],
        // As old as the authority, so that clocks that differ do not matter.
        not_before: root.not_before(),
        not_after: started.saturating_add(spec.validity_seconds),
    };
    let (certificate_pem, key_pem) = (
        &Certificate::signed(&wanted, &key, &root, &root_key)
            .map_err(failed)?
            .to_pem(),
        &key.to_pem().map_err(failed)?,
    );
    Ok(client(&Client {
        cluster,
        server,
        authority_pem,
        user,
        certificate_pem,
        key_pem,
    }))
}

fn name(spec: &KubeconfigSpec) -> &str {
    spec.path.rsplit('/').next().unwrap_or(&spec.path)
}

/// kubeadm's words for an authority that is not there; a key of another authority is told as it is.
fn no_authority(failure: Failure) -> Failure {
    if failure.code == WRONG_KEY {
        return failure;
    }
    Failure {
        message: format!(
            "the CA files do not exist, please run `kubeadm init phase certs ca` to generate it: \
             {}",
            failure.message
        ),
        remedy: Some("run the phase certs/ca first".into()),
        ..failure
    }
}

/// Whether an existing kubeconfig trusts the authority; a warning where it names another server.
fn usable(
    existing: &Kubeconfig,
    spec: &KubeconfigSpec,
    root: &Certificate,
    files: &dyn Files,
) -> Tried<Option<String>> {
    let path = &spec.path;
    let refused = |why: String| Failure {
        remedy: Some(format!("remove {path} to have it made anew")),
        ..invalid(why)
    };
    if existing.cluster().is_none() {
        return Err(refused(format!(
            "the kubeconfig file {path:?} has no cluster for its current context {:?}",
            existing.current_context()
        )));
    }
    let pem = existing.authorities(files)?.unwrap_or_default();
    let found = Certificate::all(pem.trim()).unwrap_or_default();
    if found.first() != Some(&root.der) {
        let count = found.len();
        return Err(refused(format!(
            "a kubeconfig file {path:?} exists but does not contain a trusted CA in its current \
             context's cluster. Total CA certificates found: {count}"
        )));
    }
    let server = existing.server().unwrap_or_default();
    let warning = format!(
        "a kubeconfig file {path:?} exists already but has an unexpected API Server URL: expected: \
         {}, got: {server}",
        spec.server
    );
    Ok((server != spec.server).then_some(warning))
}

/// Points the current user of an existing kubeconfig at a certificate file that is rotated. `files`
/// are those that the kubeconfig may be among: a plugin points no kubeconfig of the host elsewhere.
pub fn ensure_rotated(spec: &RotatedKubeconfigSpec, files: &dyn Files) -> Tried<bool> {
    let missing = || Failure::new("not-found", format!("{} does not exist", spec.path));
    let Kubeconfig(mut document) = Kubeconfig::read(files, &spec.path)?.ok_or_else(missing)?;
    let read = Kubeconfig(document.clone());
    let (name, user) = read
        .user()
        .ok_or_else(|| invalid(format!("{} has no user for its current context", spec.path)))?;
    let wanted = json!({
        "client-certificate": spec.client_certificate,
        "client-key": spec.client_certificate,
    });
    if *user == wanted {
        return Ok(false);
    }
    for entry in document["users"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter(|entry| entry["name"] == name)
    {
        entry["user"] = wanted.clone();
    }
    files.write(
        &spec.path,
        yaml::to_string(&document).as_bytes(),
        0o600,
        None,
    )?;
    Ok(true)
}

fn invalid(message: String) -> Failure {
    Failure::new("invalid", message)
}
