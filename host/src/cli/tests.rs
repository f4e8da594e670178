use super::*;
use crate::plan::sample::{catalog, row};
use crate::plan::{Choice, Plan};
use std::path::Path;

fn run(line: &str) -> Result<Command, CliError> {
    let words = std::iter::once("kubephase").chain(line.split_whitespace());
    parse(words.map(OsString::from), &catalog())
}

fn init(line: &str) -> InitRequest {
    match run(line) {
        Ok(Command::Init(request)) => request,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> String {
    let error = run(line).expect_err(line);
    assert_eq!(error.exit, Exit::Usage, "{line}");
    error.message.expect(line)
}

#[test]
fn flags_read_as_kubeadm_reads_them() {
    let request = init(
        "init --config=a.yaml --skip_phases=addon,certs/sa --skip-phases show-join-command \
         --upload-certs -o json --out d --dry-run=false -v 5",
    );
    assert_eq!(request.flags.config.as_deref(), Some("a.yaml"));
    assert_eq!(
        request.flags.skip_phases,
        ["addon", "certs/sa", "show-join-command"]
    );
    assert!(request.flags.upload_certs && !request.flags.dry_run);
    assert_eq!(
        (
            request.place.form.output,
            request.out.as_deref(),
            request.verbosity
        ),
        (Output::Json, Some(Path::new("d")), 5)
    );
    assert_eq!(
        init("init --node-name -x").flags.node_name.as_deref(),
        Some("-x")
    );
    assert_eq!(
        init("init --node-name a_b --node_name=c_d")
            .flags
            .node_name
            .as_deref(),
        Some("c_d"),
        "the last wins, values keep their _"
    );
    assert_eq!(init("--v=3 init").verbosity, 3);
    assert!(
        init("init --dry-run=false --dry_run=T").flags.dry_run
            && !init("init --dry-run --dry-run=0").flags.dry_run
    );
    assert_eq!(init("init").phase, None);
    assert!(init("init --skip-phases=").flags.skip_phases.is_empty());
    let spaced = parse(
        ["kubephase", "init", "--skip-phases", "", "--config", ""].map(OsString::from),
        &catalog(),
    );
    let Ok(Command::Init(request)) = spaced else {
        panic!("{spaced:?}")
    };
    assert!(request.flags.skip_phases.is_empty() && request.flags.config.as_deref() == Some(""));
}

#[test]
fn phases_are_commands_and_paths() {
    for line in [
        "init phase certs apiserver --cert-dir /p --root r",
        "init phase certs/apiserver --cert_dir=/p --root r",
        "init --cert-dir /p phase --root r certs apiserver",
    ] {
        let request = init(line);
        assert_eq!(request.phase.unwrap().id, "certs/apiserver");
        assert_eq!(request.flags.cert_dir.as_deref(), Some("/p"));
        assert_eq!(request.place.root.as_deref(), Some(Path::new("r")));
    }
    for (line, id) in [
        ("init phase certs all", "certs"),
        ("init phase certs/all", "certs"),
        ("init phase uploadconfig kubeadm", "upload-config/kubeadm"),
        ("init phase bootstraptoken", "bootstrap-token"),
        ("init phase preflight", "preflight"),
    ] {
        assert_eq!(init(line).phase.expect(line).id, id);
    }
    assert!(
        init("init phase addon coredns --print-manifest")
            .phase
            .unwrap()
            .flags
            .print_manifest
    );
    let flags = init(
        "init phase control-plane apiserver --apiserver-extra-args a=1,b= \
        --apiserver-extra-args c=2",
    )
    .phase
    .unwrap()
    .flags;
    assert_eq!(
        flags.apiserver_extra_args,
        [("a", "1"), ("b", ""), ("c", "2")].map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert!(crate::cli::phase::unknown_flags(&catalog()).is_empty());
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
            .flags
            .service_cidr
            .is_some(),
        "`all` takes what any member takes"
    );
    assert_eq!(
        refused("init phase certs sa --service-cidr 10.0.0.0/16"),
        "unknown flag: --service-cidr"
    );
    assert!(refused("init --print-manifest").starts_with("unknown flag: --print-manifest"));
}

#[test]
fn checks_are_one_job() {
    let mut catalog = catalog();
    let check = |id| crate::phase::catalog::Row {
        kind: crate::phase::catalog::Kind::Check,
        ..row(id, "", "config")
    };
    catalog.rows.splice(
        0..1,
        [
            row("preflight/", "", ""),
            check("preflight/num-cpu"),
            check("preflight/mem"),
        ],
    );
    for (line, id) in [
        ("init phase preflight --config x", "preflight"),
        ("init phase preflight/mem", "preflight/mem"),
    ] {
        let words = std::iter::once("kubephase").chain(line.split_whitespace());
        let Ok(Command::Init(request)) = parse(words.map(OsString::from), &catalog) else {
            panic!("{line}")
        };
        assert_eq!(request.phase.unwrap().id, id);
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

#[test]
fn mistakes_are_told_in_kubeadms_words() {
    for (line, message) in [
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
    ] {
        assert_eq!(refused(line), message, "{line}");
    }
    assert!(
        refused("init --cofnig x").starts_with("unknown flag: --cofnig; did you mean --config?")
    );
    assert!(
        refused("init --dry-run=maybe")
            .starts_with("invalid argument \"maybe\" for \"--dry-run\" flag")
    );
}

#[test]
fn other_commands() {
    let Ok(Command::Plan(plan)) = run("plan init --config f --skip-phases addon -o mermaid") else {
        panic!()
    };
    assert_eq!(
        (plan.format, plan.flags.skip_phases.as_slice()),
        (Format::Mermaid, ["addon".to_owned()].as_slice())
    );
    for (line, port) in [
        ("rehearse --config f", None),
        ("rehearse --serve", Some(0)),
        ("rehearse --serve=7443", Some(7443)),
    ] {
        let Ok(Command::Rehearse(request)) = run(line) else {
            panic!("{line}")
        };
        assert_eq!(request.serve, port);
    }
    let Ok(Command::Report(report)) = run("report 3 --timeline --root r -o json") else {
        panic!()
    };
    assert_eq!(
        (
            report.run.as_deref(),
            report.timeline,
            report.root.as_deref()
        ),
        (Some("3"), true, Some(Path::new("r")))
    );
    assert_eq!(
        (report.output, run("report")),
        (Output::Json, Ok(Command::Report(ReportRequest::default())))
    );
    let Ok(Command::ConfigValidate { config, .. }) = run("config validate --config f") else {
        panic!()
    };
    assert_eq!(config, Path::new("f"));
    assert_eq!(
        run("config images list --image_repository r -o yaml").map(drop),
        Ok(())
    );
    assert_eq!(
        run("config images pull --cri-socket s --config f --kubeconfig k").map(drop),
        Ok(())
    );
    for line in [
        "token generate --dry-run --kubeconfig k",
        "token --kubeconfig=k generate --dry-run=T",
    ] {
        let Ok(Command::Token(token)) = run(line) else {
            panic!("{line}")
        };
        assert_eq!(
            (token.cluster.kubeconfig.as_deref(), token.cluster.dry_run),
            (Some(Path::new("k")), true)
        );
        assert_eq!(token.command, token::TokenCommand::Generate);
    }
    let Ok(Command::Reset(reset)) =
        run("reset -f --cleanup-tmp-dir --skip-phases preflight --root r -o json")
    else {
        panic!()
    };
    assert!(
        reset.flags.force
            && reset.flags.cleanup_tmp_dir
            && reset.place.root.is_some()
            && reset.phase.is_none()
    );
    let phase = "kubephase reset phase cleanupnode --cert-dir /p --dry-run"
        .split(' ')
        .map(OsString::from);
    let Ok(Command::Reset(reset)) = parse(phase, &crate::phase::catalog::Catalog::built_in())
    else {
        panic!()
    };
    assert_eq!(
        (reset.phase.as_deref(), reset.flags.cert_dir.as_deref()),
        (Some("cleanup-node"), Some("/p"))
    );
    assert_eq!(
        run(
            "token create abcdef.0123456789abcdef --ttl 0 --usages signing --groups= \
        --print_join_command"
        )
        .map(drop),
        Ok(())
    );
    assert_eq!(
        run("kubeconfig user --client-name ada --org a,b --validity-period 1h").map(drop),
        Ok(())
    );
    let alone = run("kubeconfig").unwrap_err();
    assert!(
        alone.exit == Exit::Ok
            && alone.message.is_none()
            && alone.help.unwrap().contains("Usage: kubephase kubeconfig")
    );
    assert_eq!(
        run("certificates certificate-key"),
        Ok(Command::CertificateKey)
    );
    assert_eq!(
        run("version -o short"),
        Ok(Command::Version {
            format: VersionFormat::Short
        })
    );
    assert_eq!(
        run("completion fish"),
        Ok(Command::Completion { shell: Shell::Fish })
    );
}

#[test]
fn version_and_completion_print() {
    assert_eq!(
        version::version(VersionFormat::Short),
        format!("v{}\n", env!("CARGO_PKG_VERSION"))
    );
    let json: serde_json::Value =
        serde_json::from_str(&version::version(VersionFormat::Json)).unwrap();
    let yaml: serde_json::Value =
        serde_yaml::from_str(&version::version(VersionFormat::Yaml)).unwrap();
    assert_eq!(json, yaml);
    assert_eq!(
        json["clientVersion"]["kubernetesVersion"],
        version::KUBERNETES
    );
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let script = version::completion(shell, &catalog());
        assert!(
            script.contains("kubephase") && script.contains("skip-phases"),
            "{shell}"
        );
    }
}

/// No arguments at all, of any kind, end in a panic.
#[test]
fn odd_arguments_are_no_trouble() {
    use std::os::unix::ffi::OsStringExt;
    let odd = [
        "",
        "-",
        "--",
        "--=",
        "-=",
        "---",
        "init",
        "phase",
        "certs/",
        "/",
        "certs//ca",
        "-v",
        "--config",
        "é",
        "-é",
        "--é=é",
    ];
    let mut words: Vec<OsString> = odd.iter().map(OsString::from).collect();
    words.push(OsString::from_vec(vec![0x2d, 0x2d, 0xff, 0xfe]));
    for a in &words {
        for b in &words {
            drop(parse(
                ["kubephase".into(), a.clone(), b.clone()],
                &catalog(),
            ));
            drop(parse(
                [
                    "kubephase".into(),
                    "init".into(),
                    "phase".into(),
                    a.clone(),
                    b.clone(),
                ],
                &catalog(),
            ));
        }
    }
    drop(parse([], &catalog()));
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
            Ok(Command::Init(request)) => {
                let only = request.phase.map(|phase| vec![phase.id]);
                let choice = Choice {
                    skip: request.flags.skip_phases,
                    only,
                    ..Choice::default()
                };
                Plan::build(&catalog(), Workflow::Init, &choice).expect_err(case)[0].to_string()
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

#[test]
fn the_readme_has_every_exit_code() {
    let readme = include_str!("../../../README.md");
    for (exit, meaning) in Exit::TABLE {
        let row = format!("| {} | {meaning} |", exit.code());
        assert!(readme.contains(&row), "{row}");
    }
}

#[test]
fn no_secret_of_a_command_line_is_printed() {
    const TOKEN: &str = "abcdef.canary0123456789";
    const KEY: &str = "ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11";
    for line in [
        format!("init --token {TOKEN} --certificate-key {KEY}"),
        format!(
            "join a:1 --token {TOKEN} --discovery-token {TOKEN} --tls-bootstrap-token {TOKEN} \
             --control-plane --certificate-key {KEY}"
        ),
        format!("token create {TOKEN} --print-join-command --certificate-key {KEY}"),
        format!("token delete {TOKEN}"),
        format!("kubeconfig user --client-name a --token {TOKEN}"),
    ] {
        let command = run(&line).unwrap_or_else(|why| panic!("{line}: {why:?}"));
        let printed = format!("{command:?} {command:#?}");
        assert!(
            printed.contains("<secret>")
                && !printed.contains("canary")
                && !printed.contains("ca9a5e"),
            "{printed}"
        );
    }
}
