use super::*;

fn steps(number: usize) -> Vec<UndoStep> {
    (0..number)
        .map(|index| UndoStep {
            inverse: Inverse::RemoveDirectory(format!("/opt/{index:06}")),
            run: 1,
            workflow: "init".into(),
        })
        .collect()
}

#[test]
fn the_number_and_the_length_of_rounds_are_limited() {
    for (number, rounds, most) in [
        (0, 0, 0),
        (1, 1, 1),
        (500, 1, 500),
        (501, 2, 500),
        (94_000, 80, 1175),
    ] {
        let found = plan_undo_rounds(steps(number));
        let length = |round: &String| serde_json::from_str::<Vec<UndoStep>>(round).unwrap().len();
        let lengths: Vec<usize> = found.iter().map(length).collect();
        assert_eq!(lengths.len(), rounds, "{number}");
        assert_eq!(lengths.iter().sum::<usize>(), number);
        assert_eq!(
            lengths.into_iter().max().unwrap_or_default(),
            most,
            "{number}"
        );
    }
}

/// Files of one directory may be removed in other rounds than the directory.
#[test]
fn directories_are_removed_after_all_files_and_the_directories_in_them() {
    let step = |inverse| UndoStep {
        inverse,
        run: 1,
        workflow: "init".into(),
    };
    let mut given = steps(600);
    given.push(step(Inverse::RemoveDirectory("/opt/a/b".into())));
    given.push(step(Inverse::RemoveDirectory("/opt/a".into())));
    given.push(step(Inverse::RemoveDirectory("/opt".into())));
    given.push(step(Inverse::RemoveFile("/opt/a/b/c".into())));
    given.push(step(Inverse::RemoveFile("/opt/a/b/0".into())));
    given.push(step(Inverse::StopService("chronyd".into())));
    let rounds = plan_undo_rounds(given);
    let found: Vec<UndoStep> = rounds
        .iter()
        .flat_map(|round| serde_json::from_str::<Vec<UndoStep>>(round).unwrap())
        .collect();
    let names: Vec<&str> = found.iter().map(|step| step.inverse.target()).collect();
    assert_eq!(
        names[..6],
        [
            "chronyd",
            "/opt/a/b/c",
            "/opt/a/b/0",
            "/opt/a/b",
            "/opt/a",
            "/opt/000599"
        ]
    );
    assert_eq!(names.len(), 605, "a directory at the top stays");
}

#[test]
fn only_a_pointer_to_a_round_names_one() {
    assert_eq!(parse_round_pointer("/reset/undo/17"), Some(17));
    for other in [
        "",
        "/reset/undo",
        "/reset/undo/",
        "/reset/undo/x",
        "/reset/undoRounds",
    ] {
        assert_eq!(parse_round_pointer(other), None, "{other}");
    }
}

#[test]
fn a_path_with_spaces_does_not_look_like_several() {
    let step = |inverse| UndoStep {
        inverse,
        run: 1,
        workflow: "init".into(),
    };
    let steps = [
        step(Inverse::RemoveFile("/opt/own/a /etc/shadow".into())),
        step(Inverse::RemoveFile("/opt/own/b".into())),
        step(Inverse::StopService("chronyd".into())),
    ];
    assert_eq!(
        list_steps(&steps.iter().collect::<Vec<_>>()),
        "\"/opt/own/a /etc/shadow\" /opt/own/b chronyd stopped"
    );
}

#[test]
fn a_line_names_the_first_paths_and_counts_the_others() {
    let steps = steps(450);
    let listed = list_steps(&steps.iter().collect::<Vec<_>>());
    assert!(listed.starts_with("/opt/000000 /opt/000001 "), "{listed}");
    assert!(listed.ends_with(" /opt/000099 … and 350 more"), "{listed}");
}
