//! Command lines that are refused, and the messages.
use super::*;
use crate::plan::{Choice, Plan};

fn expect_refusal(line: &str) -> String {
    let error = run(line).expect_err(line);
    assert_eq!(error.exit, Exit::Usage, "{line}");
    error.message.expect(line)
}

#[test]
fn a_phase_takes_only_its_own_flags() {
    assert_eq!(
        expect_refusal("init phase certs ca --token-ttl 1h"),
        "unknown flag: --token-ttl"
    );
    assert_eq!(
        expect_refusal("init phase wait-control-plane --config x"),
        "unknown flag: --config"
    );
    assert!(
        init("init phase certs all --service-cidr 10.0.0.0/16")
            .service_cidr
            .is_some(),
        "`all` takes what any member takes"
    );
    assert_eq!(
        expect_refusal("init phase certs sa --service-cidr 10.0.0.0/16"),
        "unknown flag: --service-cidr"
    );
    for command in ["init", "init phase control-plane scheduler"] {
        let line = format!("{command} --apiserver-extra-args a=1");
        let expected = "unknown flag: --apiserver-extra-args";
        assert!(expect_refusal(&line).starts_with(expected), "{line}");
    }
}

#[test]
fn a_command_without_its_subcommand_prints_help_and_fails() {
    for line in [
        "init phase",
        "init phase certs",
        "config",
        "config print",
        "config images",
        "token",
        "certs",
        "plan",
    ] {
        let error = run(line).unwrap_err();
        assert_eq!(
            error.message.as_deref(),
            Some("subcommand is required"),
            "{line}"
        );
        assert!(
            error
                .help
                .unwrap()
                .contains(&format!("Usage: kubephase {line}")),
            "{line}"
        );
        assert_eq!(error.exit, Exit::Usage);
    }
    let bare = run("").unwrap_err();
    assert_eq!((bare.message, bare.exit), (None, Exit::Ok));
    assert!(bare.help.unwrap().contains("Exit codes:"));
    assert!(
        run("help init phase")
            .unwrap_err()
            .help
            .unwrap()
            .contains("kubephase init phase")
    );
    assert!(
        run("token")
            .unwrap_err()
            .help
            .unwrap()
            .starts_with("Handle bootstrap tokens\n")
    );
    let help = run("init --help").unwrap_err();
    assert_eq!(help.exit, Exit::Ok);
    assert!(help.help.unwrap().contains("executes the following phases"));
}

#[test]
fn values_that_cannot_be_used_are_refused_with_what_is_expected() {
    for (line, expected) in [
        (
            "init --v x",
            "invalid argument \"x\" for \"-v, --v\" flag: must be a whole number",
        ),
        (
            "rehearse --serve=99999",
            "invalid argument \"99999\" for \"--serve\" flag: must be from 0 to 65535",
        ),
        (
            "rehearse --workers many",
            "invalid argument \"many\" for \"--workers\" flag: must be a whole number",
        ),
        (
            "plugin new thing here",
            "invalid value \"thing\" for the argument KIND: must be one of",
        ),
        (
            "rehearse --output xml",
            "invalid argument \"xml\" for \"--output\" flag: must be one of text, json",
        ),
        ("init --config", "flag needs an argument: --config"),
    ] {
        let message = expect_refusal(line);
        assert!(message.starts_with(expected), "{line}: {message}");
    }
    let message = expect_refusal("rehearse --control-planes 0");
    assert!(message.contains("flag: must be "), "{message}");
}

#[test]
fn missing_flags_and_arguments_have_messages_of_their_own() {
    assert_eq!(
        expect_refusal("plugin add"),
        "required argument(s) SOURCE not given; required flag(s) \"config\" not set"
    );
    assert_eq!(
        expect_refusal("kubeconfig user"),
        "required flag(s) \"client-name\" not set"
    );
    assert_eq!(
        expect_refusal("plugin inspect"),
        "required argument(s) PLUGIN not given"
    );
}

/// Reads a file; empty if it does not exist.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Compares the recorded refusals of command lines and plans with kubeadm's words, except for the
/// program's name.
#[test]
fn recorded_refusals_agree() {
    let Some(recordings) = crate::requirements::recorded_runs() else {
        return;
    };
    let folder = recordings.join("bad");
    for case in [
        "skip-phase-dependency",
        "skip-phase-unknown-flag",
        "phase-group-only",
        "phase-show-join-command",
        "unknown-flag",
        "extra-argument",
        "config-flag-missing",
        "bad-ttl-flag",
    ] {
        let (command, args, stderr) = (
            read(&folder.join(case).join("command")),
            read(&folder.join(case).join("args")),
            read(&folder.join(case).join("stderr.txt")),
        );
        let ours = match run(&format!("{command} {args}")) {
            Err(error) => error.message.unwrap_or_default(),
            Ok(Command::Workflow(request)) => {
                let all: InitFlags = flags(&request);
                let choice = Choice {
                    skip: all.skip_phases,
                    only: request.phase.map(|phase| vec![phase.id]),
                    ..Choice::default()
                };
                Plan::build(&CATALOG, &INIT, &choice).expect_err(case)[0].to_string()
            }
            Ok(other) => panic!("{case}: {other:?}"),
        };
        let theirs = stderr.lines().filter(|line| {
            !line.starts_with("W]") && !line.starts_with("To see") && *line != "error: "
        });
        let theirs = theirs
            .collect::<Vec<_>>()
            .join("\n")
            .replace("kubeadm", "kubephase");
        let theirs = theirs.trim_start_matches("error: ");
        assert!(
            !theirs.is_empty() && ours.starts_with(theirs),
            "{case}: {ours:?} instead of {theirs:?}"
        );
    }
}
