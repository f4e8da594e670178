//! The help of kubeadm, and command lines that lead to it.
use crate::Callers;

#[test]
fn help_is_printed_where_kubeadm_prints_it() {
    let callers = Callers::with_link();
    for line in ["", "--help", "help", "--v=1"] {
        let output = callers.call(line);
        assert_eq!(output.status, 0, "{line}: {}", output.stderr);
        assert!(
            output.stdout.contains("│ KUBEADM "),
            "{line}: {}",
            output.stdout
        );
        assert!(
            output.stdout.contains("Available Commands:\n  init "),
            "{line}: {}",
            output.stdout
        );
    }
    for line in ["alpha", "alpha anything"] {
        let output = callers.call(line);
        assert_eq!((output.status, output.stderr.as_str()), (0, ""), "{line}");
        assert_eq!(
            output.stdout, "Kubeadm experimental sub-commands\n\n",
            "{line}"
        );
    }
    let output = callers.call("kubeconfig anything");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output.stdout.contains("Usage: kubeadm kubeconfig"),
        "{}",
        output.stdout
    );
}

#[test]
fn the_help_of_a_topic_is_that_of_the_deepest_command_in_it() {
    let callers = Callers::with_link();
    for (topic, command) in [
        ("certs nonsense", "certs"),
        ("version extra words", "version"),
        ("init phase certs nonsense", "init phase certs"),
        ("certificates renew", "certs renew"),
    ] {
        let (topic, help) = (
            callers.call(&format!("help {topic}")),
            callers.call(&format!("{command} --help")),
        );
        assert_eq!(topic.status, 0, "{command}: {}", topic.stderr);
        assert_eq!(topic.stdout, help.stdout, "{command}");
    }
    assert_eq!(callers.call("help -h").status, 0);
    let unknown = callers.call("help nonsense more");
    assert_eq!((unknown.status, unknown.stdout.as_str()), (0, ""));
    assert!(
        unknown
            .stderr
            .starts_with("Unknown help topic [`nonsense` `more`]\nUsage:\n  kubeadm [command]\n")
            && !unknown.stderr.contains("error:"),
        "{}",
        unknown.stderr
    );
    for (words, command) in [
        ("init phase certs nonsense --help", "init phase certs"),
        (
            "join phase control-plane-join etcd -h",
            "join phase control-plane-join",
        ),
        ("token nonsense -h", "token"),
    ] {
        let help = callers.call(&format!("{command} --help")).stdout;
        let output = callers.call(words);
        assert_eq!((output.status, output.stdout), (0, help), "{words}");
    }
}

/// kubeadm alone runs nothing, and does not look at what follows `--`.
#[test]
fn arguments_that_name_no_command_lead_to_the_help_of_kubeadm() {
    let callers = Callers::with_link();
    let help = callers.call("").stdout;
    for line in ["-- init --nonsense", "--v=2 -- nonsense", "--"] {
        let output = callers.call(line);
        assert_eq!((output.status, output.stdout), (0, help.clone()), "{line}");
    }
    let output = callers.call_with(&[""]);
    assert_eq!((output.status, output.stdout), (0, help));
    for (line, unknown) in [
        ("init -- --dry-run", "--dry-run"),
        ("token list -- -x", "-x"),
    ] {
        let command = line.split(" --").next().unwrap();
        let expected = format!("unknown command \"{unknown}\" for \"kubeadm {command}\"");
        callers.expect_mistakes(&[(line, &expected)]);
    }
    let output = callers.call_with(&["upgrade", "apply", ""]);
    assert_eq!(output.status, 1, "{}", output.stderr);
    assert!(
        output.stderr.contains("Required arguments: [version]"),
        "{}",
        output.stderr
    );
}
