//! Plugins whose signer the operator named: nothing of another's gets in.
use super::*;
use std::os::unix::fs::PermissionsExt;

/// A key pair of a folder, and the public key as text.
fn keygen(folder: &Path, name: &str) -> (String, String, String) {
    let name = folder.join(name).display().to_string();
    well(plugin(&["keygen", &name]));
    let (secret, public) = (format!("{name}.key"), format!("{name}.pub"));
    let key = fs::read_to_string(&public)
        .unwrap()
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    (secret, public, key)
}

/// Another custom section makes another component of it.
fn change(component: &str) {
    let mut bytes = fs::read(component).unwrap();
    bytes.extend([0, 3, 1, b'x', 0]);
    fs::write(component, bytes).unwrap();
}

fn refused(said: &Said, parts: &[&str]) {
    let told = format!("{}{}", said.stdout, said.stderr);
    assert_eq!(said.status, 6, "{told}");
    parts
        .iter()
        .for_each(|part| assert!(told.contains(part), "{part}: {told}"));
}

#[test]
fn only_the_signer_that_was_named_gets_in() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    let (at, out) = (folder.path(), folder.path().join("out"));
    let phases = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nwaivers: \
        [{check: TimeSync, reason: no clock}]\n";
    let config = cluster(at, phases);
    let component = at.join("time-sync.wasm").display().to_string();
    fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
    let (ours, our_pub, our_key) = keygen(at, "ours");
    let (theirs, their_pub, their_key) = keygen(at, "theirs");
    assert_eq!(
        fs::metadata(&ours).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let sign = |key: &str| well(plugin(&["sign", &component, "--key", key]));
    let add = |more: &[&str]| {
        plugin(&[&["add", &component, "--config", &config, "--allow"], more].concat())
    };

    refused(
        &add(&["--signer", &our_pub]),
        &["has to be signed by", "it has no signature"],
    );
    assert!(!fs::read_to_string(&config).unwrap().contains("time-sync"));
    assert!(sign(&ours).contains("time-sync 0.1.0 is signed: "));
    assert!(well(plugin(&["inspect", &component])).contains("as its signature says"));
    assert!(
        well(plugin(&["inspect", &component, "--signer", &our_key]))
            .contains(&format!("signed by {our_key}"))
    );
    refused(
        &plugin(&["inspect", &component, "--signer", &their_key]),
        &["of another key"],
    );
    assert!(well(add(&["--signer", &our_pub])).contains(&format!("signed by {our_key}\n")));
    for file in [&config, &at.join("kubephase.lock").display().to_string()] {
        assert!(
            fs::read_to_string(file)
                .unwrap()
                .contains(&format!("signer: {our_key}\n")),
            "{file}"
        );
    }
    assert!(well(plugin(&["list", "--config", &config])).contains(&format!("signed by {our_key}")));
    well(init(&config, &out));
    assert!(
        fs::read_to_string(out.join("objects.yaml"))
            .unwrap()
            .contains(&format!("signer: {our_key}"))
    );

    // Without the signature, with one of something else, and with another's.
    let signature = format!("{component}.minisig");
    fs::remove_file(&signature).unwrap();
    let nowhere = at.join("nowhere");
    refused(&init(&config, &nowhere), &["it has no signature"]);
    sign(&ours);
    change(&component);
    refused(
        &init(&config, &nowhere),
        &["the component is not what was signed"],
    );
    refused(
        &plugin(&["allow", "time-sync", "--config", &config]),
        &["the component is not what was signed"],
    );

    // An upgrade by the same signer is one to look at; by another it is none until the operator
    // says so.
    sign(&ours);
    refused(
        &init(&config, &nowhere),
        &["is not what was locked", "the same signer"],
    );
    assert!(
        well(plugin(&["allow", "time-sync", "--config", &config]))
            .contains(&format!("signed by {our_key} as before"))
    );
    well(plugin(&["verify", "--config", &config]));
    sign(&theirs);
    for said in [
        init(&config, &nowhere),
        plugin(&["allow", "time-sync", "--config", &config]),
        add(&[]),
    ] {
        refused(&said, &["of another key", "--signer PUBLIC_KEY"]);
    }
    assert!(!nowhere.exists());
    let allowed = well(plugin(&[
        "allow",
        "time-sync",
        "--config",
        &config,
        "--signer",
        &their_pub,
    ]));
    assert!(
        allowed.contains(&format!("signed by {their_key} and no longer by {our_key}")),
        "{allowed}"
    );
    assert!(well(plugin(&["verify", "--config", &config])).contains(&their_key));

    // The configuration and the lock have to agree.
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace(&their_key, &our_key)).unwrap();
    refused(
        &init(&config, &nowhere),
        &["names the signer", &format!("--signer {our_key}")],
    );
    fs::write(&config, text.replace(&their_key, "nobody")).unwrap();
    let said = init(&config, &nowhere);
    assert!(
        said.status == 3
            && said
                .stderr
                .contains("plugins[0].signer: \"nobody\" is not a minisign public key"),
        "{}",
        said.stderr
    );
    // A signer that the configuration no longer names is still the lock's.
    fs::write(
        &config,
        text.replace(&format!("  signer: {their_key}\n"), ""),
    )
    .unwrap();
    sign(&ours);
    refused(&init(&config, &nowhere), &["of another key"]);
}

#[test]
fn a_key_under_a_password_needs_it() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("x.wasm").display().to_string();
    fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
    let name = folder.path().join("ours").display().to_string();
    let with = |password: &str, args: &[&str]| {
        run(kubephase(PROGRAM)
            .env("KUBEPHASE_SIGNING_PASSWORD", password)
            .arg("plugin")
            .args(args))
    };
    well(with("secret", &["keygen", &name]));
    let sign = ["sign", &component, "--key", &format!("{name}.key")];
    for said in [plugin(&sign), with("wrong", &sign)] {
        assert!(
            said.status == 1
                && said.stderr.contains("cannot sign with")
                && said.stderr.contains("assword"),
            "{}",
            said.stderr
        );
    }
    well(with("secret", &sign));
    well(plugin(&[
        "inspect",
        &component,
        "--signer",
        &format!("{name}.pub"),
    ]));
}

#[test]
fn a_registry_has_the_signature_with_the_component() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    let Some((registry, reference)) = registry(folder.path()) else {
        return;
    };
    let (config, tagged) = (cluster(folder.path(), ""), format!("{reference}:0.1.0"));
    let component = folder.path().join("time-sync.wasm").display().to_string();
    fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
    assert!(well(plugin(&["push", &component, &tagged])).contains("not signed"));
    let (secret, public, key) = keygen(folder.path(), "ours");
    refused(
        &plugin(&["add", &tagged, "--config", &config, "--signer", &public]),
        &["it has no signature"],
    );
    well(plugin(&["sign", &component, "--key", &secret]));
    assert!(well(plugin(&["push", &component, &tagged])).contains("signed by key "));
    let inspected = well(plugin(&["inspect", &tagged]));
    let digest = shown_digest(&inspected);
    let added = well(plugin(&[
        "add", &tagged, "--config", &config, "--allow", "--signer", &public, "--digest", digest,
    ]));
    assert!(added.contains(&format!("signed by {key}")), "{added}");
    drop(registry);
    assert!(well(plugin(&["verify", "--config", &config])).contains(&key));
}
