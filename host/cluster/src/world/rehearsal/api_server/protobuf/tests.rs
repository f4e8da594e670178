use super::*;

/// Encodes a length-delimited field.
fn encode(number: u8, bytes: &[u8]) -> Vec<u8> {
    [
        &[number << 3 | 2, u8::try_from(bytes.len()).unwrap()],
        bytes,
    ]
    .concat()
}

#[test]
fn a_request_of_a_go_client_is_decoded() {
    let types = [
        encode(1, b"authorization.k8s.io/v1"),
        encode(2, b"SelfSubjectAccessReview"),
    ]
    .concat();
    let attributes = [encode(2, b"list"), encode(5, b"pods")].concat();
    let body = [
        MAGIC,
        &encode(1, &types),
        &encode(2, &encode(2, &encode(1, &attributes))),
    ]
    .concat();
    let object = decode(&body).unwrap();
    assert_eq!(
        object["spec"]["resourceAttributes"],
        json!({"verb": "list", "resource": "pods"})
    );
    for cut in 0..body.len() {
        // A message that is cut off is refused without a panic.
        let _ = decode(&body[..cut]);
    }
    assert!(decode(b"{}").is_none());
}
