use super::*;

#[test]
fn the_table_has_every_code_once_in_order() {
    let codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, _)| exit.code()).collect();
    assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 130]);
    assert!(Exit::table().contains("  4    preflight checks"));
}

#[test]
fn every_result_of_a_run_has_its_code() {
    let failed = RunResult::Failed {
        phase: String::new(),
        message: String::new(),
    };
    assert_eq!(Exit::from(&RunResult::Done), Exit::Ok);
    assert_eq!(Exit::from(&RunResult::PreflightFailed), Exit::Preflight);
    assert_eq!(Exit::from(&failed), Exit::Phase);
    assert_eq!(Exit::from(&RunResult::Cancelled), Exit::Interrupted);
}
