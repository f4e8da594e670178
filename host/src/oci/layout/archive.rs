//! The files of a layout in a tar file, read where they are.
use super::{BLOBS, INDEX_FILE, MARKER};
use crate::operator_files;
use anyhow::{Result, bail};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
};
use tar::EntryType;

/// The largest number of entries of a tar file.
const MAX_ENTRIES: usize = 100_000;

/// A tar file, and the places of the files of its layout in it.
pub struct Archive {
    file: File,
    /// offset and length by name; only of regular files that a layout has
    places: BTreeMap<String, (u64, u64)>,
}

impl Archive {
    /// Reads which files the tar file has. Ignores everything that is not a file of a layout.
    ///
    /// # Errors
    /// The file is not a tar file, or has two files of one name.
    pub fn open(path: &Path) -> Result<Archive> {
        let file = operator_files::open(path, usize::MAX)?;
        let length = file.metadata()?.len();
        let mut places = BTreeMap::new();
        let mut tar = tar::Archive::new(&file);
        // Raw entries: long names are not read into memory.
        for (number, entry) in tar.entries_with_seek()?.raw(true).enumerate() {
            let entry = entry?;
            if number >= MAX_ENTRIES {
                bail!("it has more than {MAX_ENTRIES} entries");
            }
            let kind = entry.header().entry_type();
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
            if !matches!(kind, EntryType::Regular) || !is_of_layout(&name) {
                continue;
            }
            let place = (entry.raw_file_position(), entry.header().entry_size()?);
            if place.0.checked_add(place.1).is_none_or(|end| end > length) {
                bail!("it ends within {name}");
            }
            if places.insert(name.clone(), place).is_some() {
                bail!("it has {name} twice");
            }
        }
        Ok(Archive { file, places })
    }

    /// Opens a file. Returns its content and its length in bytes.
    ///
    /// # Errors
    /// The tar file does not have the file.
    pub fn file(&self, name: &str) -> Result<(Box<dyn Read + '_>, u64)> {
        let Some((at, left)) = self.places.get(name).copied() else {
            bail!("it has no {name}")
        };
        let slice = Slice {
            file: &self.file,
            at,
            left,
        };
        Ok((Box::new(slice), left))
    }
}

/// Whether a layout has a file of this name.
fn is_of_layout(name: &str) -> bool {
    let blob = name
        .strip_prefix(BLOBS)
        .and_then(|rest| rest.strip_prefix('/'));
    name == MARKER
        || name == INDEX_FILE
        || blob.is_some_and(|digest| {
            digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

/// A part of a file.
struct Slice<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Slice<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut buffer[..room], self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}
