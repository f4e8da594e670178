use super::*;
use crate::config::documents::parse_file;
use serde_json::{Value, json};
use std::sync::Arc;

const PHASES: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
const CLUSTER: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";

fn document(file: &str, text: &str) -> Document {
    let path = Path::new(file);
    let mut documents = parse_file(path, text.as_bytes()).unwrap();
    let mut document = documents.remove(0);
    if file != "cluster.yaml" {
        document.tree.set_file(&Arc::from(path), document.offset);
    }
    document
}

/// Merges the texts in this order. Returns the result without its apiVersion and kind, and the
/// warnings.
fn merged(head: &str, texts: &[&str]) -> (Value, Vec<String>) {
    let files = ["cluster.yaml", "10.yaml", "20.yaml"];
    let (mut documents, mut warnings) = (Vec::new(), Vec::new());
    for (file, text) in files.iter().zip(texts) {
        let later = document(file, &format!("{head}{text}"));
        warnings.extend(merge(&mut documents, later).unwrap());
    }
    assert_eq!(documents.len(), 1);
    let mut value = documents[0].tree.value();
    let fields = value.as_object_mut().unwrap();
    fields.retain(|field, _| !["apiVersion", "kind"].contains(&field.as_str()));
    (value, warnings.iter().map(ToString::to_string).collect())
}

#[test]
fn maps_are_merged_field_by_field() {
    let (value, warnings) = merged(
        CLUSTER,
        &[
            "networking: {podSubnet: 10.1.0.0/16}\n",
            "networking: {serviceSubnet: 10.2.0.0/16}\nclusterName: c\n",
            "networking: {podSubnet: 10.1.0.0/16}\nclusterName:\n",
        ],
    );
    let networking = json!({"podSubnet": "10.1.0.0/16", "serviceSubnet": "10.2.0.0/16"});
    assert_eq!(value, json!({"networking": networking, "clusterName": "c"}));
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn the_later_value_is_used_and_the_warning_names_the_later_file_first() {
    let (value, warnings) = merged(
        CLUSTER,
        &[
            "clusterName: a\nnetworking: {dnsDomain: a.local}\n",
            "networking:\n  dnsDomain: b.local\n",
            "clusterName: c\nnetworking: {dnsDomain: c.local}\n",
        ],
    );
    let networking = json!({"dnsDomain": "c.local"});
    assert_eq!(value, json!({"clusterName": "c", "networking": networking}));
    assert_eq!(
        warnings,
        [
            "10.yaml:4:3: networking.dnsDomain: this value is used, and not that of \
             cluster.yaml:4:14",
            "20.yaml:3:1: clusterName: this value is used, and not that of cluster.yaml:3:1",
            "20.yaml:4:14: networking.dnsDomain: this value is used, and not that of 10.yaml:4:3",
        ]
    );
}

#[test]
fn lists_of_named_elements_are_merged_by_name_and_others_replaced() {
    let (value, warnings) = merged(
        CLUSTER,
        &[
            "apiServer: {certSANs: [a], extraArgs: [{name: v, value: '1'}, {name: x, value: w}]}\n",
            "apiServer: {certSANs: [b], extraArgs: [{name: v, value: '2'}, {name: z, value: z}]}\n",
        ],
    );
    let arguments = json!([
        {"name": "v", "value": "2"}, {"name": "x", "value": "w"}, {"name": "z", "value": "z"}
    ]);
    assert_eq!(
        value,
        json!({"apiServer": {"certSANs": ["b"], "extraArgs": arguments}})
    );
    let fields: Vec<&str> = warnings
        .iter()
        .filter_map(|text| text.split(' ').nth(1))
        .collect();
    assert_eq!(
        fields,
        ["apiServer.certSANs:", "apiServer.extraArgs[0].value:"]
    );
}

#[test]
fn an_argument_that_stands_twice_is_added() {
    let twice = "scheduler: {extraArgs: [{name: v, value: '1'}, {name: v, value: '2'}]}\n";
    let (value, warnings) = merged(
        CLUSTER,
        &[twice, "scheduler: {extraArgs: [{name: v, value: '3'}]}\n"],
    );
    assert_eq!(value["scheduler"]["extraArgs"].as_array().unwrap().len(), 3);
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn plugins_and_what_goes_with_them_are_joined() {
    let (value, warnings) = merged(
        PHASES,
        &[
            "plugins: [{name: a, source: ./a}]\ndisabledPhases: [x]\n",
            "plugins: [{name: b, source: ./b}]\ndisabledPhases: [x, w]\nrules: [{check: R}]\n",
            "plugins: [{name: a, settings: {s: 1}}]\nextraEdges: [{before: x, after: w}]\n",
        ],
    );
    assert_eq!(
        value,
        json!({
            "plugins": [
                {"name": "a", "source": "./a", "settings": {"s": 1}},
                {"name": "b", "source": "./b"},
            ],
            "disabledPhases": ["x", "w"],
            "rules": [{"check": "R"}],
            "extraEdges": [{"before": "x", "after": "w"}],
        })
    );
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn two_sources_of_one_plugin_are_reported_with_both_files() {
    let (value, warnings) = merged(
        PHASES,
        &[
            "plugins: [{name: a, source: ./a}]\n",
            "plugins:\n- name: a\n  source: ./other\n",
        ],
    );
    assert_eq!(
        value["plugins"],
        json!([{"name": "a", "source": "./other"}])
    );
    let expected = "10.yaml:5:3: plugins[0].source: this value is used, and not that of \
        cluster.yaml:3:21";
    assert_eq!(warnings, [expected]);
}

#[test]
fn a_value_of_another_shape_replaces_the_earlier_value() {
    let (value, warnings) = merged(
        CLUSTER,
        &["dns: {imageTag: v1}\n", "dns: [1]\n", "dns: x\n"],
    );
    assert_eq!(value, json!({"dns": "x"}));
    assert_eq!(warnings.len(), 2);
}

#[test]
fn one_kind_in_two_versions_is_refused() {
    let mut documents = vec![document("cluster.yaml", CLUSTER)];
    let old = CLUSTER.replace("v1beta4", "v1beta3");
    let problem = merge(&mut documents, document("10.yaml", &old)).unwrap_err();
    let text = problem.to_string();
    assert!(
        text.starts_with("10.yaml:1:1: apiVersion: this ClusterConfiguration"),
        "{text}"
    );
    assert!(text.contains("cluster.yaml"), "{text}");
}

/// If each element were compared with all others, this would take hours.
#[test]
fn long_lists_are_merged() {
    const MANY: usize = 20_000;
    let rules = |from: usize| -> String {
        let rules = (from..from + MANY).map(|number| format!("- {{code: c{number}}}\n"));
        format!("rules:\n{}", rules.collect::<String>())
    };
    let waivers = |reason: &str| -> String {
        let waivers = (0..MANY).map(|number| format!("- {{check: c{number}, reason: {reason}}}\n"));
        format!("waivers:\n{}", waivers.collect::<String>())
    };
    let (value, warnings) = merged(
        PHASES,
        &[&(rules(0) + &waivers("a")), &(rules(10) + &waivers("b"))],
    );
    assert_eq!(value["rules"].as_array().unwrap().len(), MANY + 10);
    assert_eq!(value["waivers"].as_array().unwrap().len(), MANY);
    assert_eq!(
        (warnings.len(), &value["waivers"][MANY - 1]["reason"]),
        (MANY, &json!("b"))
    );
}
