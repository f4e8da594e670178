//! The phases of `certs rotate-ca`: a node completes one stage of the exchange of an authority of
//! the cluster. Each phase may be repeated, and the record on the Node comes last, so that a run
//! that was killed is continued by the next one.
mod authority;
mod certificates;
mod components;
mod extension_servers;
mod node;
mod workloads;

use crate::{
    pki::Certificate,
    plan::spec::{MAKE_KEY, PhaseSpec, START_API_SERVER, START_KUBELET},
    program,
    render::objects::{ExchangeAnnotations, exchange_annotations},
};
use kubephase_sdk::{
    Failure, FailureCode, Outcome, config, failure,
    kubeadm::{ClusterAuthority, Config, Rotation, RotationStage},
    observe_files,
};

/// The label of lines of these phases.
const LABEL: &str = "rotate-ca";

/// A phase of the exchange.
struct Step {
    name: &'static str,
    title: &'static str,
    stages: &'static [RotationStage],
    /// the authorities whose exchange has it
    authorities: &'static [ClusterAuthority],
    /// whether only members of the control plane have it
    of_control_plane: bool,
    expected_millis: u32,
    run: fn(&Exchange) -> Result<Outcome, Failure>,
}

const ALL: &[RotationStage] = &RotationStage::ALL;
const TRUST: &[RotationStage] = &[RotationStage::Trust];
const REISSUE: &[RotationStage] = &[RotationStage::Reissue];
const DROP: &[RotationStage] = &[RotationStage::Drop];
const BUNDLES: &[RotationStage] = &[RotationStage::Trust, RotationStage::Drop];

const EACH: &[ClusterAuthority] = &ClusterAuthority::ALL;
const CA: &[ClusterAuthority] = &[ClusterAuthority::Ca];
/// The authorities that extension API servers trust.
const OF_CLIENTS: &[ClusterAuthority] = &[ClusterAuthority::Ca, ClusterAuthority::FrontProxyCa];

/// The phases of each stage in their order. Each waits for the one before it.
const STEPS: &[Step] = &[
    Step {
        name: "authority",
        title: "Make the new authority, or fetch it from the cluster",
        stages: TRUST,
        authorities: EACH,
        of_control_plane: true,
        expected_millis: MAKE_KEY,
        run: authority::make_or_fetch,
    },
    Step {
        name: "signer",
        title: "Sign with the new authority from now on",
        stages: REISSUE,
        authorities: EACH,
        of_control_plane: true,
        expected_millis: 5,
        run: authority::sign_with_new,
    },
    Step {
        name: "cluster-info",
        title: "Publish to nodes which authorities of the cluster to trust",
        stages: BUNDLES,
        authorities: CA,
        of_control_plane: true,
        expected_millis: 5,
        run: authority::publish,
    },
    Step {
        name: "authorities",
        title: "Write the trusted authorities to the files of this node",
        stages: BUNDLES,
        authorities: EACH,
        of_control_plane: false,
        expected_millis: 5,
        run: node::write_authorities,
    },
    Step {
        name: "certificates",
        title: "Sign the certificates of this control plane anew",
        stages: REISSUE,
        authorities: EACH,
        of_control_plane: true,
        expected_millis: MAKE_KEY,
        run: certificates::sign_anew,
    },
    Step {
        name: "kubelet-certificate",
        title: "Reissue the kubelet's client certificate",
        stages: REISSUE,
        authorities: CA,
        of_control_plane: false,
        expected_millis: MAKE_KEY,
        run: certificates::sign_for_kubelet,
    },
    Step {
        name: "kubelet-serving",
        title: "Let the kubelet request a new serving certificate, if the cluster signs it",
        stages: REISSUE,
        authorities: CA,
        of_control_plane: false,
        expected_millis: 5,
        run: certificates::forget_serving_certificate,
    },
    Step {
        name: "components",
        title: "Restart the components of this control plane in two groups",
        stages: ALL,
        authorities: EACH,
        of_control_plane: true,
        expected_millis: START_API_SERVER,
        run: components::restart,
    },
    Step {
        name: "kubelet",
        title: "Restart the kubelet",
        stages: ALL,
        authorities: CA,
        of_control_plane: false,
        expected_millis: START_KUBELET,
        run: node::restart_kubelet,
    },
    Step {
        name: "leftovers",
        title: "Remove the key of the old authority",
        stages: DROP,
        authorities: EACH,
        of_control_plane: true,
        expected_millis: 5,
        run: authority::remove_leftovers,
    },
    Step {
        name: "share",
        title: "Store the new authority in the cluster, encrypted, for other control planes",
        stages: TRUST,
        authorities: EACH,
        of_control_plane: true,
        expected_millis: 5,
        run: authority::share,
    },
    Step {
        name: "workloads",
        title: "Restart kube-proxy and CoreDNS, which read the authorities only when they start",
        stages: BUNDLES,
        authorities: CA,
        of_control_plane: true,
        expected_millis: START_KUBELET,
        run: workloads::restart,
    },
    Step {
        name: "extension-servers",
        title: "Publish to extension API servers which authorities of clients to trust",
        stages: BUNDLES,
        authorities: OF_CLIENTS,
        of_control_plane: true,
        expected_millis: 5,
        run: extension_servers::tell,
    },
    Step {
        name: "record",
        title: "Record on the Node that this node has finished the stage",
        stages: ALL,
        authorities: EACH,
        of_control_plane: false,
        expected_millis: 5,
        run: node::record,
    },
];

/// Returns the command that exchanges an authority. `rest` are further words of it.
pub fn command(authority: ClusterAuthority, rest: &str) -> String {
    let name = match authority {
        ClusterAuthority::Ca => "",
        other => other.name(),
    };
    let words = ["certs rotate-ca", name, rest];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    program::command(&words.join(" "))
}

/// Returns the phases of all stages.
pub fn phases() -> Vec<PhaseSpec> {
    RotationStage::ALL
        .into_iter()
        .flat_map(phases_of_stage)
        .collect()
}

fn phases_of_stage(stage: RotationStage) -> Vec<PhaseSpec> {
    let title = match stage {
        RotationStage::Trust => "Trust the old and the new authority",
        RotationStage::Reissue => "Reissue all certificates of this node with the new authority",
        RotationStage::Drop => "Trust only the new authority",
    };
    let mut all = vec![PhaseSpec::group(stage.name(), title, &[])];
    let mut previous: Option<String> = None;
    for step in STEPS.iter().filter(|step| step.stages.contains(&stage)) {
        let id = format!("{stage}/{}", step.name);
        let phase = PhaseSpec::phase(&id, step.title, &[], move || (step.run)(&Exchange::read()?))
            .expected_millis(step.expected_millis);
        all.push(match &previous {
            Some(previous) => phase.needs(&[previous]),
            None => phase,
        });
        previous = Some(id);
    }
    all
}

/// Returns the phases that a run leaves out, each with the reason.
pub fn disabled_phases(rotation: &Rotation) -> Vec<(String, String)> {
    let (stage, authority) = (rotation.stage, rotation.authority);
    let other_stages = RotationStage::ALL
        .into_iter()
        .filter(|other| *other != stage)
        .map(|other| (other.name().to_owned(), format!("--stage {stage}")));
    let of_stage = STEPS.iter().filter(|step| step.stages.contains(&stage));
    let others = of_stage.filter_map(|step| {
        let reason = if !step.authorities.contains(&authority) {
            format!("the exchange of {authority}")
        } else if step.of_control_plane && !rotation.control_plane {
            "this node being a worker".to_owned()
        } else {
            return None;
        };
        Some((format!("{stage}/{}", step.name), reason))
    });
    other_stages.chain(others).collect()
}

/// One stage of the exchange on this node.
struct Exchange {
    config: Config,
    rotation: Rotation,
}

impl Exchange {
    fn read() -> Result<Exchange, Failure> {
        let config: Config = config("")?;
        let rotation = config.rotation.clone().unwrap_or_default();
        Ok(Exchange { config, rotation })
    }

    /// Returns the path of a file of the certificates directory.
    fn pki(&self, name: &str) -> String {
        format!("{}/{name}", self.config.cluster.certificates_dir)
    }

    /// Returns the path of a file of the authority: that with this extension.
    fn authority_file(&self, extension: &str) -> String {
        self.pki(&format!("{}.{extension}", self.rotation.authority.base()))
    }

    /// Returns the path of a file of the new authority, until it signs.
    fn next_file(&self, extension: &str) -> String {
        self.pki(&format!("{}.{extension}", self.rotation.authority.next()))
    }

    fn annotations(&self) -> ExchangeAnnotations {
        exchange_annotations(self.rotation.authority)
    }

    /// Returns the certificate of the new authority, PEM.
    fn new_authority(&self) -> Result<String, Failure> {
        if !self.rotation.new_authority.is_empty() {
            return Ok(self.rotation.new_authority.clone());
        }
        let path = self.next_file("crt");
        let text = observe_files::read_file(&path)?;
        parse(&path, &String::from_utf8_lossy(&text)).map(|authority| authority.to_pem())
    }

    /// Returns the authorities that are trusted from this stage on, PEM. The one that signs comes
    /// first: kubeadm signs with the first certificate of the file.
    fn authorities(&self) -> Result<String, Failure> {
        let (old, new) = (&self.rotation.old_authority, self.new_authority()?);
        Ok(match self.rotation.stage {
            RotationStage::Trust => format!("{old}{new}"),
            RotationStage::Reissue => format!("{new}{old}"),
            RotationStage::Drop => new,
        })
    }

    /// Returns the fingerprints of the authorities that are trusted from this stage on, from the
    /// oldest to the newest, and that of the authority which signed the certificates of the node.
    fn fingerprints(&self) -> Result<(Vec<String>, String), Failure> {
        let new = parse("the new authority", &self.new_authority()?)?.public_key_sha256();
        if self.rotation.stage == RotationStage::Drop {
            return Ok((vec![new.clone()], new));
        }
        let old = &self.rotation.old_authority;
        let old = parse("the old authority", old)?.public_key_sha256();
        let signer = match self.rotation.stage {
            RotationStage::Trust => old.clone(),
            _ => new.clone(),
        };
        Ok((vec![old, new], signer))
    }
}

fn parse(name: &str, pem: &str) -> Result<Certificate, Failure> {
    Certificate::from_pem(pem)
        .map_err(|why| failure(FailureCode::Invalid, format!("{name}: {why}")))
}
