use super::*;

#[test]
fn a_text_is_measured_like_the_values_that_are_read_from_it() {
    for text in [
        "{}",
        "[]",
        "0 1 2",
        r#"{"a":{"b":[1,"two",null,true,1.5,-1]},"c":"x"}"#,
        r#"[{"":0},{"":0},{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}]"#,
    ] {
        let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let values: usize = documents.map(|value| memory(&value.unwrap())).sum();
        assert_eq!(measure(text, MAX_DOCUMENT).unwrap(), values, "{text}");
    }
}

fn gets_new_turn() -> bool {
    wait_for_turn("", SMALL + 1, &|| true).is_some_and(|turn| turn.0.is_some())
}

#[test]
fn a_second_thread_waits_but_the_holder_of_a_turn_does_not() {
    let turn = |bytes| wait_for_turn("", bytes, &|| false).unwrap();
    let first = turn(SMALL + 1);
    // This thread reads further documents within its turn.
    assert!(turn(1).0.is_none() && !gets_new_turn());
    let other_thread_waits = std::thread::scope(|scope| {
        let other = scope.spawn(|| wait_for_turn("", SMALL + 1, &|| true).is_none());
        other.join().unwrap()
    });
    assert!(other_thread_waits);
    drop(first);
    assert!(turn(SMALL + 1).0.is_some());
}

#[test]
fn a_small_text_with_large_values_is_not_read() {
    let text = format!("[{}0]", r#"{"":0},"#.repeat(100_000));
    let error = read::<Value>(&text).unwrap_err();
    assert!(is_too_large(&error), "{error}");
    assert!(!is_too_large(&read::<Value>("{").unwrap_err()));
    assert!(!is_too_large(
        &measure("{\"a\": x}", MAX_DOCUMENT).unwrap_err()
    ));
    assert_eq!(read::<Value>("{\"a\": 1}").unwrap()["a"], 1);
}
