use super::*;

/// A block of memory that is freed when the copy moves would keep the plain text.
#[test]
fn a_plain_text_does_not_move_while_it_is_encrypted() {
    for length in [0, 1, 5, 1704, 4096] {
        let mut copy = copy_with_room_for_tag(&Secret::new(vec![7; length]));
        let place = copy.as_ptr();
        copy.extend(vec![0; AES_256_GCM.tag_len()]);
        assert_eq!(copy.as_ptr(), place, "{length} bytes");
    }
}

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
