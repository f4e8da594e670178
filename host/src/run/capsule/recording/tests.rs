use super::*;
use kubephase_wit::HttpReply;

fn recorded_json(answer: &impl Serialize) -> String {
    RecordedAnswer::write(answer, MAX_CAPSULE).unwrap().0
}

#[test]
fn bytes_are_base64_and_everything_else_is_as_it_was() {
    assert_eq!(
        recorded_json(&b"ab".to_vec()),
        r#"{"kubephase:base64":"YWI="}"#
    );
    assert_eq!(
        recorded_json(&HttpReply {
            status: 200,
            body: b"ab".to_vec()
        }),
        r#"{"status":200,"body":{"kubephase:base64":"YWI="}}"#
    );
    assert_eq!(recorded_json(&Vec::<u8>::new()), "[]");
    for value in [
        json!([]),
        json!([1, [2, "a", []], {"b": [true, null, 1.5, -3]}, [[[7]]], "x"]),
        json!({"a": [1, 2]}),
        json!("a"),
    ] {
        assert_eq!(recorded_json(&value), value.to_string());
    }
    assert_eq!(
        recorded_json(&(1u8, "a", [[2u8, 3]])),
        r#"[1,"a",[{"kubephase:base64":"AgM="}]]"#
    );
    for list in [vec![0u8, 255, 7], Vec::new(), vec![1]] {
        assert_eq!(
            RecordedAnswer::write(&list, 100)
                .unwrap()
                .replay::<Vec<u8>>()
                .unwrap(),
            list
        );
    }
}

#[test]
fn an_answer_without_room_is_not_written() {
    assert_eq!(RecordedAnswer::write(&vec![7u8; 64 << 20], 1000), None);
    assert_eq!(RecordedAnswer::write(&"a".repeat(2000), 1000), None);
    assert_eq!(
        RecordedAnswer::write(&json!([[1, 2, 3], "a".repeat(998)]), 1000),
        None
    );
    assert!(RecordedAnswer::write(&vec![7u8; 700], 1000).is_some());
}
