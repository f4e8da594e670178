//! The closing words of the workflows, and the commands with which other nodes join. The words are
//! kubeadm's.
use kubephase_sdk::{kubeadm::Config, spec::KubeconfigFacts};

/// The text in place of a secret that must not be shown.
pub const WITHHELD: &str = "<value withheld>";

/// The cluster in a join command: its address, and the authorities to trust. The functions that
/// write a command get the secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinTarget {
    /// `host:port`
    pub endpoint: String,
    /// SHA-256 of the public key of each authority, in lower-case hexadecimal
    pub authority_hashes: Vec<String>,
}

impl JoinTarget {
    /// Returns the target of the cluster in a kubeconfig.
    pub fn from_kubeconfig(cluster: &KubeconfigFacts) -> JoinTarget {
        JoinTarget {
            endpoint: cluster.server.trim_start_matches("https://").to_owned(),
            authority_hashes: cluster.authority_public_keys_sha256.clone(),
        }
    }

    /// Returns the command for a worker, with kubeadm's line breaks.
    pub fn worker(&self, token: &str) -> String {
        let hashes: String = self
            .authority_hashes
            .iter()
            .map(|hash| format!("--discovery-token-ca-cert-hash sha256:{hash} "))
            .collect();
        format!(
            "kubeadm join {} --token {token} \\\n\t{hashes}",
            self.endpoint
        )
    }

    /// Returns the command for another control-plane node.
    pub fn control_plane(&self, token: &str, certificate_key: Option<&str>) -> String {
        let key = certificate_key
            .map(|key| format!("--certificate-key {key}"))
            .unwrap_or_default();
        format!("{}\\\n\t--control-plane {key}", self.worker(token))
    }
}

/// Returns a command on one line, as `token create --print-join-command` prints it.
pub fn to_single_line(command: &str) -> String {
    command.replace("\\\n", "").replace('\t', "")
}

/// The way in which further control-plane nodes may join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlPlaneJoin<'a> {
    /// they cannot: the cluster has no control-plane endpoint
    No,
    /// with certificates that the operator copies by hand
    Copied,
    /// with certificates that the cluster stores, encrypted with this key
    Uploaded(&'a str),
}

/// Returns the closing words of join.
pub fn join_message<S>(config: &Config<S>) -> String {
    if config.join.as_ref().is_none_or(|join| !join.control_plane) {
        return "\nThis node has joined the cluster:\n\
            * Certificate signing request was sent to apiserver and a response was received.\n\
            * The Kubelet was informed of the new secure connection details.\n\n\
            Run 'kubectl get nodes' on the control-plane to see this node join the cluster.\n\n"
            .into();
    }
    let etcd = config
        .cluster
        .etcd
        .local
        .is_some()
        .then_some("* A new etcd member was added to the local/stacked etcd cluster.");
    format!(
        "\nThis node has joined the cluster and a new control plane instance was created:\n\n\
         * Certificate signing request was sent to apiserver and approval was received.\n\
         * The Kubelet was informed of the new secure connection details.\n\
         * Control plane label and taint were applied to the new node.\n\
         * The Kubernetes control plane instances scaled up.\n\
         {}\n\n\
         To start administering your cluster from this node, you need to run the following as a \
         regular user:\n\n\
         \tmkdir -p $HOME/.kube\n\
         \tsudo cp -i {} $HOME/.kube/config\n\
         \tsudo chown $(id -u):$(id -g) $HOME/.kube/config\n\n\
         Run 'kubectl get nodes' to see this node join the cluster.\n\n",
        etcd.unwrap_or_default(),
        config.run.kubeconfig
    )
}

/// The lines before the configuration is read from the cluster.
pub const READING_CONFIGURATION: [&str; 2] = [
    "Reading configuration from the \"kubeadm-config\" ConfigMap in namespace \"kube-system\"...",
    "Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
];

/// The closing words of a dry run of an upgrade.
pub const UPGRADE_REHEARSED: &str = "[upgrade/successful] Finished dryrunning successfully!\n";

/// Returns the words of `upgrade apply` after an upgrade that another one follows.
pub fn upgraded_message(version: &str) -> String {
    format!(
        "\n[upgrade] SUCCESS! A control plane node of your cluster was upgraded to {version:?}.\n"
    )
}

/// Returns the closing words of `upgrade apply`.
pub fn upgrade_message(version: &str) -> String {
    format!(
        "{}\n[upgrade] Now please proceed with upgrading the rest of the nodes by following the \
         right order.\n",
        upgraded_message(version)
    )
}

/// Returns the closing words of `upgrade rollback`.
pub fn rollback_message(version: &str) -> String {
    format!(
        "\n[upgrade/rollback] SUCCESS! This machine is back where its last upgrade began: \
         {version:?}.\n"
    )
}

/// The closing words of `certs renew all` without restarts, which are kubeadm's.
pub const RENEWED_WITHOUT_RESTART: &str = "\nDone renewing certificates. You must restart the \
    kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new \
    certificates.\n";

/// The closing words of `certs renew all`.
pub const RENEWED: &str = "\nDone renewing certificates. kube-apiserver and etcd read their new \
    certificates without a restart.\n";

/// The closing words of `certs renew all` on a node whose kubelet's certificate had expired.
pub const RENEWED_AFTER_EXPIRY: &str = "\nDone renewing certificates. kube-apiserver and etcd read \
    their new certificates without a restart, and the kubelet of this node has a new \
    certificate.\n\nRun this on the other control planes as well. A worker whose certificate has \
    expired gets another one from a control plane, with the ClusterConfiguration in \
    FILE:\n\tkubephase kubeconfig user --config FILE --org system:nodes --client-name \
    system:node:NAME > kubelet.conf\nPut the file at /etc/kubernetes/kubelet.conf of the worker, \
    and restart its kubelet.\n";

/// The closing words of `certs renew all --install-timer`.
pub const TIMER_INSTALLED: &str = "\nThe timer kubephase-certs-renew renews the certificates of \
    this node each month, if they end within 60 days. `systemctl list-timers` shows when.\n";

/// The closing words of `certs renew all --remove-timer`.
pub const TIMER_REMOVED: &str = "\nThe timer kubephase-certs-renew is removed.\n";

/// The closing words of reset.
pub const RESET: &str = "\n\
    The reset process does not perform cleanup of CNI plugin configuration,\n\
    network filtering rules and kubeconfig files.\n\n\
    For information on how to perform this cleanup manually, please see:\n\
    \x20   https://k8s.io/docs/reference/setup-tools/kubeadm/kubeadm-reset/\n\n";

/// Returns the closing words of init for one token.
pub fn initialized(
    kubeconfig: &str,
    join: &JoinTarget,
    token: &str,
    control_plane: ControlPlaneJoin<'_>,
) -> String {
    let others = match control_plane {
        ControlPlaneJoin::No => String::new(),
        ControlPlaneJoin::Copied => format!(
            "You can now join any number of control-plane nodes by copying certificate \
             authorities\n\
             and service account keys on each node and then running the following as root:\n\n  \
             {}\n\n",
            join.control_plane(token, None)
        ),
        ControlPlaneJoin::Uploaded(key) => format!(
            "You can now join any number of control-plane nodes running the following command on \
             each as root:\n\n  {}\n\n\
             Please note that the certificate-key gives access to cluster sensitive data, keep it \
             secret!\n\
             As a safeguard, uploaded-certs will be deleted in two hours; If necessary, you can \
             use\n\
             \"kubeadm init phase upload-certs --upload-certs\" to reload certs afterward.\n\n",
            join.control_plane(token, Some(key))
        ),
    };
    format!(
        "\nYour Kubernetes control-plane has initialized successfully!\n\n\
         To start using your cluster, you need to run the following as a regular user:\n\n\
         \x20 mkdir -p $HOME/.kube\n\
         \x20 sudo cp -i {kubeconfig} $HOME/.kube/config\n\
         \x20 sudo chown $(id -u):$(id -g) $HOME/.kube/config\n\n\
         Alternatively, if you are the root user, you can run:\n\n\
         \x20 export KUBECONFIG=/etc/kubernetes/admin.conf\n\n\
         You should now deploy a pod network to the cluster.\n\
         Run \"kubectl apply -f [podnetwork].yaml\" with one of the options listed at:\n\
         \x20 https://kubernetes.io/docs/concepts/cluster-administration/addons/\n\n\
         {others}\
         Then you can join any number of worker nodes by running the following on each as \
         root:\n\n{}\n",
        join.worker(token)
    )
}
