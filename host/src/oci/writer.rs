//! Writes OCI layouts: content into a new folder, and folders into tar files.
#![allow(
    clippy::disallowed_methods,
    reason = "a layout is the operator's, not the node's"
)]
use super::{
    layout::{BLOBS, INDEX_FILE, MARKER, MARKER_TEXT, OciLayout},
    manifest::{Descriptor, Index},
    sha256::Sha256,
};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// A layout that is written into an empty folder.
pub struct LayoutWriter {
    folder: PathBuf,
    written: BTreeSet<String>,
    index: Vec<Descriptor>,
}

impl LayoutWriter {
    /// Begins a layout in an empty folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn begin(folder: &Path) -> Result<LayoutWriter> {
        fs::create_dir_all(folder.join(BLOBS))?;
        Ok(LayoutWriter {
            folder: folder.to_owned(),
            written: BTreeSet::new(),
            index: Vec::new(),
        })
    }

    /// Whether the layout has the content already.
    pub fn has(&self, descriptor: &Descriptor) -> bool {
        self.written.contains(&descriptor.digest)
    }

    /// Adds content.
    ///
    /// # Errors
    /// The content cannot be written.
    pub fn add(&mut self, media_type: &str, content: &[u8]) -> Result<Descriptor> {
        let descriptor = Descriptor::new(media_type, content);
        if !self.has(&descriptor) {
            let mut draft = self.draft(&descriptor)?;
            draft.write_all(content)?;
            self.keep(draft)?;
        }
        Ok(descriptor)
    }

    /// Begins content of a known size and digest.
    ///
    /// # Errors
    /// The digest is not a SHA-256, or the file cannot be made.
    pub fn draft(&self, descriptor: &Descriptor) -> Result<BlobDraft> {
        let digest = descriptor.sha256()?.to_owned();
        let file = File::create(self.folder.join(BLOBS).join(&digest))?;
        Ok(BlobDraft {
            file: BufWriter::new(file),
            hash: Sha256::new(),
            left: descriptor.size,
            digest,
        })
    }

    /// Adds content that was written.
    ///
    /// # Errors
    /// It does not have the size and the digest.
    pub fn keep(&mut self, mut draft: BlobDraft) -> Result<()> {
        draft.file.flush()?;
        let found = draft.hash.finish();
        if draft.left > 0 || found != draft.digest {
            bail!("sha256:{} was announced, sha256:{found} came", draft.digest);
        }
        self.written.insert(format!("sha256:{found}"));
        Ok(())
    }

    /// Names an artifact in the index.
    pub fn name(&mut self, descriptor: Descriptor) {
        self.index.push(descriptor);
    }

    /// Writes the index: the layout is complete.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn finish(self) -> Result<()> {
        fs::write(self.folder.join(MARKER), MARKER_TEXT)?;
        let index = serde_json::to_vec_pretty(&Index::new(self.index))?;
        fs::write(self.folder.join(INDEX_FILE), index)?;
        Ok(())
    }
}

/// Content that is being written.
pub struct BlobDraft {
    file: BufWriter<File>,
    hash: Sha256,
    left: u64,
    /// the announced digest, hexadecimal
    digest: String,
}

impl Write for BlobDraft {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.file.write(piece)?;
        self.hash.update(&piece[..written]);
        self.left = self.left.checked_sub(written as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "it is longer than announced")
        })?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a part of a layout as a tar file: the index of the given artifacts, and content.
///
/// # Errors
/// Content is missing or damaged, or the tar file cannot be written.
pub fn write_tar(
    layout: &OciLayout,
    artifacts: Vec<Descriptor>,
    content: &[Descriptor],
    to: &mut dyn Write,
) -> Result<()> {
    let mut tar = tar::Builder::new(to);
    append(
        &mut tar,
        MARKER,
        MARKER_TEXT.len() as u64,
        MARKER_TEXT.as_bytes(),
    )?;
    let index = serde_json::to_vec(&Index::new(artifacts))?;
    append(&mut tar, INDEX_FILE, index.len() as u64, &*index)?;
    for part in content {
        let name = format!("{BLOBS}/{}", part.sha256()?);
        append(&mut tar, &name, part.size, layout.open_blob(part)?)?;
    }
    Ok(tar.into_inner()?.flush()?)
}

/// Writes the folder of a layout as a tar file.
///
/// # Errors
/// A file cannot be read or written.
pub fn write_folder_as_tar(folder: &Path, to: &mut dyn Write) -> Result<()> {
    let mut tar = tar::Builder::new(to);
    let blobs = fs::read_dir(folder.join(BLOBS))?;
    let mut names = vec![MARKER.to_owned(), INDEX_FILE.to_owned()];
    for blob in blobs {
        names.push(format!("{BLOBS}/{}", blob?.file_name().display()));
    }
    names[2..].sort();
    for name in names {
        let file = File::open(folder.join(&name)).with_context(|| name.clone())?;
        append(&mut tar, &name, file.metadata()?.len(), file)?;
    }
    Ok(tar.into_inner()?.flush()?)
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &str,
    size: u64,
    content: impl Read,
) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    tar.append_data(&mut header, name, content)
        .with_context(|| name.to_owned())
}
