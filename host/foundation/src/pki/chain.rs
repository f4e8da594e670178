//! Chains of certificates: which authority signed a certificate, and when the certificate is valid.
use super::{Certificate, key::common_name};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Intermediates of a certificate that are looked at. Usual chains have one or two.
const MAX_INTERMEDIATES: usize = 10;

impl Certificate {
    /// Returns why the certificate is not valid at `now` (Unix seconds); `None` if it is valid.
    pub fn validity_problem(&self, now: i64) -> Option<String> {
        let cert = self.parsed();
        let (from, to) = (cert.validity().not_before, cert.validity().not_after);
        let bounds = format!("NotBefore: {from}, NotAfter: {to}");
        if now < from.timestamp() {
            Some(format!("the certificate is not valid yet: {bounds}"))
        } else if now > to.timestamp() {
            Some(format!("the certificate has expired: {bounds}"))
        } else {
            None
        }
    }

    /// Verifies that the authority `root` signed the certificate, directly or through the
    /// intermediates, and that the certificate and the authority are valid at `now` (Unix seconds).
    ///
    /// # Errors
    /// The reason in Go's words: a certificate is not valid at `now`, or the chain does not lead to
    /// the authority.
    pub fn verify(&self, root: &Certificate, now: i64) -> Result<(), String> {
        for cert in [self, root] {
            if let Some(why) = cert.validity_problem(now) {
                return Err(format!(
                    "x509: certificate has expired or is not yet valid: {} ({})",
                    common_name(cert.parsed().subject()),
                    why
                ));
            }
        }
        if self.chains_to(root) {
            Ok(())
        } else {
            Err("x509: certificate signed by unknown authority".into())
        }
    }

    /// Whether the authority `root` signed the certificate, directly or through the certificate's
    /// intermediates. Validity periods do not count. Every intermediate has to be an authority that
    /// allows the intermediates below it. Only the first ten intermediates count: each step may try
    /// all of them.
    pub fn chains_to(&self, root: &Certificate) -> bool {
        let root = root.parsed();
        let leaf = self.parsed();
        let intermediates = self.intermediates.iter().take(MAX_INTERMEDIATES);
        let intermediates: Vec<X509Certificate<'_>> = intermediates
            .filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, cert)| cert))
            .collect();
        let mut subject = &leaf;
        for intermediates_below in 0..=intermediates.len() {
            if is_issuer(&root, subject, intermediates_below) {
                return true;
            }
            let mut issuers = intermediates.iter();
            match issuers.find(|issuer| is_issuer(issuer, subject, intermediates_below)) {
                Some(issuer) => subject = issuer,
                None => break,
            }
        }
        false
    }
}

/// Whether `issuer` signed the certificate `subject` and was allowed to (RFC 5280, 6.1.4): it is an
/// authority, its key may sign certificates, and its path length allows the intermediates below it.
fn is_issuer(
    issuer: &X509Certificate<'_>,
    subject: &X509Certificate<'_>,
    intermediates_below: usize,
) -> bool {
    let constraints = issuer
        .basic_constraints()
        .ok()
        .flatten()
        .map(|extension| extension.value);
    let is_authority = constraints.is_some_and(|constraints| {
        let limit = constraints.path_len_constraint.map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        constraints.ca && intermediates_below <= limit
    });
    // Without the extension a key may be used for everything.
    let may_sign = match issuer.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
        Err(_) => false,
    };
    is_authority
        && may_sign
        && subject.issuer() == issuer.subject()
        && subject.verify_signature(Some(issuer.public_key())).is_ok()
}
