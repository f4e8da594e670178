//! Small texts that take much memory: JSON whose values take a hundred times the bytes of their
//! text, in many phases that run side by side. Every run of this suite checks that the host stays
//! within its memory.
use crate::support::{
    Trial, call, checks, early_phases, quiet_calls, repeated,
    server::{Manner, Server},
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// The smallest object that takes a whole node of a tree.
const OBJECT: &str = "{\"\":0},";
/// The largest text that a call may hand over, and the largest of an object, in bytes.
const TEXT: usize = 4_000_000;
const OBJECT_TEXT: usize = 1_000_000;
const SIDE_BY_SIDE: &str = "parallelism: 8\n";

/// Returns a JSON list of this number of bytes, whose values take a hundred times as many.
fn list(bytes: usize) -> Value {
    json!(["[", repeated(OBJECT, bytes / OBJECT.len()), "0]"])
}

/// Returns a ConfigMap of about this number of bytes.
fn config_map(bytes: usize) -> Value {
    let head = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\
        \"namespace\":\"default\"},\"data\":{\"a\":";
    json!([head, list(bytes), "}}"])
}

fn applies(times: usize, bytes: usize) -> Trial {
    let grant = "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: \
        ConfigMap, namespace: default}]";
    let apply = call("effects-cluster.apply-object", json!([config_map(bytes)]));
    Trial::phase()
        .grants(&[grant])
        .allow_cluster_admin()
        .calls(&vec![apply; times])
}

#[test]
fn documents_that_are_to_be_patched_do_not_become_large_trees() {
    let patched = |text: Value| call("input.patched", json!(["kube-apiserver", text]));
    let trial = Trial::with_phases(&checks(8)).phases(SIDE_BY_SIDE);
    let ended = trial.calls(&[patched(list(TEXT)), patched(list(OBJECT_TEXT))]);
    let ended = ended.preflight().expect_soon();
    assert!(ended.answers.iter().all(|answer| !answer.is_ok));
}

#[test]
fn objects_are_refused_by_the_memory_that_they_take() {
    for (times, bytes) in [(3, TEXT), (14, OBJECT_TEXT)] {
        let ended = applies(times, bytes).rehearse().expect_soon();
        let answer = ended.answer("0.0");
        assert!(
            !answer.is_ok && answer.text.contains("effects-cluster.apply-object"),
            "{}",
            answer.text
        );
    }
}

#[test]
fn proposals_of_many_phases_are_held_side_by_side() {
    let grant =
        "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/*]";
    let content = repeated("x", 3_900_000);
    let write = call(
        "effects-files.write-file",
        json!(["/var/lib/kubephase-plugins/hostile/x", content]),
    );
    let ended = Trial::with_phases(&early_phases(8, false))
        .phases(SIDE_BY_SIDE)
        .grants(&[grant])
        .calls(&vec![write; 5])
        .rehearse()
        .expect_soon();
    assert_ne!(ended.status, 0, "{}", ended.output());
}

#[test]
fn files_that_take_much_memory_to_judge_are_judged_one_at_a_time() {
    let read = quiet_calls("observe-files.read-file", json!(["/srv/list"]), 4);
    let trial = Trial::with_phases(&checks(8))
        .phases(SIDE_BY_SIDE)
        .grants(&["capability: observe-files.read-file, paths: [/srv/**]"])
        .calls(&[read]);
    trial.put(
        "/srv/list",
        format!("[{}0]", OBJECT.repeat(OBJECT_TEXT / OBJECT.len())),
        0o644,
    );
    trial.preflight().expect_soon();
}

/// Returns the capsules of a case.
fn capsules(trial: &Trial) -> Vec<PathBuf> {
    let entries = fs::read_dir(trial.folder().join("tmp")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(".capsule.json"))
        .collect()
}

#[test]
fn capsules_are_few_and_bounded_with_facts_and_settings() {
    let facts: Vec<Value> = (0..4)
        .map(|number| {
            let name = format!("fact-{number}");
            call("report.set-fact", json!([name, repeated("\u{1}", 900_000)]))
        })
        .collect();
    let asks: Vec<Value> = (0..4)
        .map(|number| {
            quiet_calls(
                "input.fact",
                json!(["hostile-0", format!("fact-{number}")]),
                1,
            )
        })
        .collect();
    let calls = [facts, asks].concat();
    let trial = Trial::with_phases(&checks(20))
        .phases(SIDE_BY_SIDE)
        .rounds(&[json!({"calls": calls, "ending": {"panic": "on purpose"}})]);
    let ended = trial.preflight().expect_soon();
    let kept = capsules(&trial);
    assert!(
        (1..=3).contains(&kept.len()),
        "{kept:?}: {}",
        ended.output()
    );
    for capsule in kept {
        let length = fs::metadata(&capsule).unwrap().len();
        assert!(
            length <= 4 << 20,
            "{} has {length} bytes",
            capsule.display()
        );
    }
}

#[test]
fn settings_are_bounded_with_their_defaults() {
    let long = "x".repeat(2_000_000);
    let trial = Trial::check().setting("long", &long);
    let ended = trial.preflight();
    assert!(
        ended.status != 0 && ended.output().contains("its settings"),
        "{:.4000}",
        ended.output()
    );
}

#[test]
fn the_settings_of_all_plugins_together_are_bounded() {
    // Each plugin takes one and a half of the sixteen mebibytes: its schema and its settings.
    let list = json!({"default": vec![json!({"": 0}); 1000]});
    let trial = Trial::check().schema(&json!({"type": "object", "properties": {"list": list}}));
    trial.preflight().expect_soon().expect_status(0);
    trial.prepare_beside(12);
    let ended = trial.preflight_again().expect_soon();
    let refusal = "the settings of all plugins take more than";
    assert!(
        ended.status != 0 && ended.output().contains(refusal),
        "{:.4000}",
        ended.output()
    );
}

/// Returns a trial of four plugins, each of which writes `objects` own ConfigMaps of a megabyte.
fn prepared_writers(objects: usize) -> Trial {
    let grant = "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: \
        ConfigMap, namespace: default, names: [kubephase-plugin-hostile-x*]}]";
    let apply = |number: usize| {
        let head = format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\
             \"kubephase-plugin-hostile-x{number}\",\"namespace\":\"default\"}},\"data\":{{\"a\":\""
        );
        let object = json!([head, repeated("x", 1_000_000), "\"}}"]);
        quiet_calls("effects-cluster.apply-object", json!([object]), 1)
    };
    let calls: Vec<Value> = (0..objects).map(apply).collect();
    let trial = Trial::phase().grants(&[grant]).calls(&calls);
    trial.prepare().prepare_beside(3);
    trial
}

#[test]
fn all_objects_that_plugins_may_write_do_not_fill_the_memory() {
    let trial = prepared_writers(6);
    let ended = trial.rehearse_again().expect_soon().expect_status(0);
    assert!(
        ended.peak_memory < 192 << 20,
        "{} MiB for the rehearsal",
        ended.peak_memory >> 20
    );
    let reset = trial.run(&["reset", "--force", "--root", "root"]);
    let reset = reset.expect_soon().expect_status(0);
    assert!(
        reset.peak_memory < 192 << 20,
        "{} MiB for the reset",
        reset.peak_memory >> 20
    );
}

#[test]
fn more_objects_than_all_plugins_may_write_are_refused() {
    let ended = prepared_writers(7).rehearse_again().expect_soon();
    assert!(
        ended.status != 0
            && ended
                .output()
                .contains("limit of 25165824 bytes of objects of all plugins"),
        "{:.4000}",
        ended.output()
    );
}

#[test]
fn schemas_of_settings_are_bounded_when_a_plugin_is_added() {
    let small = |count: usize| vec![json!({"": 0}); count];
    for schema in [
        json!({"properties": {"a": {"default": small(2000)}}}),
        json!({"properties": {"a": {"enum": [small(2000)]}}}),
        json!({"examples": small(2000)}),
        json!({"$defs": {"a": {"x-unknown": small(2000)}}}),
    ] {
        let refused = Trial::check().schema(&schema).add();
        assert!(
            refused.status != 0 && refused.output().contains("1048576 are allowed"),
            "{:.2000}",
            refused.output()
        );
    }
    let allowed = json!({"properties": {"a": {"default": small(1000)}}});
    Trial::check().schema(&allowed).add().expect_status(0);
}

#[test]
fn a_limit_that_ends_a_phase_is_reported() {
    let ended = applies(20, 900).rehearse();
    assert_eq!(ended.status, 0, "{}", ended.output());
    let grant =
        "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/*]";
    let content = repeated("x", 3_900_000);
    let write = call(
        "effects-files.write-file",
        json!(["/var/lib/kubephase-plugins/hostile/x", content]),
    );
    let ended = Trial::early_phase()
        .grants(&[grant])
        .calls(&vec![write; 5])
        .rehearse()
        .expect_status(5);
    assert!(
        ended
            .output()
            .contains("limit of 16777216 bytes of proposals"),
        "{:.3000}",
        ended.output()
    );
    let silent = json!({"ending": {"failure": ""}});
    let ended = Trial::early_phase().rounds(&[silent]).rehearse();
    assert!(
        ended.output().contains("it failed without a message"),
        "{:.3000}",
        ended.output()
    );
}

#[test]
fn answers_of_an_api_server_do_not_become_large_trees() {
    let body = format!(
        "{{\"kind\":\"SecretList\",\"items\":[{}0]}}",
        OBJECT.repeat(2_300_000)
    );
    let server = Server::start_tls(Manner::Reply {
        status: 200,
        headers: "content-type: application/json\r\n".to_owned(),
        body: body.into(),
    });
    let trial = Trial::check();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "a", "cluster": {
            "server": format!("https://127.0.0.1:{}", server.port),
            "insecure-skip-tls-verify": true,
        }}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "users": [{"name": "a", "user": {"token": "x"}}],
    });
    fs::write(trial.folder().join("admin.conf"), kubeconfig.to_string()).unwrap();
    let ended = trial.run(&["token", "list", "--kubeconfig", "admin.conf"]);
    assert!(
        ended.status != 0 && ended.output().contains("bytes of memory"),
        "{:.2000}",
        ended.output()
    );
}

/// A copy of the merged object for each level of a patch took 300 MiB.
#[test]
fn patches_with_very_long_lists_are_not_copied_again_and_again() {
    let own = "kubephase-plugin-hostile-a";
    let port = |number: usize| format!("{{\"name\":\"p{number}\",\"port\":{number}}},");
    let ports: String = (1..20_000).map(port).collect();
    let object = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{{\"name\":\"{own}\",\
         \"namespace\":\"{own}\"}},\"spec\":{{\"ports\":[{{\"name\":\"a\",\"port\":1}}]}}}}"
    );
    let namespace = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{own}\"}}}}"
    );
    let patch = format!("{{\"spec\":{{\"ports\":[{ports}{{\"name\":\"z\",\"port\":20000}}]}}}}");
    let objects = "objects: [{apiVersion: v1, kind: Service}, {apiVersion: v1, kind: Namespace}]";
    let grants = ["apply-object", "patch-object"]
        .map(|name| format!("capability: effects-cluster.{name}, {objects}"));
    let trial = Trial::phase()
        .grants(&grants.each_ref().map(String::as_str))
        .allow_cluster_admin()
        .calls(&[
            call("effects-cluster.apply-object", json!([namespace])),
            call("effects-cluster.apply-object", json!([object])),
            call(
                "effects-cluster.patch-object",
                json!(["v1", "Service", own, own, patch]),
            ),
        ]);
    let ended = trial.rehearse().expect_soon().expect_status(0);
    assert!(
        ended.peak_memory < 224 << 20,
        "{} MiB",
        ended.peak_memory >> 20
    );
}
