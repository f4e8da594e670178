//! How far this node and the cluster are with the exchange of the authority, as the certificates of
//! the node, the ConfigMap `cluster-info` and the records on the Nodes say.
use crate::{
    config::{Config, is_control_plane},
    discovery::anonymous_kubeconfig,
    pki::{Certificate, Key, Kubeconfig},
    program,
    render::objects::{CONTROL_PLANE_LABELS, SIGNING_AUTHORITY, TRUSTED_AUTHORITIES},
    world::{
        Cluster, Files, World, WorldResult,
        text_file::{read_kubeconfig, read_secret_text, read_text},
    },
};
use data_encoding::BASE64;
use kubephase_sdk::spec::exchange_file::NEXT;
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;
use std::collections::BTreeMap;

/// How far this node and the cluster are.
pub(super) struct Status {
    /// name of this node
    pub node: String,
    pub is_control_plane: bool,
    /// the certificates directory
    pub directory: String,
    /// the authorities in `ca.crt`, from the oldest to the newest
    pub trusted: Vec<Certificate>,
    /// the certificate of the new authority, beside `ca.crt`
    pub next: Vec<Certificate>,
    /// the key that signs; `None` on a worker, and where it is kept elsewhere
    pub key: Option<Key>,
    /// the key of the new authority, until it signs
    pub next_key: Option<Key>,
    /// the client certificate of the kubelet
    pub kubelet: Option<Certificate>,
    /// the authorities in the ConfigMap `cluster-info`
    pub of_cluster: Vec<Certificate>,
    /// the records of all nodes by their names; on a worker only its own, because it may read no
    /// other
    pub records: BTreeMap<String, NodeRecord>,
    /// Unix seconds
    pub now: i64,
}

/// What a node has recorded on its Node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeRecord {
    pub is_control_plane: bool,
    /// fingerprints of the authorities that the node trusts, from the oldest to the newest
    pub trusted: Vec<String>,
    /// fingerprint of the authority that signed its certificates
    pub signed_by: String,
}

impl NodeRecord {
    fn of(node: &Value) -> NodeRecord {
        let metadata = &node["metadata"];
        let annotation = |name: &str| metadata["annotations"][name].as_str().unwrap_or_default();
        let trusted = annotation(TRUSTED_AUTHORITIES).split(',');
        NodeRecord {
            is_control_plane: metadata["labels"][CONTROL_PLANE_LABELS[0]].is_string(),
            trusted: trusted
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect(),
            signed_by: annotation(SIGNING_AUTHORITY).to_owned(),
        }
    }

    /// Whether the node took part in an exchange.
    pub fn exists(&self) -> bool {
        !self.trusted.is_empty()
    }
}

impl Status {
    /// Reads the status.
    ///
    /// # Errors
    /// A file of the node or an object of the cluster cannot be read, or is missing.
    pub fn read(world: &dyn World, config: &Config) -> WorldResult<Status> {
        let files = world.files();
        let directory = config.cluster.certificates_dir.clone();
        let path = |name: &str| format!("{directory}/{name}");
        let is_control_plane = is_control_plane(files)?;
        let cluster = world.cluster().with_kubeconfig(&config.run.kubeconfig)?;
        let node = config.init.node_registration.name.clone();
        let records = if is_control_plane {
            cluster.list("v1", "Node", None, None)?
        } else {
            let own = cluster.get(&reference("Node", None, &node))?;
            own.into_iter().collect()
        };
        let kubelet_path = format!("{}/kubelet.conf", config.run.kubeconfig_dir);
        let kubelet = read_kubeconfig(files, &kubelet_path)?;
        let of_cluster = if is_control_plane {
            authorities_of_cluster(cluster.as_ref())?
        } else {
            authorities_of_cluster(as_anyone(world, kubelet.as_ref())?.as_ref())?
        };
        Ok(Status {
            is_control_plane,
            trusted: read_authorities(&path("ca.crt"), files)?,
            next: read_authorities(&path(&format!("{NEXT}.crt")), files)?,
            key: read_key(&path("ca.key"), files)?,
            next_key: read_key(&path(&format!("{NEXT}.key")), files)?,
            kubelet: kubelet.and_then(|kubeconfig| client_certificate(&kubeconfig, files)),
            of_cluster,
            records: records
                .iter()
                .filter_map(|node| {
                    let name = node["metadata"]["name"].as_str()?;
                    Some((name.to_owned(), NodeRecord::of(node)))
                })
                .collect(),
            now: jiff::Timestamp::now().as_second(),
            node,
            directory,
        })
    }
}

fn read_authorities(path: &str, files: &dyn Files) -> WorldResult<Vec<Certificate>> {
    let text = read_text(files, path)?.unwrap_or_default();
    Certificate::authorities_by_age([text.as_str()]).map_err(|why| Failure {
        remedy: Some(format!("put a valid file at {path}")),
        ..Failure::new(FailureCode::Invalid, format!("{path}: {why}"))
    })
}

/// Reads a key; `None` if there is none, or it cannot be used.
fn read_key(path: &str, files: &dyn Files) -> WorldResult<Option<Key>> {
    let pem = read_secret_text(files, path)?;
    Ok(pem.and_then(|pem| Key::from_pem(&pem).ok()))
}

fn client_certificate(kubeconfig: &Kubeconfig, files: &dyn Files) -> Option<Certificate> {
    let (_, user) = kubeconfig.user()?;
    let read = |path: &str| files.read(path);
    let pem = kubeconfig.data(user, "client-certificate", &read).ok()??;
    Certificate::from_pem(&String::from_utf8_lossy(&pem)).ok()
}

/// Returns the API without credentials, at the server of the kubelet, which its authorities have to
/// prove: a kubelet may not read `cluster-info`, while everyone without credentials may.
fn as_anyone(world: &dyn World, kubelet: Option<&Kubeconfig>) -> WorldResult<Box<dyn Cluster>> {
    let files = world.files();
    let server = kubelet.and_then(Kubeconfig::server).unwrap_or_default();
    let authorities = match kubelet {
        Some(kubeconfig) => kubeconfig.authorities(&|path| files.read(path))?,
        None => None,
    };
    let text = anonymous_kubeconfig(server, Some(&authorities.unwrap_or_default()));
    world.cluster().as_holder_of(&text)
}

/// Returns the authorities in the ConfigMap `cluster-info`.
fn authorities_of_cluster(cluster: &dyn Cluster) -> WorldResult<Vec<Certificate>> {
    let unusable = |why: &str| Failure {
        remedy: Some(format!(
            "make the ConfigMap anew on a control plane: {}; nodes learn the authorities from it",
            program::command("init phase bootstrap-token")
        )),
        ..Failure::new(
            FailureCode::Invalid,
            format!("the ConfigMap cluster-info of the namespace kube-public {why}"),
        )
    };
    let info = cluster
        .get(&reference("ConfigMap", Some("kube-public"), "cluster-info"))?
        .ok_or_else(|| unusable("does not exist"))?;
    let text = info["data"]["kubeconfig"].as_str().unwrap_or_default();
    let kubeconfig = Kubeconfig::parse(text, "the kubeconfig of cluster-info")
        .map_err(|_| unusable("has no kubeconfig"))?;
    let pem = kubeconfig
        .main_cluster()
        .and_then(|cluster| cluster["certificate-authority-data"].as_str())
        .and_then(|data| BASE64.decode(data.as_bytes()).ok())
        .ok_or_else(|| unusable("has no authority"))?;
    Certificate::authorities_by_age([String::from_utf8_lossy(&pem).as_ref()])
        .map_err(|why| unusable(&format!("has an authority that cannot be read: {why}")))
}

fn reference(kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: kind.into(),
        namespace: namespace.map(Into::into),
        name: name.into(),
    }
}
