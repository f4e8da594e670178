//! Properties of the classifier, over generated keys, paths, digests and encodings.
use super::*;

/// Letters and digits of which names, passwords and paths are made.
const CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

const NAMES: [&str; 5] = [
    "private_key",
    "privateKey",
    "db_password",
    "apiToken",
    "secret",
];

impl Numbers {
    fn word(&mut self, shortest: usize) -> String {
        let length = shortest + self.next() % 8;
        // A word begins with a letter.
        let first = char::from(CHARACTERS[self.next() % 26]);
        let rest = (1..length).map(|_| char::from(CHARACTERS[self.next() % CHARACTERS.len()]));
        std::iter::once(first).chain(rest).collect()
    }

    fn choose<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.next() % of.len()]
    }
}

#[test]
fn a_path_below_a_variable_is_no_secret_and_a_word_is_one() {
    let mut numbers = Numbers(3);
    for _ in 0..200 {
        let (name, word) = (numbers.choose(&NAMES), numbers.word(8));
        let sign = numbers.choose(&["=", " = ", "\t= ", ": "]);
        let end = numbers.choose(&["pem", "key", "crt"]);
        let part = numbers.choose(&["private", "certs", "server", "ca-key", "node_1"]);
        let folder = numbers.choose(&["", "private/", "etc/ssl/"]);
        let path = format!("$dir/{folder}{part}.{end}");
        let comment = numbers.choose(&["", "# where it is", " # where it is"]);
        let place = format!("{name}{sign}{path}{comment}\n");
        assert_eq!(classify(place.as_bytes()), None, "{place}");
        for value in [word.clone(), format!("${word}/"), format!("pass:{word}")] {
            let secret = format!("{name}{sign}{value}{comment}\n");
            assert!(classify(secret.as_bytes()).is_some(), "{secret}");
        }
    }
}

#[test]
fn a_line_of_a_digest_and_its_file_is_shown_and_a_digest_after_a_key_s_name_is_not() {
    let mut numbers = Numbers(4);
    for _ in 0..200 {
        let mut digits = HEXLOWER.encode(&[numbers.key(), numbers.key()].concat());
        digits.truncate(numbers.choose(&[40, 56, 64, 96, 128]));
        let separator = numbers.choose(&["  ", " *"]);
        let file = numbers.choose(&["kubelet", "-", "./bin/kubelet", "/opt/x.tar.gz"]);
        let line = format!("{digits}{separator}{file}\n");
        assert_eq!(classify(line.as_bytes()), None, "{line}");
        let key = format!("key: {line}");
        assert!(classify(key.as_bytes()).is_some(), "{key}");
    }
}

#[test]
fn a_key_in_groups_of_digits_is_not_shown() {
    let mut numbers = Numbers(5);
    for _ in 0..200 {
        let digits = HEXLOWER.encode(&numbers.key());
        let between = numbers.choose(&[" ", "\n", "  "]);
        let key = lines(&digits, numbers.choose(&[4, 8, 16]), between);
        assert!(
            classify(&key).is_some(),
            "{}",
            String::from_utf8_lossy(&key)
        );
    }
}

#[test]
fn text_in_more_encodings_than_are_decoded_is_not_shown_whatever_they_are() {
    let mut numbers = Numbers(6);
    let encodings: Vec<_> = encodings()
        .into_iter()
        .filter(|(name, _)| ["base64", "base64 of URLs", "hexadecimal", "gzip"].contains(name))
        .collect();
    for _ in 0..100 {
        let words: Vec<String> = (0..20).map(|_| numbers.word(4)).collect();
        let (mut content, mut names) = (words.join(" ").into_bytes(), Vec::new());
        for _ in 0..5 + numbers.next() % 2 {
            let (name, encode) = encodings[numbers.next() % encodings.len()];
            content = encode(&content);
            names.push(name);
        }
        assert!(classify(&content).is_some(), "{names:?}");
    }
}

#[test]
fn the_configuration_of_openssl_is_shown() {
    if let Ok(content) = std::fs::read("/etc/ssl/openssl.cnf") {
        assert_eq!(classify(&content), None);
    }
}
