//! Errors of the operating system in Go's words, which kubeadm prints.

/// Returns an error of the operating system as Go prints it: in small letters and without its
/// number. Other texts stay.
pub fn go_words(error: &str) -> String {
    let Some((words, _)) = error.split_once(" (os error ") else {
        return error.to_owned();
    };
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::go_words;
    use std::io::Error;

    #[test]
    fn errors_of_the_system_are_in_small_letters_and_have_no_number() {
        for (number, words) in [
            (2, "no such file or directory"),
            (13, "permission denied"),
            (111, "connection refused"),
        ] {
            assert_eq!(
                go_words(&Error::from_raw_os_error(number).to_string()),
                words
            );
        }
        assert_eq!(go_words("It is too long"), "It is too long");
    }
}
