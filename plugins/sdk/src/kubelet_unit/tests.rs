use super::*;
use crate::{Outcome, Phase, PhaseInfo, report, testing::Case};

/// A phase that reports the unit that it reads, as text.
struct Reader;

impl Phase for Reader {
    fn describe() -> PhaseInfo {
        PhaseInfo {
            name: "reader".into(),
            summary: String::new(),
            annotations: Vec::new(),
        }
    }

    fn run() -> Result<Outcome, Failure> {
        let found = read()?;
        let files = found.as_ref().map(|unit| unit.files.clone());
        let (files, unit) = (
            files.unwrap_or_default(),
            found.map(|unit| (unit.passed, unit.remedy)),
        );
        report::submit(&crate::Finding {
            code: "Unit".into(),
            verdict: crate::Verdict::Pass,
            summary: format!("{unit:?}"),
            evidence: vec![("files".to_owned(), files.join(" "))],
            remedy: None,
            url: None,
        });
        Ok(Outcome::Settled)
    }
}

/// Reads the unit on a machine with these files.
fn unit_of(init_system: &str, files: &[(&str, &str)]) -> String {
    finding_of(init_system, files).summary
}

fn finding_of(init_system: &str, files: &[(&str, &str)]) -> crate::Finding {
    let mut case = Case::default();
    case.node.init_system = Some(init_system.to_owned());
    case.files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    case.run::<Reader>().findings.remove(0)
}

fn passed_files(flags: bool, bootstrap_kubeconfig: bool, config: bool) -> String {
    let passed = UnitParts {
        flags,
        bootstrap_kubeconfig,
        config,
    };
    format!("{:?}", Some((passed, None::<NewFile>)))
}

const UNIT: &str = "/usr/lib/systemd/system/kubelet.service";
const BARE: &str = "[Unit]\nDescription=k\n[Service]\nExecStart=/usr/bin/kubelet\n";
/// A drop-in of the kind that packages bring.
const PACKAGED: &str = "[Service]\nEnvironment=\"A=--bootstrap-kubeconfig=/b --kubeconfig=/k\"\n\
    Environment=\"B=--config=/c\"\nEnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\n\
    EnvironmentFile=-/etc/default/kubelet\nExecStart=\nExecStart=/usr/bin/kubelet $A ${B} \
    $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n";

#[test]
fn the_drop_in_of_packages_passes_everything_from_every_folder() {
    for folder in ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"] {
        let path = format!("{folder}/systemd/system/kubelet.service.d/10-kubeadm.conf");
        let found = unit_of("systemd", &[(UNIT, BARE), (&path, PACKAGED)]);
        assert_eq!(found, passed_files(true, true, true), "{folder}");
    }
    assert_eq!(
        unit_of("systemd", &[(UNIT, PACKAGED)]),
        passed_files(true, true, true)
    );
}

#[test]
fn what_kubephase_writes_passes_everything() {
    let found = unit_of("systemd", &[(UNIT, BARE)]);
    assert!(found.contains("10-kubeadm.conf"), "{found}");
    let written = systemd::drop_in("/usr/bin/kubelet --v=2");
    assert!(written.contains("\nExecStart=\nExecStart=/usr/bin/kubelet --v=2 $KUBELET_KUBECONFIG"));
    assert_eq!(
        unit_of("systemd", &[(UNIT, BARE), (DROP_IN, &written)]),
        passed_files(true, true, true)
    );
}

#[test]
fn the_drop_in_of_our_packages_passes_everything() {
    let packaged = include_str!("../../../../host/packaging/10-kubeadm.conf");
    let path = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";
    let found = unit_of("systemd", &[(UNIT, BARE), (path, packaged)]);
    assert_eq!(found, passed_files(true, true, true));
}

#[test]
fn a_machine_whose_unit_is_not_known_is_left_alone() {
    let wrapped = BARE.replace("/usr/bin/kubelet", "/usr/bin/start-kubelet");
    for (init, files) in [
        ("systemd", vec![]),
        ("systemd", vec![(UNIT, wrapped.as_str())]),
        ("systemd", vec![(UNIT, "[Service]\n")]),
        ("openrc", vec![(UNIT, BARE)]),
        ("other", vec![(UNIT, BARE)]),
    ] {
        assert_eq!(unit_of(init, &files), "None", "{files:?}");
    }
}

#[test]
fn a_unit_that_someone_wrote_is_not_replaced() {
    for (text, expected) in [
        (
            "/usr/bin/kubelet --config /c",
            passed_files(false, false, true),
        ),
        (
            "/usr/bin/kubelet --kubeconfig=/k",
            passed_files(false, false, false),
        ),
        (
            "-/opt/bin/kubelet --bootstrap-kubeconfig=/b \\\n --config=/c",
            passed_files(false, true, true),
        ),
    ] {
        let unit = format!("[Service]\nExecStart={text}\n");
        assert_eq!(unit_of("systemd", &[(UNIT, &unit)]), expected, "{text}");
    }
    // A drop-in of that name is there already.
    let found = unit_of(
        "systemd",
        &[(UNIT, BARE), (DROP_IN, "[Service]\nRestart=always\n")],
    );
    assert_eq!(found, passed_files(false, false, false));
}

#[test]
fn variables_come_from_files_and_drop_ins_hide_others_of_their_name() {
    let unit =
        "[Service]\nEnvironmentFile=-/etc/kubernetes/kubelet.env\nExecStart=/bin/kubelet $X\n";
    let variables = "# X=no\nX=\"--config=/c --bootstrap-kubeconfig=/b\"\n";
    let found = unit_of(
        "systemd",
        &[(UNIT, unit), ("/etc/kubernetes/kubelet.env", variables)],
    );
    assert_eq!(found, passed_files(false, true, true));
    let hidden = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";
    let found = unit_of(
        "systemd",
        &[
            (UNIT, BARE),
            (hidden, PACKAGED),
            (DROP_IN, "[Service]\nRestart=no\n"),
        ],
    );
    assert_eq!(found, passed_files(false, false, false));
}

#[test]
fn odd_text_is_read_without_harm() {
    for text in [
        "",
        "=",
        "[Service]\nExecStart",
        "[Service]\nExecStart=\"",
        "\\\n\\\n",
        "\u{0}=$",
    ] {
        unit_of("systemd", &[(UNIT, text)]);
        unit_of(
            "openrc",
            &[("/etc/init.d/kubelet", text), ("/etc/conf.d/kubelet", text)],
        );
    }
}

#[test]
fn a_service_of_openrc_is_read_with_its_variables() {
    let script = "#!/sbin/openrc-run\n. /var/lib/kubelet/kubeadm-flags.env\n\
        command_args=\"${command_args} ${KUBELET_KUBEADM_ARGS}\"\n";
    let files = [("/etc/init.d/kubelet", script)];
    let found = unit_of("openrc", &files);
    assert!(
        found.contains("/etc/conf.d/kubelet") && found.contains("--config="),
        "{found}"
    );
    let given = "command_args=\"--bootstrap-kubeconfig=/b --kubeconfig=/k --config=/c\"\n";
    let files = [files[0], ("/etc/conf.d/kubelet", given)];
    assert_eq!(unit_of("openrc", &files), passed_files(true, true, true));
    let finding = finding_of("openrc", &files);
    assert_eq!(
        finding.evidence[0].1,
        "/etc/init.d/kubelet /etc/conf.d/kubelet"
    );
    let given = format!("# {given}");
    let files = [files[0], ("/etc/conf.d/kubelet", given.as_str())];
    assert_eq!(unit_of("openrc", &files), passed_files(true, false, false));
}

#[test]
fn a_script_of_openrc_may_use_the_variable_of_arguments_in_any_spelling() {
    for (line, is_used) in [
        ("command_args=\"${command_args} -v\"", true),
        ("command_args=\"-v $command_args\"", true),
        ("command_args=\"$command_args -v\"", true),
        ("command_args=\"$command_args_x -v\"", false),
        ("command_args=-v", false),
    ] {
        let script = format!(". /var/lib/kubelet/kubeadm-flags.env\n{line}\n");
        let found = unit_of("openrc", &[("/etc/init.d/kubelet", &script)]);
        assert_eq!(found.contains("/etc/conf.d/kubelet"), is_used, "{found}");
    }
}
