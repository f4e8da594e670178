use super::*;
use crate::{
    config::{
        InitFlags, JoinFlags, LoadedConfig, LoadedJoin, ResetFlags, TokenFlags, ValidateOptions,
        cluster_subnets, load_init, load_join, load_reset, load_tokens, validate,
    },
    secret::Secret,
    world::{files::RootedFiles, node::facts::NodeFacts},
};

/// A scratch tree with files of the operator and of the machine.
struct Tree(tempfile::TempDir);

const KUBEADM: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ";
const PHASES: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";

impl Tree {
    fn new(machine: &[(&str, &str)]) -> Tree {
        let tree = Tree(tempfile::tempdir().unwrap());
        let folder = tree.0.path().join("etc/kubephase/conf.d");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in machine {
            std::fs::write(folder.join(name), text).unwrap();
        }
        tree
    }

    fn operator(&self, text: &str) -> PathBuf {
        let path = self.0.path().join("cluster.yaml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn find(&self, named: Option<&Path>) -> Option<ConfigFile> {
        ConfigFile::find(named, &MachineFolder::at_root(self.0.path())).unwrap()
    }

    fn init(&self, text: &str, flags: &InitFlags) -> Result<LoadedConfig, Problems> {
        let named = (!text.is_empty()).then(|| self.operator(text));
        load_init(
            self.find(named.as_deref()).as_ref(),
            flags,
            &NodeFacts::default(),
        )
    }

    fn join(&self, text: &str, flags: &JoinFlags) -> Result<LoadedJoin, Problems> {
        let named = (!text.is_empty()).then(|| self.operator(text));
        load_join(
            self.find(named.as_deref()).as_ref(),
            flags,
            &NodeFacts::default(),
        )
    }
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_is_read_once_for_all_clones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    let file = ConfigFile::at(&path);
    let clone = file.clone();
    std::fs::write(&path, "apiVersion: a/v1\nkind: B\n").unwrap();
    assert_eq!(file.documents().unwrap()[0].kind, "B");
    std::fs::write(&path, "{").unwrap();
    assert_eq!(clone.documents().unwrap()[0].kind, "B");
    let problems = ConfigFile::at(&path).documents().unwrap_err();
    assert!(problems.to_string().contains("not YAML"), "{problems}");
}

#[test]
fn the_machines_files_add_to_the_operators() {
    let phases = format!("{PHASES}disabledPhases: [addon/coredns]\n");
    let cluster =
        format!("{KUBEADM}ClusterConfiguration\nclusterName: fleet\nkubernetesVersion: v1.36.2\n");
    let tree = Tree::new(&[("10.yaml", &phases), ("20.yaml", &cluster)]);
    let text = format!("{KUBEADM}ClusterConfiguration\nimageRepository: r.example\n");
    let loaded = tree.init(&text, &InitFlags::default()).unwrap();
    assert_eq!(loaded.config.cluster.cluster_name, "fleet");
    assert_eq!(loaded.config.cluster.image_repository, "r.example");
    assert_eq!(loaded.phases.disabled_phases, ["addon/coredns"]);
    assert_eq!(texts(&loaded.warnings), [""; 0]);
}

#[test]
fn flags_without_a_file_go_with_the_machines_files() {
    let cluster = format!(
        "{KUBEADM}ClusterConfiguration\nclusterName: fleet\nnetworking: {{dnsDomain: a.b}}\n"
    );
    let tree = Tree::new(&[("10.yaml", &cluster)]);
    let flags = InitFlags {
        service_dns_domain: Some("flag.local".into()),
        ..InitFlags::default()
    };
    let cluster = tree.init("", &flags).unwrap().config.cluster;
    assert_eq!(cluster.cluster_name, "fleet");
    assert_eq!(cluster.networking.dns_domain, "flag.local");
    let text = format!("{KUBEADM}InitConfiguration\n");
    let problems = tree.init(&text, &flags).unwrap_err().to_string();
    assert!(problems.contains("can not mix '--config'"), "{problems}");
}

#[test]
fn disagreements_are_warnings_of_every_command() {
    let machine = format!(
        "{KUBEADM}InitConfiguration\ntimeouts: {{discovery: 1m0s}}\n---\n\
         {KUBEADM}JoinConfiguration\n\
         caCertPath: /m/ca.crt\n---\n{KUBEADM}ResetConfiguration\ncertificatesDir: /m\n"
    );
    let tree = Tree::new(&[("10.yaml", &machine)]);
    let expect = |warnings: &[Problem], field: &str| {
        let found = texts(warnings);
        let expected = format!("{field}: this value is used, and not that of ");
        assert!(
            found.iter().any(|text| text.contains(&expected)),
            "{found:?}"
        );
    };
    let init = format!("{KUBEADM}InitConfiguration\ntimeouts: {{discovery: 2m0s}}\n");
    let loaded = tree.init(&init, &InitFlags::default()).unwrap();
    expect(&loaded.warnings, "timeouts.discovery");
    let join = format!(
        "{KUBEADM}JoinConfiguration\ncaCertPath: /o/ca.crt\ndiscovery: {{bootstrapToken: \
         {{token: abcdef.0123456789abcdef, apiServerEndpoint: 'a:6443', \
         unsafeSkipCAVerification: true}}}}\n"
    );
    let loaded = tree.join(&join, &JoinFlags::default()).unwrap();
    assert_eq!(loaded.join.ca_cert_path, "/m/ca.crt");
    expect(&loaded.warnings, "caCertPath");
    let reset = tree.operator(&format!(
        "{KUBEADM}ResetConfiguration\ncertificatesDir: /o\n"
    ));
    let (file, files) = (
        tree.find(Some(&reset)),
        RootedFiles::open(tree.0.path()).unwrap(),
    );
    let node = NodeFacts::default();
    let loaded = load_reset(file.as_ref(), &ResetFlags::default(), &node, &files).unwrap();
    expect(&loaded.loaded.warnings, "certificatesDir");
    tree.operator(&init);
    let file = tree.find(Some(&reset));
    let valid = validate(file.as_ref(), ValidateOptions::default(), &node).unwrap();
    expect(&valid.warnings, "timeouts.discovery");
    let tokens = load_tokens(file.as_ref(), &TokenFlags::default(), &node).unwrap();
    expect(&tokens.warnings, "timeouts.discovery");
}

#[test]
fn a_problem_of_a_machines_file_names_it_with_line_and_field() {
    let machine = format!("{PHASES}# a comment\ndisabledPhases: 7\n");
    let cluster = format!("---\n{KUBEADM}ClusterConfiguration\nnetworking: {{podSubnet: x}}\n");
    for (name, text, expected) in [
        (
            "10.yaml",
            machine.as_str(),
            "conf.d/10.yaml:4:1: disabledPhases: ",
        ),
        (
            "20.yaml",
            &cluster,
            "conf.d/20.yaml:4:14: networking.podSubnet: ",
        ),
    ] {
        let tree = Tree::new(&[(name, text)]);
        let operator = format!("{KUBEADM}ClusterConfiguration\n---\n{PHASES}");
        let problems = tree
            .init(&operator, &InitFlags::default())
            .unwrap_err()
            .to_string();
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn a_machines_file_is_read_strictly() {
    for (text, expected) in [
        (
            "apiVersion: v1beta4\nkind: X\n",
            "10.yaml:1:1: apiVersion: invalid configuration",
        ),
        (
            "apiVersion: a/v1\nkind: Pod\n",
            "10.yaml:2:1: kind: no command reads a/v1, Kind=Pod",
        ),
        (
            "apiVersion: kubeadm.k8s.example/v1beta4\nkind: ClusterConfiguration\n",
            "kind: no command reads kubeadm.k8s.example/v1beta4, Kind=ClusterConfiguration",
        ),
        (
            "apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration\n",
            "kind: no command reads kubelet.config.k8s.io/v1, Kind=KubeletConfiguration",
        ),
        (
            "apiVersion: kubephase.example/v1alpha1\nkind: PhaseConfiguration\n",
            "apiVersion: ",
        ),
        (
            &format!("{PHASES}rules: []\nrules: []\n"),
            "10.yaml:4:1: rules: key \"rules\" is already",
        ),
        ("a: [", "10.yaml:"),
        (&format!("{PHASES}---\n{PHASES}"), "is specified twice"),
    ] {
        let tree = Tree::new(&[("10.yaml", text)]);
        let problems = tree
            .init("", &InitFlags::default())
            .unwrap_err()
            .to_string();
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn documents_for_other_commands_are_ignored() {
    let machine = format!("{KUBEADM}JoinConfiguration\nnodeRegistration: {{criSocket: /run/x}}\n");
    let tree = Tree::new(&[("10.yaml", &machine)]);
    let init = format!("{KUBEADM}ClusterConfiguration\nkubernetesVersion: v1.36.2\n");
    let loaded = tree.init(&init, &InitFlags::default()).unwrap();
    assert_eq!(texts(&loaded.warnings), [""; 0]);
    let file = tree.find(Some(&tree.operator(&init)));
    let node = NodeFacts::default();
    let valid = validate(file.as_ref(), ValidateOptions::default(), &node).unwrap();
    assert!(valid.warnings.is_empty(), "{valid:?}");
    let subnets = cluster_subnets(&file.unwrap()).unwrap();
    assert_eq!(subnets, "10.96.0.0/12");
    // A file that has nothing for the command is still refused.
    let problems = tree
        .join(&init, &JoinFlags::default())
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("no JoinConfiguration found"),
        "{problems}"
    );
    let tree = Tree::new(&[("10.yaml", &init)]);
    let join = format!("{KUBEADM}JoinConfiguration\n");
    let problems = tree
        .init(&join, &InitFlags::default())
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains("no InitConfiguration or ClusterConfiguration"),
        "{problems}"
    );
}

#[test]
fn a_join_by_flags_takes_the_rest_from_the_machine() {
    let machine = format!(
        "{KUBEADM}JoinConfiguration\nnodeRegistration: {{criSocket: unix:///run/x, taints: []}}\n\
         controlPlane: {{localAPIEndpoint: {{bindPort: 7443}}}}\n"
    );
    let tree = Tree::new(&[("10.yaml", &machine)]);
    let mut flags = JoinFlags {
        endpoint: Some("192.0.2.1:6443".into()),
        token: Some(Secret::new("abcdef.0123456789abcdef".into())),
        discovery_token_unsafe_skip_ca_verification: true,
        ..JoinFlags::default()
    };
    let worker = tree.join("", &flags).unwrap().join;
    assert_eq!(worker.node_registration.cri_socket, "unix:///run/x");
    assert!(worker.control_plane.is_none());
    flags.control_plane = true;
    flags.cri_socket = Some("unix:///run/y".into());
    let member = tree.join("", &flags).unwrap().join;
    assert_eq!(member.node_registration.cri_socket, "unix:///run/y");
    assert_eq!(
        member.control_plane.unwrap().local_api_endpoint.bind_port,
        7443
    );
}

#[test]
fn the_source_of_a_plugin_is_relative_to_the_file_that_names_it() {
    let machine =
        format!("{PHASES}plugins: [{{name: a, source: ./a}}, {{name: c, source: ./c}}]\n");
    let tree = Tree::new(&[("10.yaml", &machine)]);
    let operator = format!(
        "{KUBEADM}InitConfiguration\n---\n{PHASES}plugins: [{{name: b, source: ./b}}, {{name: c, \
         source: ./c}}]\n"
    );
    let phases = tree.init(&operator, &InitFlags::default()).unwrap().phases;
    let of_machine: Vec<(&str, bool)> = phases
        .plugins
        .iter()
        .map(|entry| (entry.name.as_str(), entry.file.is_some()))
        .collect();
    assert_eq!(of_machine, [("b", false), ("c", false), ("a", true)]);
}
