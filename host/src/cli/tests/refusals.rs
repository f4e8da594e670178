//! Command lines that are refused, and in which words.
use super::*;
use crate::plan::{Choice, Plan};

fn refused(line: &str) -> String {
    let error = run(line).expect_err(line);
    assert_eq!(error.exit, Exit::Usage, "{line}");
    error.message.expect(line)
}

#[test]
fn a_phase_takes_only_its_own_flags() {
    assert_eq!(
        refused("init phase certs ca --token-ttl 1h"),
        "unknown flag: --token-ttl"
    );
    assert_eq!(
        refused("init phase wait-control-plane --config x"),
        "unknown flag: --config"
    );
    assert!(
        init("init phase certs all --service-cidr 10.0.0.0/16")
            .service_cidr
            .is_some(),
        "`all` takes what any member takes"
    );
    assert_eq!(
        refused("init phase certs sa --service-cidr 10.0.0.0/16"),
        "unknown flag: --service-cidr"
    );
    for command in ["init", "init phase control-plane scheduler"] {
        let line = format!("{command} --apiserver-extra-args a=1");
        let expected = "unknown flag: --apiserver-extra-args";
        assert!(refused(&line).starts_with(expected), "{line}");
    }
}

#[test]
fn parents_alone_print_help_and_fail() {
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

/// Command lines with mistakes, and what is said of them.
const MISTAKES: &[(&str, &str)] = &[
    ("init --no-such-flag", "unknown flag: --no-such-flag"),
    ("init --no_such=1", "unknown flag: --no-such"),
    ("init -x", "unknown shorthand flag: 'x' in -x"),
    (
        "init extra",
        "unknown command \"extra\" for \"kubephase init\"",
    ),
    (
        "init --config f extra",
        "unknown command \"extra\" for \"kubephase init\"",
    ),
    (
        "init phase certs nope",
        "unknown command \"nope\" for \"kubephase init phase certs\"",
    ),
    (
        "init phase certs/nope",
        "unknown command \"nope\" for \"kubephase init phase certs\"",
    ),
    (
        "init phase certs ca extra",
        "unknown command \"extra\" for \"kubephase init phase certs ca\"",
    ),
    (
        "init extra phase",
        "unknown command \"extra\" for \"kubephase init\"",
    ),
    ("nope", "unknown command \"nope\" for \"kubephase\""),
    ("init --config", "flag needs an argument: --config"),
    (
        "init --token-ttl forever",
        "invalid argument \"forever\" for \"--token-ttl\" flag: time: invalid duration \
         \"forever\"",
    ),
    ("init --token-ttl", "flag needs an argument: --token-ttl"),
    (
        "init -o xml",
        "invalid argument \"xml\" for \"--output\" flag: must be one of text, json",
    ),
    (
        "report --list 3",
        "the argument '--list' cannot be used with '[RUN]'",
    ),
    (
        "report 3 4",
        "unknown command \"4\" for \"kubephase report\"",
    ),
    ("config validate", "the --config flag is mandatory"),
    (
        "config print init-defaults --component-configs=X",
        "--component-configs needs to contain some of [KubeProxyConfiguration \
         KubeletConfiguration]",
    ),
    (
        "init phase control-plane apiserver --apiserver-extra-args a=1=2",
        "invalid argument \"a=1=2\" for \"--apiserver-extra-args\" flag: malformed key=value \
         pair in flag value: a=1=2",
    ),
    ("version -o xml", "invalid output format: xml"),
    (
        "config images pull -o json",
        "unknown shorthand flag: 'o' in -o",
    ),
    (
        "token create --ttl x",
        "invalid argument \"x\" for \"--ttl\" flag: time: invalid duration \"x\"",
    ),
    (
        "kubeconfig user",
        "required flag(s) \"client-name\" not set",
    ),
    (
        "kubeconfig x",
        "unknown command \"x\" for \"kubephase kubeconfig\"",
    ),
    (
        "token generate x",
        "unknown command \"x\" for \"kubephase token generate\"",
    ),
    ("token x", "unknown command \"x\" for \"kubephase token\""),
    ("certs certificate-key --x", "unknown flag: --x"),
    ("completion", "shell not specified"),
    (
        "completion bash zsh",
        "too many arguments. expected only the shell type",
    ),
    (
        "completion tcsh",
        "unsupported shell type \"tcsh\", the supported shell types are [bash fish zsh]",
    ),
];

#[test]
fn mistakes_are_told_in_kubeadms_words() {
    for (line, message) in MISTAKES {
        assert_eq!(refused(line), *message, "{line}");
    }
    assert!(
        refused("init --cofnig x").starts_with("unknown flag: --cofnig; did you mean --config?")
    );
    assert!(
        refused("init --dry-run=maybe")
            .starts_with("invalid argument \"maybe\" for \"--dry-run\" flag")
    );
}

/// The recorded refusals that are the command line's or the plan's: the same words as kubeadm, but
/// for the name.
#[test]
fn recorded_refusals_agree() {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden");
    let golden = std::env::var_os("KUBEPHASE_GOLDEN").map_or_else(|| default.into(), PathBuf::from);
    let read = |case: &str, file: &str| {
        std::fs::read_to_string(golden.join("bad").join(case).join(file)).unwrap_or_default()
    };
    if !golden.exists() {
        return;
    }
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
            read(case, "command"),
            read(case, "args"),
            read(case, "stderr.txt"),
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
