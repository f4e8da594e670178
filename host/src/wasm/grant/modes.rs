//! Which modes a plugin may give files and directories.
use super::Grant;
use crate::wasm::gate::{Row, is_own_or_harmless, pattern_matches};

/// Mode bits that let users other than the owner write.
const OTHERS_WRITE: u32 = 0o022;

impl Grant {
    /// Refuses a mode that lets users other than the owner write, unless the grant names the file
    /// outside of the plugin's own directory. Such a user could replace the file by a link to a
    /// file of the host. The host later uses the path again to look at the file, to change its mode
    /// or to remove it, and would follow the link.
    ///
    /// # Errors
    /// Users other than the owner could write, and the grant for this path covers only the plugin's
    /// own files.
    pub fn allows_mode(&self, row: &Row, path: &str, mode: u32) -> Result<(), String> {
        let is_consented =
            |pattern: &String| pattern_matches(pattern, path) && !is_own_or_harmless(pattern);
        let mut patterns = self.requests(row).flat_map(|request| &request.paths);
        if self.is_embedded || mode & OTHERS_WRITE == 0 || patterns.any(is_consented) {
            return Ok(());
        }
        Err(format!(
            "{path} would get mode {mode:04o}, by which users other than its owner may write; in \
             the plugin's own directory no plugin gives such a mode (0755 and 0644 are fine)"
        ))
    }
}
