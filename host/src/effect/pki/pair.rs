//! A certificate and its key as files of the certificates directory.
use crate::{
    pki::{Certificate, Key, announced_path},
    world::{
        Files, WorldResult,
        text_file::{read_secret_text, read_text},
    },
};
use kubephase_sdk::spec::CertificateSpec;
use kubephase_wit::{Failure, FailureCode};

/// Mode bits for users other than the owner and the group. A key has none of them.
pub(super) const RIGHTS_OF_OTHERS: u32 = 0o007;

/// The files of a certificate and its key.
pub(super) struct PairFiles<'a> {
    pub directory: &'a str,
    /// path below the directory, without its ending
    pub base: &'a str,
}

impl<'a> PairFiles<'a> {
    pub fn for_spec(spec: &'a CertificateSpec) -> PairFiles<'a> {
        PairFiles {
            directory: &spec.directory,
            base: &spec.name,
        }
    }

    /// Returns the path of the certificate (`crt`), its key (`key`) or its request (`csr`).
    pub fn path(&self, suffix: &str) -> String {
        format!("{}/{}.{suffix}", self.directory, self.base)
    }

    /// Writes a certificate and its key. A key without its certificate would later be taken for the
    /// key of a foreign certificate, and a certificate without its key for the certificate of an
    /// external authority. So the certificate is first written under another name, from which
    /// [`PairFiles::finish_interrupted`] completes the pair.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(
        &self,
        certificate: &Certificate,
        key: &Key,
        files: &dyn Files,
    ) -> WorldResult<()> {
        let key_pem = key
            .to_pem()
            .map_err(|why| Failure::new(FailureCode::Invalid, why))?;
        let (temporary, pem) = (announced_path(&self.path("crt")), certificate.to_pem());
        files.write(&temporary, pem.as_bytes(), 0o644, None)?;
        let key_bytes = key_pem.reveal().as_bytes();
        replace(files, &self.path("key"), key_bytes, 0o600, RIGHTS_OF_OTHERS)?;
        replace(files, &self.path("crt"), pem.as_bytes(), 0o644, 0)?;
        files.remove(&temporary)
    }

    /// Writes the certificate of a run that was interrupted after it wrote the key.
    ///
    /// # Errors
    /// A file cannot be read, written or removed.
    pub fn finish_interrupted(&self, files: &dyn Files) -> WorldResult<()> {
        let temporary = announced_path(&self.path("crt"));
        let Some(pem) = read_text(files, &temporary)? else {
            return Ok(());
        };
        let key =
            read_secret_text(files, &self.path("key"))?.and_then(|pem| Key::from_pem(&pem).ok());
        if let Some(key) = key
            && let Ok(certificate) = Certificate::from_pem(&pem)
            && certificate.belongs_to(&key)
        {
            replace(files, &self.path("crt"), pem.as_bytes(), 0o644, 0)?;
        }
        files.remove(&temporary)
    }
}

/// Writes a file. If it replaces one, that file's owner and mode are kept (kubeadm behaviour),
/// without the bits `dropped`: a component of a rootless control plane owns its key. `mode` is the
/// mode of a new file.
pub(super) fn replace(
    files: &dyn Files,
    path: &str,
    content: &[u8],
    mode: u32,
    dropped: u32,
) -> WorldResult<()> {
    match files.stat(path)? {
        None => files.write(path, content, mode, None),
        Some(existing) => {
            let owner = (existing.uid, existing.gid);
            let path = files.real_path(path)?;
            files.write(&path, content, existing.mode & !dropped, Some(owner))
        }
    }
}
