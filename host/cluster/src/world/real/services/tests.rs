use super::{
    super::{machine::load_module, programs::Programs},
    *,
};
use crate::{arguments::ModuleName, cancel::Cancel};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

#[test]
fn a_unit_exists_unless_systemd_says_that_it_does_not() {
    for printed in [
        "● kubelet.service - kubelet\n     Loaded: loaded \
         (/lib/systemd/system/kubelet.service; enabled)\n",
        "",
    ] {
        assert!(is_known_to_systemd(printed), "{printed:?}");
    }
    for printed in [
        "● kubelet.service\n     Loaded: not-found (Reason: Unit kubelet.service not found.)\n",
        "Unit kubelet.service could not be found.\n",
    ] {
        assert!(!is_known_to_systemd(printed), "{printed:?}");
    }
}

#[test]
fn the_start_of_a_process_is_read_from_the_properties_of_its_unit() {
    assert_eq!(
        start_of("ExecMainStartTimestampMonotonic=8812345\n"),
        Some(Duration::from_micros(8_812_345))
    );
    for never in ["ExecMainStartTimestampMonotonic=0\n", "", "no unit"] {
        assert_eq!(start_of(never), None, "{never:?}");
    }
}

/// Tools whose programs are scripts that record their calls: one line for each call, with `|`
/// after each argument.
fn recording_tools(folder: &Path, programs: &[&str]) -> Tools {
    for program in programs {
        let path = folder.join(program);
        let script = format!(
            "#!/bin/sh\n{{ printf '{program}|'; printf '%s|' \"$@\"; echo; }} >> {}/calls\n",
            folder.display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    Tools {
        programs: Programs::with_directory_before_path(folder),
        cancel: Cancel::never(),
    }
}

fn take_calls(folder: &Path) -> Vec<String> {
    let calls = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    fs::write(folder.join("calls"), "").unwrap();
    calls.lines().map(str::to_owned).collect()
}

#[test]
fn systemctl_gets_names_behind_two_dashes() {
    let folder = tempfile::tempdir().unwrap();
    let init = ServiceManager::detect(&recording_tools(folder.path(), &["systemctl"])).unwrap();
    let unit = UnitName::parse("getty@tty1.service").unwrap();
    init.state(&unit);
    assert_eq!(
        take_calls(folder.path()),
        [
            "systemctl|status|--|getty@tty1.service|",
            "systemctl|is-enabled|--|getty@tty1.service|",
            "systemctl|is-active|--|getty@tty1.service|"
        ]
    );
    for (state, change) in [
        ("running", "restart"),
        ("restarted", "restart"),
        ("disabled", "disable"),
    ] {
        assert!(init.ensure(&unit, state).unwrap(), "{state}");
        assert_eq!(
            take_calls(folder.path()).pop().unwrap(),
            format!("systemctl|{change}|--|getty@tty1.service|")
        );
    }
    assert_eq!(
        init.ensure(&unit, "asleep").unwrap_err().code,
        kubephase_wit::FailureCode::Invalid
    );
    assert_eq!(take_calls(folder.path()), [""; 0]);
}

#[test]
fn a_unit_name_is_never_an_option() {
    for text in [
        "--host=root@example.com",
        "-H",
        "--root=/",
        "a b",
        "../x",
        "a/b",
        "",
    ] {
        assert!(UnitName::parse(text).is_err(), "{text}");
    }
}

#[test]
fn modprobe_gets_the_module_behind_two_dashes_and_only_if_it_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let tools = recording_tools(folder.path(), &["modprobe"]);
    let loaded = folder.path().join("module");
    fs::create_dir_all(loaded.join("br_netfilter")).unwrap();
    for (module, loads) in [
        ("br_netfilter", false),
        ("br-netfilter", false),
        ("overlay", true),
    ] {
        assert_eq!(
            load_module(&ModuleName::parse(module).unwrap(), &loaded, &tools).unwrap(),
            loads,
            "{module}"
        );
    }
    assert_eq!(take_calls(folder.path()), ["modprobe|--|overlay|"]);
    assert!(ModuleName::parse("/tmp/evil.ko").is_err() && ModuleName::parse("--remove").is_err());
}

#[test]
fn the_age_of_a_service_is_that_of_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let tools = recording_tools(folder.path(), &["systemctl"]);
    let now = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap();
    let started = now.checked_sub(Duration::from_millis(1)).unwrap();
    let answers = |state: &str| {
        let script = format!(
            "#!/bin/sh\ncase $1 in\nis-active) echo {state};;\nshow) echo \
             ExecMainStartTimestampMonotonic={};;\nesac\n",
            started.as_micros()
        );
        fs::write(folder.path().join("systemctl"), script).unwrap();
    };
    let init = ServiceManager::detect(&tools).unwrap();
    let unit = UnitName::parse("kubelet").unwrap();
    answers("active");
    let age = init.age(&unit).unwrap();
    let since = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap() - started;
    assert!(age > Duration::ZERO && age <= since, "{age:?} of {since:?}");
    answers("inactive");
    assert_eq!(init.age(&unit), None);
}
