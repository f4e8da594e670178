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
        (0, 1, 0),
        (1, 1, 1),
        (500, 1, 500),
        (501, 2, 500),
        (94_000, 40, 2350),
    ] {
        let steps = steps(number);
        let found = directories(&steps, &[]);
        let lengths: Vec<usize> = found
            .steps
            .chunks(found.per_round)
            .map(<[_]>::len)
            .collect();
        assert_eq!(found.number(), rounds, "{number}");
        assert_eq!(lengths.iter().sum::<usize>(), number);
        assert_eq!(
            lengths.into_iter().max().unwrap_or_default(),
            most,
            "{number}"
        );
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
        listed(&steps.iter().collect::<Vec<_>>()),
        "\"/opt/own/a /etc/shadow\" /opt/own/b chronyd stopped"
    );
}

#[test]
fn a_line_names_the_first_paths_and_counts_the_others() {
    let steps = steps(450);
    let listed = listed(&steps.iter().collect::<Vec<_>>());
    assert!(listed.starts_with("/opt/000000 /opt/000001 "), "{listed}");
    assert!(listed.ends_with(" /opt/000099 … and 350 more"), "{listed}");
}
