//! Paths that the operator names in flags.

/// Returns a path of the operator as an absolute path: a relative one begins at the working
/// directory. An absolute or empty path stays as it is.
///
/// # Errors
/// The working directory is not known.
pub fn absolute_path(path: &str) -> Result<String, String> {
    if path.is_empty() || path.starts_with('/') {
        return Ok(path.to_owned());
    }
    let absolute = std::path::absolute(path)
        .map_err(|error| format!("the working directory is not known: {error}"))?;
    Ok(absolute.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::absolute_path;

    #[test]
    fn a_relative_path_begins_at_the_working_directory() {
        let here = std::env::current_dir().unwrap();
        for (path, expected) in [
            ("", "".to_owned()),
            ("/etc//kubernetes/", "/etc//kubernetes/".to_owned()),
            ("out/pki", format!("{}/out/pki", here.display())),
            ("./a.conf", format!("{}/a.conf", here.display())),
        ] {
            assert_eq!(absolute_path(path), Ok(expected), "{path}");
        }
    }
}
