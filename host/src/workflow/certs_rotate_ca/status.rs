//! The progress of this node and the cluster in the exchange of an authority, by the certificates
//! of the node, the ConfigMap `cluster-info` and the records on the Nodes.
use crate::{
    config::{Config, is_control_plane},
    discovery::anonymous_kubeconfig,
    effect::pki::{kubelet_client_certificate, serving_certificate},
    phase::certs::renewal,
    pki::{Certificate, Key, Kubeconfig},
    program,
    render::objects::{CONTROL_PLANE_LABELS, ExchangeAnnotations, exchange_annotations},
    world::{
        Cluster, Files, World, WorldResult,
        text_file::{read_kubeconfig, read_secret_text, read_text},
    },
};
use data_encoding::BASE64;
use kubephase_sdk::{kubeadm::ClusterAuthority, spec::RenewedFile};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;
use std::collections::BTreeMap;

/// The progress of this node and of the cluster in an exchange.
#[derive(Default)]
pub(super) struct Status {
    pub authority: ClusterAuthority,
    /// name of this node
    pub node: String,
    pub is_control_plane: bool,
    /// the certificates directory
    pub directory: String,
    /// the authorities in the file of the authority, from the oldest to the newest
    pub trusted: Vec<Certificate>,
    /// the certificate of the new authority, beside it
    pub next: Vec<Certificate>,
    /// the key that signs; `None` on a worker, and where it is kept elsewhere
    pub key: Option<Key>,
    /// the key of the new authority, until it signs
    pub next_key: Option<Key>,
    /// the certificates of the node that the authority has signed: of `ca` the client certificate
    /// of the kubelet, of the others those in the certificates directory
    pub signed: Vec<Certificate>,
    /// the serving certificate that the cluster has signed for the kubelet
    pub kubelet_serving: Option<Certificate>,
    /// of `ca` the authorities in the ConfigMap `cluster-info`
    pub of_cluster: Vec<Certificate>,
    /// the records of all nodes that have the authority, by their names; on a worker only its own,
    /// because it may read no other
    pub records: BTreeMap<String, NodeRecord>,
    /// Unix seconds
    pub now: i64,
}

/// The progress that a node has recorded in the annotations of its Node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeRecord {
    pub is_control_plane: bool,
    /// fingerprints of the authorities that the node trusts, from the oldest to the newest
    pub trusted: Vec<String>,
    /// fingerprint of the authority that signed its certificates
    pub signed_by: String,
}

impl NodeRecord {
    fn of(node: &Value, annotations: &ExchangeAnnotations) -> NodeRecord {
        let metadata = &node["metadata"];
        let annotation = |name: &str| metadata["annotations"][name].as_str().unwrap_or_default();
        let trusted = annotation(annotations.trusted).split(',');
        NodeRecord {
            is_control_plane: metadata["labels"][CONTROL_PLANE_LABELS[0]].is_string(),
            trusted: trusted
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect(),
            signed_by: annotation(annotations.signer).to_owned(),
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
    pub fn read(
        authority: ClusterAuthority,
        world: &dyn World,
        config: &Config,
    ) -> WorldResult<Status> {
        let files = world.files();
        let (base, next) = (authority.base(), authority.next());
        let directory = config.cluster.certificates_dir.clone();
        let path = |name: &str| format!("{directory}/{name}");
        let is_control_plane = is_control_plane(files)?;
        let cluster = world.cluster().with_kubeconfig(&config.run.kubeconfig)?;
        let node = config.init.node_registration.name.clone();
        let records = if is_control_plane {
            cluster.list("v1", "Node", None, None)?
        } else {
            let own = cluster.get(&ObjectRef::node(&node))?;
            own.into_iter().collect()
        };
        let kubelet_path = format!("{}/kubelet.conf", config.run.kubeconfig_dir);
        let kubelet = read_kubeconfig(files, &kubelet_path)?;
        let of_cluster = if authority != ClusterAuthority::Ca {
            Vec::new()
        } else if is_control_plane {
            authorities_of_cluster(cluster.as_ref())?
        } else {
            authorities_of_cluster(as_anyone(world, kubelet.as_ref())?.as_ref())?
        };
        Ok(Status {
            is_control_plane,
            trusted: read_authorities(&path(&format!("{base}.crt")), files)?,
            next: read_authorities(&path(&format!("{next}.crt")), files)?,
            key: read_key(&path(&format!("{base}.key")), files)?,
            next_key: read_key(&path(&format!("{next}.key")), files)?,
            signed: match authority {
                ClusterAuthority::Ca => kubelet_client_certificate(&kubelet_path, files)?
                    .into_iter()
                    .collect(),
                _ => signed_certificates(base, config, files)?,
            },
            kubelet_serving: match authority {
                ClusterAuthority::Ca => serving_certificate(files)?,
                _ => None,
            },
            of_cluster,
            records: records_of(authority, &records),
            authority,
            now: jiff::Timestamp::now().as_second(),
            node,
            directory,
        })
    }
}

/// Returns the records of the nodes that have the authority.
fn records_of(authority: ClusterAuthority, nodes: &[Value]) -> BTreeMap<String, NodeRecord> {
    let annotations = exchange_annotations(authority);
    nodes
        .iter()
        .filter_map(|node| {
            let name = node["metadata"]["name"].as_str()?;
            Some((name.to_owned(), NodeRecord::of(node, &annotations)))
        })
        .filter(|(_, record)| record.is_control_plane || authority.concerns_workers())
        .collect()
}

/// Returns the certificates of the certificates directory that an authority signs.
fn signed_certificates(
    base: &str,
    config: &Config,
    files: &dyn Files,
) -> WorldResult<Vec<Certificate>> {
    let renewals = renewal::renewals(config).into_iter();
    let mut found = Vec::new();
    for spec in renewals.filter(|spec| spec.authority == base) {
        let RenewedFile::Certificate { base } = spec.file else {
            continue;
        };
        let text = read_text(files, &format!("{}/{base}.crt", spec.directory))?;
        found.extend(text.and_then(|text| Certificate::from_pem(&text).ok()));
    }
    Ok(found)
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
        .get(&ObjectRef::cluster_info())?
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
