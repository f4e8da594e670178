use super::*;
use crate::program::Program;
use crate::{
    plan::{show::Format, testing::INIT},
    workflow::testing::full_catalog,
};
use std::{path::Path, sync::LazyLock};

mod names;
mod phases;
mod refusals;

static CATALOG: LazyLock<Catalog> = LazyLock::new(full_catalog);

fn run(line: &str) -> Result<Command, CliError> {
    let words = std::iter::once("kubephase").chain(line.split_whitespace());
    parse(words.map(OsString::from), &CATALOG)
}

fn workflow(line: &str) -> WorkflowRequest {
    match run(line) {
        Ok(Command::Workflow(request)) => request,
        other => panic!("{line}: {other:?}"),
    }
}

fn flags<T: FromArgMatches>(request: &WorkflowRequest) -> T {
    T::from_arg_matches(&request.arguments.0).unwrap()
}

fn init(line: &str) -> InitFlags {
    let request = workflow(line);
    assert_eq!(request.workflow, INIT);
    flags(&request)
}

#[test]
fn flags_read_as_kubeadm_reads_them() {
    let request = workflow(
        "init --config=a.yaml --skip_phases=addon,certs/sa --skip-phases show-join-command \
         --upload-certs -o json --out d --dry-run=false -v 5",
    );
    let all: InitFlags = flags(&request);
    assert_eq!(request.config().map(String::as_str), Some("a.yaml"));
    assert_eq!(all.skip_phases, ["addon", "certs/sa", "show-join-command"]);
    assert!(all.upload_certs && all.dry_run == Some(false));
    assert_eq!(
        (
            request.place.output.format,
            request.out.as_deref(),
            request.verbosity.level
        ),
        (Output::Json, Some(Path::new("d")), 5)
    );
    assert_eq!(init("init --node-name -x").node_name.as_deref(), Some("-x"));
    assert_eq!(
        init("init --node-name a_b --node_name=c_d")
            .node_name
            .as_deref(),
        Some("c_d"),
        "the last wins, values keep their _"
    );
    assert_eq!(workflow("--v=3 init").verbosity.level, 3);
    assert!(
        init("init --dry-run=false --dry_run=T").dry_run == Some(true)
            && init("init --dry-run --dry-run=0").dry_run == Some(false)
            && init("init").dry_run.is_none()
    );
    assert_eq!(workflow("init").phase, None);
    assert!(init("init --skip-phases=").skip_phases.is_empty());
    let spaced = parse(
        ["kubephase", "init", "--skip-phases", "", "--config", ""].map(OsString::from),
        &CATALOG,
    );
    let Ok(Command::Workflow(request)) = spaced else {
        panic!("{spaced:?}")
    };
    let all: InitFlags = flags(&request);
    assert!(all.skip_phases.is_empty() && all.config.as_deref() == Some(""));
}

#[test]
fn plans_and_rehearsals_have_the_flags_of_their_workflows() {
    let Ok(Command::Plan(plan)) = run("plan init --config f --skip-phases addon -o mermaid") else {
        panic!()
    };
    let all: InitFlags = flags(&plan.run);
    assert_eq!(
        (plan.format, all.skip_phases.as_slice()),
        (Format::Mermaid, ["addon".to_owned()].as_slice())
    );
    for workflow in crate::workflow::ALL {
        let line = format!("plan {} --node n.yaml -o dot", workflow.command().join(" "));
        let Ok(Command::Plan(plan)) = run(&line) else {
            panic!("{line}")
        };
        assert_eq!(
            (plan.run.workflow, plan.format),
            (workflow.id(), Format::Dot)
        );
    }
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
}

#[test]
fn reports_and_configurations_have_commands_of_their_own() {
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
    for line in [
        "config validate --config f",
        "config migrate --old-config f --new_config g",
        "config print join-defaults",
        "config print init-defaults --component-configs \
         KubeletConfiguration,KubeProxyConfiguration",
        "--vmodule a=1,b*=2 --rootfs / config print reset-defaults --kubeconfig k",
    ] {
        assert!(matches!(run(line), Ok(Command::Config(_))), "{line}");
    }
    assert_eq!(
        run("config images list --image_repository r -o yaml").map(drop),
        Ok(())
    );
    assert_eq!(
        run("config images pull --cri-socket s --config f --kubeconfig k").map(drop),
        Ok(())
    );
}

#[test]
fn flags_of_token_may_precede_or_follow_its_commands() {
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
    assert_eq!(
        run(
            "token create abcdef.0123456789abcdef --ttl 0 --usages signing --groups= \
             --print_join_command"
        )
        .map(drop),
        Ok(())
    );
}

#[test]
fn join_and_reset_are_parsed_as_init_is() {
    let reset = workflow("reset -f --cleanup-tmp-dir --skip-phases preflight --root r -o json");
    let all: ResetFlags = flags(&reset);
    assert!(
        all.force == Some(true) && all.cleanup_tmp_dir == Some(true) && reset.place.root.is_some()
    );
    assert_eq!(reset.phase, None);
    let kept: ResetFlags = flags(&workflow("reset -f=false --cleanup-tmp-dir=false"));
    assert_eq!(
        (kept.force, kept.cleanup_tmp_dir),
        (Some(false), Some(false))
    );
    let reset = workflow("reset phase cleanupnode --cert-dir /p --dry-run");
    let all: ResetFlags = flags(&reset);
    assert_eq!(all.cert_dir.as_deref(), Some("/p"));
    assert_eq!(reset.phase.unwrap().id, "cleanup-node");
    let join = workflow("join a:1 --control-plane -o json");
    let all: JoinFlags = flags(&join);
    assert!(all.control_plane && all.endpoint.as_deref() == Some("a:1"));
    assert_eq!(join.place.output.format, Output::Json);
}

#[test]
fn other_commands_are_parsed() {
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
        Ok(Command::Certs(certs::CertsCommand::CertificateKey))
    );
    assert!(matches!(
        run("certs generate-csr --cert_dir /keys --kubeconfig-dir=/conf"),
        Ok(Command::Certs(certs::CertsCommand::GenerateCsr(_)))
    ));
    assert_eq!(
        run("certs").unwrap_err().message.as_deref(),
        Some("subcommand is required")
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
    assert_eq!(
        run("version --help --help=false -o short"),
        run("version -o short")
    );
    assert!(run("version --help=T").is_err_and(|asked| asked.help.is_some()));
}

#[test]
fn version_and_completion_print() {
    assert_eq!(
        version::version(Program::Kubephase, VersionFormat::Short),
        format!("v{}\n", env!("CARGO_PKG_VERSION"))
    );
    let json: serde_json::Value =
        serde_json::from_str(&version::version(Program::Kubephase, VersionFormat::Json)).unwrap();
    let yaml: serde_json::Value =
        serde_yaml::from_str(&version::version(Program::Kubephase, VersionFormat::Yaml)).unwrap();
    assert_eq!(json, yaml);
    assert_eq!(json["clientVersion"]["kubernetesVersion"], "v1.36.2");
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let script = version::completion(shell, &CATALOG);
        assert!(
            script.contains("kubephase") && script.contains("skip-phases"),
            "{shell}"
        );
    }
}

/// No arguments, of any kind, cause a panic.
#[test]
fn odd_arguments_do_not_panic() {
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
            drop(parse(["kubephase".into(), a.clone(), b.clone()], &CATALOG));
            drop(parse(
                [
                    "kubephase".into(),
                    "init".into(),
                    "phase".into(),
                    a.clone(),
                    b.clone(),
                ],
                &CATALOG,
            ));
        }
    }
    drop(parse([], &CATALOG));
}

#[test]
fn the_page_for_operators_has_the_exit_codes() {
    let rows = Exit::TABLE.map(|(exit, meaning)| format!("| {} | {meaning} |\n", exit.code()));
    let table = format!("| code | meaning |\n|---|---|\n{}", rows.concat());
    crate::page_table::check_table("host/USING.md", &table);
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
