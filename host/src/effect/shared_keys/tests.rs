use super::*;

#[test]
fn an_encrypted_text_is_decrypted_by_its_key_only() {
    let (key, other) = (
        parse_key(&random_key()).unwrap(),
        parse_key(&random_key()).unwrap(),
    );
    let text = Secret::new(b"a key".to_vec());
    let sealed = encrypt(&key, &text);
    assert_eq!(decrypt(&key, &sealed).unwrap(), text);
    assert_ne!(
        sealed,
        encrypt(&key, &text),
        "each encryption has a nonce of its own"
    );
    let refused = decrypt(&other, &sealed).unwrap_err();
    assert_eq!(refused.code, kubephase_wit::FailureCode::Invalid);
    assert!(
        refused
            .remedy
            .is_some_and(|remedy| remedy.contains("init phase upload-certs --upload-certs")),
        "it says what to do"
    );
    let mut changed = sealed.clone();
    changed[NONCE_LEN] ^= 1;
    assert!(decrypt(&key, &changed).is_err());
    assert!(decrypt(&key, b"short").is_err());
    assert!(parse_key(&"zz".into()).is_err() && parse_key(&"00".into()).is_err());
}
