use super::*;

#[test]
fn what_go_sends_is_read_and_what_is_none_is_not() {
    let field = |number: u8, bytes: &[u8]| {
        [
            &[number << 3 | 2, u8::try_from(bytes.len()).unwrap()],
            bytes,
        ]
        .concat()
    };
    let types = [
        field(1, b"authorization.k8s.io/v1"),
        field(2, b"SelfSubjectAccessReview"),
    ]
    .concat();
    let attributes = [field(2, b"list"), field(5, b"pods")].concat();
    let body = [
        MAGIC,
        &field(1, &types),
        &field(2, &field(2, &field(1, &attributes))),
    ]
    .concat();
    let object = decode(&body).unwrap();
    assert_eq!(
        object["spec"]["resourceAttributes"],
        json!({"verb": "list", "resource": "pods"})
    );
    for cut in 0..body.len() {
        // Never a panic, whatever is cut off.
        let _ = decode(&body[..cut]);
    }
    assert!(decode(b"{}").is_none());
}
