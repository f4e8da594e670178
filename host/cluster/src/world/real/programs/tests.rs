use super::*;
use crate::{budget::Budget, cancel::Cancel, world::real::child::LeftoverProcesses};
use std::time::Duration;

fn run(programs: &Programs, script: &str) -> String {
    let budget = Budget::new(10_000, Duration::from_secs(60), &Cancel::never());
    let arguments = ["-c", script];
    let output = programs.run("sh", &arguments, LeftoverProcesses::Killed, &budget);
    output.unwrap().stdout()
}

#[test]
fn programs_of_the_system_get_nothing_of_the_operators_environment() {
    let script = "echo $0 $HOME $LANG $PATH; pwd";
    assert_eq!(
        run(&Programs::OfSystem(Rights::WithoutCapabilities), script),
        format!("sh / C.UTF-8 {}\n/\n", SYSTEM_PROGRAM_DIRECTORIES.join(":"))
    );
    let folder = tempfile::tempdir().unwrap();
    let (own, expected) = (
        Programs::with_directory_before_path(folder.path()),
        format!("{}\n/\n", folder.path().display()),
    );
    assert_eq!(run(&own, "echo ${PATH%%:*}; pwd"), expected);
}

#[test]
fn a_program_that_is_in_none_of_the_systems_directories_is_not_found() {
    let failure = Programs::OfSystem(Rights::Full)
        .command("no-such-program")
        .unwrap_err();
    assert_eq!(failure.code, kubephase_wit::FailureCode::NotFound);
    assert!(failure.message.contains("/usr/local/sbin"), "{failure:?}");
}

#[test]
fn a_program_is_of_the_system_if_nobody_else_can_replace_it_or_a_link_to_it() {
    let files = RootedFiles::open(Path::new("/")).unwrap();
    let path = Programs::OfSystem(Rights::Full).find("sh").unwrap();
    assert_eq!(
        of_system(&files, path.to_str().unwrap()),
        Some(path.clone())
    );
    // Every user may write in the directory for temporary files.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("sh");
    fs::copy(&path, &copy).unwrap();
    assert!(is_executable(&copy));
    assert_eq!(of_system(&files, copy.to_str().unwrap()), None);
    for rights in [Rights::Full, Rights::WithoutCapabilities] {
        let programs = Programs::OfSystem(rights);
        assert!(programs.command(path.to_str().unwrap()).is_ok());
        let failure = programs.command(copy.to_str().unwrap()).unwrap_err();
        assert_eq!(failure.code, kubephase_wit::FailureCode::NotFound);
        assert!(
            failure.message.contains("only root can replace"),
            "{failure:?}"
        );
        assert!(programs.command("/no/such/program").is_err());
    }
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(of_system(&files, link.to_str().unwrap()), None);
}
