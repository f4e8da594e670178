//! Texts in the machine's own files and their lock that would look like lines of the host on a
//! terminal, or like commands in a command that is suggested.
use crate::support::Trial;

const PHASES: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
const FAKE: &str = "a\\n[certs] FAKE\\u2028\\e[2J";
const LOCK: &str = "version: 1\nplugins:\n- {name: own, version: 1.0.0, source: ./own.wasm, \
    digest: aa, interface: 0.1.0, granted: [], provides: [], origin: bb}\n";

/// Runs commands on a machine with a file of its own and a lock, and checks what they print.
fn check(name: &str, text: &str, lock: &str) {
    let trial = Trial::check();
    trial.write_config();
    trial.put(&format!("/etc/kubephase/conf.d/{name}"), text, 0o644);
    trial.put("/etc/kubephase/kubephase.lock", lock, 0o644);
    for command in ["rehearse", "certs check-expiration", "config validate"] {
        let mut words: Vec<&str> = command.split(' ').collect();
        words.extend(["--root", "root"]);
        if command == "config validate" {
            words.extend(["--config", "cluster.yaml"]);
        }
        let ended = trial.run(&words);
        let output = ended.output();
        let is_fake = |line: &str| line.starts_with("[certs] FAKE");
        assert!(
            !output.lines().any(is_fake) && !output.contains(['\u{1b}', '\u{2028}']),
            "{command} with {name:?}, {text:?}, {lock:?}: {output:?}"
        );
    }
}

#[test]
fn no_text_of_the_machines_files_makes_a_line_of_its_own() {
    check(
        "a\n[certs] FAKE\u{2028}.yaml",
        "apiVersion: x/v1\nkind: Foo\n",
        LOCK,
    );
    let kubeadm = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
    let entry = "plugins: [{name: own, source: ./own.wasm";
    for text in [
        "apiVersion: x/v1\nkind: \"%\"\n".to_owned(),
        "apiVersion: \"%\"\nkind: Foo\n".to_owned(),
        format!("{kubeadm}\"%\": 1\n"),
        format!("{kubeadm}clusterName: \"%\"\n"),
        format!("{kubeadm}networking: {{serviceSubnet: \"%\"}}\n"),
        format!("{PHASES}\"%\": 1\n"),
        format!("{PHASES}plugins: [{{name: \"%\", source: ./own.wasm}}]\n"),
        format!("{PHASES}plugins: [{{name: own, source: \"./%\"}}]\n"),
        format!("{PHASES}plugins: [{{name: own, source: \"oci://%\"}}]\n"),
        format!("{PHASES}{entry}, digest: \"%\"}}]\n"),
        format!("{PHASES}{entry}, digest: aa, granted: [\"%\"]}}]\n"),
        format!("{PHASES}{entry}, allow: [\"%\"]}}]\n"),
        format!("{PHASES}{entry}, version: \"%\"}}]\n"),
        format!("{PHASES}{entry}, signer: \"%\"}}]\n"),
        format!("{PHASES}{entry}, limits: {{memory: \"%\"}}}}]\n"),
        format!("{PHASES}{entry}, \"%\": 1}}]\n"),
        format!("{PHASES}replaces: {{\"%\": own}}\n"),
        format!("{PHASES}replaces: {{addon/coredns: \"%\"}}\n"),
        format!("{PHASES}disabledPhases: [\"%\"]\n"),
        format!("{PHASES}extraEdges: [{{before: \"%\", after: certs}}]\n"),
        format!("{PHASES}waivers: [{{check: \"%\", reason: x}}]\n"),
        format!("{PHASES}waivers: [{{check: NumCPU, reason: \"%\"}}]\n"),
        format!("{PHASES}waivers: [{{check: NumCPU, reason: x, expires: \"%\"}}]\n"),
        format!("{PHASES}rules: [{{\"%\": 1}}]\n"),
        format!("{PHASES}rules: [{{code: \"%\", expression: \"%\"}}]\n"),
    ] {
        check("10.yaml", &text.replace('%', FAKE), LOCK);
    }
}

#[test]
fn no_text_of_the_machines_lock_makes_a_line_of_its_own() {
    let phases = format!("{PHASES}plugins: [{{name: own, source: ./own.wasm}}]\n");
    for (field, hostile) in [
        ("version: 1\n", "version: \"%\"\n"),
        ("name: own", "name: \"%\""),
        ("version: 1.0.0", "version: \"%\""),
        ("source: ./own.wasm", "source: \"./%\""),
        ("digest: aa", "digest: \"%\""),
        ("origin: bb", "origin: \"%\""),
        ("granted: []", "granted: [\"%\"]"),
        ("provides: []", "provides: [\"%\"]"),
        ("origin: bb", "\"%\": bb"),
    ] {
        let lock = LOCK.replacen(field, &hostile.replace('%', FAKE), 1);
        assert_ne!(lock, LOCK, "{field}");
        check("10.yaml", &phases, &lock);
    }
}

#[test]
fn words_of_suggested_commands_are_quoted_for_a_shell() {
    let trial = Trial::check();
    trial.write_config();
    for (name, source) in [
        ("own", "./b; x.wasm"),
        ("own", "./$(x) `y`.wasm"),
        ("own; x", "./b.wasm"),
        ("own", "oci://registry.example/a:1 && x"),
    ] {
        let text = format!("{PHASES}plugins: [{{name: '{name}', source: '{source}'}}]\n");
        trial.put("/etc/kubephase/conf.d/10.yaml", &text, 0o644);
        let output = trial.run(&["rehearse", "--root", "root"]).output();
        let commands: Vec<&str> = output.split("run: kubephase plugin ").skip(1).collect();
        assert_eq!(commands.len(), 2, "{output}");
        let part = source.trim_start_matches("./");
        for (command, quoted) in commands.iter().zip([part, name]) {
            let after_quote = command.split('\'').nth(1);
            assert!(
                !quoted.contains([' ', ';'])
                    || after_quote.is_some_and(|word| word.ends_with(quoted)),
                "{quoted} is not quoted: {command}"
            );
        }
    }
}
