use super::*;
use std::os::unix::fs::PermissionsExt;

fn expect_refusal(signer: &Signer, component: &[u8], signature: &str) -> String {
    signer.verify(component, signature).unwrap_err().to_string()
}

fn unreadable(signer: &str) -> String {
    format!("{:#}", Signer::read(signer).unwrap_err())
}

#[test]
fn a_signature_is_one_keys_and_one_components() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public, signer) = generate_key_files(&folder.path().join("ours")).unwrap();
    assert_eq!(
        fs::metadata(&secret).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(Signer::read(&public.display().to_string()).unwrap(), signer);
    assert!(
        generate_key_files(&folder.path().join("ours"))
            .unwrap_err()
            .to_string()
            .contains("cannot write")
    );
    let (_, _, other) = generate_key_files(&folder.path().join("theirs")).unwrap();

    let signature = sign(b"component", &secret, "time-sync 0.1.0").unwrap();
    assert!(signer.verify(b"component", &signature).is_ok());
    assert!(expect_refusal(&signer, b"another", &signature).contains("does not fit"));
    assert!(
        expect_refusal(&other, b"component", &signature)
            .contains(&format!("of another key ({})", key_id(&signature).unwrap()))
    );
    assert!(
        expect_refusal(&signer, b"component", &signature.replace("0.1.0", "0.2.0"))
            .contains("does not fit")
    );
    for broken in [
        "",
        "untrusted comment: x\nRU==\ntrusted comment: \n\n",
        &signature[..signature.len() - 40],
    ] {
        assert!(
            expect_refusal(&signer, b"component", broken).contains("is not a minisign signature"),
            "{broken}"
        );
    }
    assert!(
        sign(b"component", &public, "")
            .unwrap_err()
            .to_string()
            .contains("cannot sign with")
    );
}

#[test]
fn a_signature_of_minisign_itself_is_read() {
    let signer = Signer::read("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
    let signature = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/\
        z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1556193335\tfile:test\n\
        y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/\
        17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==";
    assert!(signer.verify(b"test", signature).is_ok());
    assert_eq!(key_id(signature).unwrap(), "key E7620F1842B4E81F");
    assert!(unreadable("RWQf6LRC").contains("is not a minisign public key"));
    assert!(unreadable("nokey.pub").contains("the file nokey.pub does not exist"));
    assert!(unreadable("/dev/zero").contains("cannot read /dev/zero: it is not a regular file"));
}
