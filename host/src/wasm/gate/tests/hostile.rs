//! Hostile texts in every text argument of every row: the row refuses the text, or makes it
//! harmless for the use of the argument.
use super::*;
use crate::{arguments::UserId, text::sanitise::is_trick};
use kubephase_wit::ObjectRef;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Returns texts that a reader may understand in more than one way.
fn hostile() -> Vec<String> {
    let long = "a".repeat(1 << 20);
    let texts = [
        "",
        "-x",
        "--host=x",
        "/",
        "//",
        "?",
        "#",
        "%2f",
        "..",
        "../..",
        "/../x",
        "a\0b",
        "a b",
        "a\nb",
        "\u{1b}[2J",
        "\u{202e}x",
        "a\u{e0041}",
        "\u{3164}",
        &long,
    ];
    texts.iter().map(ToString::to_string).collect()
}

/// The use of an argument. It decides which of the texts are harmless.
#[derive(Clone, Copy, Debug)]
enum Use {
    /// a name in a command line, a URL or a path: no text is harmless
    Name,
    /// such a name, or no name
    NameOrNone,
    /// one component of a path, or several with slashes between them
    Component,
    /// a path, which has to stay a path without `..`
    Path,
    /// the name in a certificate, a pointer into the configuration, an argument of a program, or
    /// the value of a query: a short text of visible characters is harmless
    Visible,
    /// a text for people: a text of visible characters and line ends that is not too long is
    /// harmless
    Words,
}

impl Use {
    /// Whether the text that the gate made from an argument is harmless.
    fn is_harmless(self, text: &str, made: &str) -> bool {
        let is_visible = |kept: &[char]| made.chars().all(|c| !is_trick(c) || kept.contains(&c));
        let has_parts = |forbidden: &[&str]| made.split('/').any(|part| forbidden.contains(&part));
        match self {
            Use::Name => false,
            Use::NameOrNone => text.is_empty(),
            Use::Component => is_visible(&[]) && made.len() <= 255 && !has_parts(&["", ".", ".."]),
            Use::Path => made.starts_with('/') && is_visible(&[]) && !has_parts(&["..", "."]),
            Use::Visible => is_visible(&['\n', '\t']) && made == text && made.len() <= 64 << 10,
            Use::Words => is_visible(&['\n', '\t']) && made.len() <= 4096 + 64,
        }
    }
}

/// One argument of one function, with a hostile text in it.
struct Probe {
    capability: String,
    used_as: Use,
    /// the text that the gate made from the argument; `None` if it refused the call
    made: Option<String>,
}

/// Calls a function of the table as a plugin. The text is its first argument.
fn probe<A: Arguments>(function: &HostFunction<A>, used_as: Use, raw: A::Raw) -> Probe {
    probe_at("/0", function, used_as, raw)
}

/// Calls a function of the table as a plugin. `pointer` says where the record of the call has the
/// text that the gate made.
fn probe_at<A: Arguments>(
    pointer: &str,
    function: &HostFunction<A>,
    used_as: Use,
    raw: A::Raw,
) -> Probe {
    let admitted = function.admit(raw, Origin::Plugin);
    let made = |arguments: A| match arguments.record().pointer(pointer) {
        Some(Value::String(made)) => made.clone(),
        other => format!("no text, but {other:?}"),
    };
    Probe {
        capability: function.row.capability(),
        used_as,
        made: admitted.ok().map(made),
    }
}

/// Calls a function with a specification in which the text is the value of each field in turn.
fn of_fields<A: Arguments<Raw = String>>(
    function: &HostFunction<A>,
    valid: &Value,
    fields: &[(&str, Use)],
    text: &str,
) -> Vec<Probe> {
    let admitted = function.admit(valid.to_string(), Origin::Plugin);
    assert!(admitted.is_ok(), "{:?}", admitted.err());
    let with = |(pointer, used_as): &(&str, Use)| {
        let mut specification = valid.clone();
        *specification.pointer_mut(pointer).unwrap() = text.into();
        let recorded = format!("/0{pointer}");
        probe_at(&recorded, function, *used_as, specification.to_string())
    };
    fields.iter().map(with).collect()
}

fn of_single_texts(t: &dyn Fn() -> String) -> Vec<Probe> {
    let with_argument = || ("x".to_owned(), vec![t()]);
    vec![
        probe(&CONFIG, Use::Visible, t()),
        probe(&PATCHED, Use::Component, (t(), "{}".into())),
        probe(&FACT, Use::Name, (t(), "x".into())),
        probe(&FACT, Use::Name, ("preflight".into(), t())),
        probe(&MESSAGE, Use::Words, t()),
        probe(&PROGRESS, Use::Words, t()),
        probe(&SET_FACT, Use::Name, (t(), "1".into())),
        probe(&NODE_FACT, Use::Name, t()),
        probe(&SYSCTL, Use::Name, t()),
        probe(&KERNEL_OPTION, Use::Name, t()),
        probe(&SERVICE, Use::Name, t()),
        probe(&RESOLVE, Use::Name, t()),
        probe(&PROXY_FOR, Use::Name, t()),
        probe(&HTTP_GET, Use::Name, t()),
        probe(&COMPONENT_HEALTH, Use::Name, t()),
        probe(&API_SERVER_HEALTH, Use::Name, t()),
        probe(&IMAGE_PRESENT, Use::Name, t()),
        probe(&BECAUSE, Use::Words, t()),
        probe(&ANNOUNCE, Use::Words, t()),
        probe(&ENSURE_SERVICE, Use::Name, (t(), "running".into())),
        probe(&SET_SYSCTL, Use::Name, (t(), "1".into())),
        probe(&LOAD_MODULE, Use::Name, t()),
        probe(&PULL_IMAGE, Use::Name, t()),
        probe(&RUN_COMMAND, Use::Path, (t(), Vec::new())),
        probe_at("/1/0", &RUN_COMMAND, Use::Visible, with_argument()),
        probe(&EXECUTE, Use::Path, (t(), Vec::new())),
        probe_at("/1/0", &EXECUTE, Use::Visible, with_argument()),
    ]
}

fn of_paths(t: &dyn Fn() -> String) -> Vec<Probe> {
    let url = || "https://example.com/".to_owned();
    let (none, path) = (String::new, Use::Path);
    let single = [
        &STAT,
        &READ_FILE,
        &LIST_DIR,
        &CERTIFICATE,
        &PRIVATE_KEY,
        &KUBECONFIG,
        &MAKE_DIR,
        &REMOVE_FILE,
        &BOOTSTRAP_KUBECONFIG,
    ];
    let mut probes: Vec<Probe> = single.map(|function| probe(function, path, t())).into();
    probes.extend([
        probe(&HTTP_GET_AS, Use::Name, (t(), none(), none(), none())),
        probe(&WRITE_FILE, path, (t(), Vec::new())),
        probe(&SET_MODE, path, (t(), 0o600)),
        probe(&STATIC_POD, Use::Component, (t(), Vec::new())),
        probe(&KUBECONFIG_SERVER, path, (t(), none())),
        probe(&GIVE_TREE, path, (t(), (0, 0))),
    ]);
    for place in 0..3 {
        let mut files = [none(), none(), none()];
        files[place] = t();
        let [authority, certificate, key] = files;
        // An empty path means that the plugin leaves out the file; the record has only the URL.
        let call = HTTP_GET_AS.admit((url(), authority, certificate, key), Origin::Plugin);
        let file = call.ok().map(|call| {
            let mut files = call.files();
            files.next().map_or("/".to_owned(), ToString::to_string)
        });
        probes.push(Probe {
            capability: HTTP_GET_AS.row.capability(),
            used_as: path,
            made: file,
        });
    }
    probes
}

fn of_objects(t: &dyn Fn() -> String) -> Vec<Probe> {
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "default"},
    });
    let fields = [
        ("/apiVersion", Use::Name),
        ("/kind", Use::Name),
        ("/metadata/name", Use::Name),
        ("/metadata/namespace", Use::NameOrNone),
    ];
    let mut probes = of_fields(&APPLY_OBJECT, &object, &fields, &t());
    for place in 0..4 {
        let part = |at: usize, plain: &str| if at == place { t() } else { plain.to_owned() };
        let of = ObjectRef::namespaced(
            &part(0, "v1"),
            &part(1, "ConfigMap"),
            &part(2, "default"),
            part(3, "x"),
        );
        let (version, kind) = (of.api_version.clone(), of.kind.clone());
        let (namespace, selector) = (of.namespace.clone(), part(3, "a=b"));
        let is_query = if place == 3 { Use::Visible } else { Use::Name };
        probes.extend([
            probe(&GET_OBJECT, Use::Name, of.clone()),
            probe(&PATCH_OBJECT, Use::Name, (of.clone(), "{}".into())),
            probe(&DELETE_OBJECT, Use::Name, of),
            probe_at(
                "/3",
                &LIST_OBJECTS,
                is_query,
                (version, kind, namespace, Some(selector)),
            ),
        ]);
    }
    probes
}

fn of_specifications(text: &str) -> Vec<Probe> {
    let certificate = json!({
        "directory": "/d", "name": "x", "authority": "ca", "commonName": "x",
        "organizations": ["x"], "dnsNames": ["x"], "ipAddresses": ["192.0.2.1"],
        "algorithm": "ECDSA-P256", "validitySeconds": 60,
    });
    let key_pair = json!({"directory": "/d", "name": "x", "algorithm": "ECDSA-P256"});
    let kubeconfig = json!({
        "path": "/p", "directory": "/d", "authority": "ca", "server": "https://example.com/",
        "user": "x", "commonName": "x", "clusterName": "x", "organizations": ["x"],
        "algorithm": "ECDSA-P256", "validitySeconds": 60,
    });
    let rotated = json!({"path": "/p", "clientCertificate": "/c"});
    let (path, base, visible) = (Use::Path, Use::Component, Use::Visible);
    let certificate_fields = [
        ("/directory", path),
        ("/name", base),
        ("/authority", base),
        ("/commonName", visible),
        ("/organizations/0", visible),
        ("/dnsNames/0", Use::Name),
        ("/ipAddresses/0", Use::Name),
    ];
    let kubeconfig_fields = [
        ("/path", path),
        ("/directory", path),
        ("/authority", base),
        ("/server", Use::Name),
        ("/user", visible),
        ("/commonName", visible),
        ("/clusterName", visible),
        ("/organizations/0", visible),
    ];
    let rotated_fields = [("/path", path), ("/clientCertificate", path)];
    [
        of_fields(&ENSURE_CERTIFICATE, &certificate, &certificate_fields, text),
        of_fields(
            &ENSURE_KEY_PAIR,
            &key_pair,
            &[("/directory", path), ("/name", base)],
            text,
        ),
        of_fields(&ENSURE_KUBECONFIG, &kubeconfig, &kubeconfig_fields, text),
        of_fields(&ENSURE_ROTATED_KUBECONFIG, &rotated, &rotated_fields, text),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn probes(text: &str) -> Vec<Probe> {
    let t = || text.to_owned();
    [
        of_single_texts(&t),
        of_paths(&t),
        of_objects(&t),
        of_specifications(text),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn no_hostile_text_passes_a_row_as_it_is() {
    for text in hostile() {
        let shown: String = text.chars().take(20).collect();
        for Probe {
            capability,
            used_as,
            made,
        } in probes(&text)
        {
            let is_harmless = made
                .as_ref()
                .is_none_or(|made| used_as.is_harmless(&text, made));
            let made = made.map(|made| made.chars().take(99).collect::<String>());
            assert!(
                is_harmless,
                "{capability} takes {shown:?} as {used_as:?}: {made:?}"
            );
        }
    }
}

/// The table decides which rows exist: a new row has to be among the probes.
#[test]
fn every_text_argument_of_every_row_is_tried() {
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for Probe { capability, .. } in probes("x") {
        *tried.entry(capability).or_default() += 1;
    }
    for row in rows() {
        let kinds = row.arguments.iter();
        let wanted = kinds.filter(|kind| **kind != UserId::WHAT).count();
        let found = tried.get(&row.capability()).copied().unwrap_or_default();
        assert!(
            found >= wanted,
            "{} has {wanted} text arguments, and {found} are tried",
            row.capability()
        );
    }
}
