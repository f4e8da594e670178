//! Chains of certificates: which authority signed a certificate, and when the certificate is valid.
use super::{Certificate, key::common_name};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The largest number of certificates that are tried as issuers, for one chain. Go has this limit
/// too.
pub const MAX_SIGNATURE_CHECKS: usize = 100;

impl Certificate {
    /// Returns why the certificate is not valid at `now` (Unix seconds); `None` if it is valid.
    pub fn validity_problem(&self, now: i64) -> Option<String> {
        let cert = self.fields();
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
    /// A certificate is not valid at `now`, or the chain does not lead to the authority. The
    /// message is in Go's words.
    pub fn verify(&self, root: &Certificate, now: i64) -> Result<(), String> {
        for cert in [self, root] {
            if let Some(why) = cert.validity_problem(now) {
                return Err(format!(
                    "x509: certificate has expired or is not yet valid: {} ({})",
                    common_name(cert.fields().subject()),
                    why
                ));
            }
        }
        let mut search = Search::new(self, root);
        if search.leads_to_root(&self.fields()) {
            Ok(())
        } else if search.checks_left == 0 {
            Err(format!(
                "x509: signature check attempts limit reached while verifying certificate chain \
                 ({MAX_SIGNATURE_CHECKS} attempts, {} intermediates)",
                self.intermediates.len()
            ))
        } else {
            Err("x509: certificate signed by unknown authority".into())
        }
    }

    /// Whether the authority `root` signed the certificate, directly or through the certificate's
    /// intermediates. Validity periods do not count. Every intermediate has to be an authority that
    /// allows the intermediates below it. A chain that takes more than
    /// [`MAX_SIGNATURE_CHECKS`] attempts to find does not count.
    pub fn chains_to(&self, root: &Certificate) -> bool {
        Search::new(self, root).leads_to_root(&self.fields())
    }
}

/// The search for a chain from a certificate to an authority.
struct Search<'a> {
    root: X509Certificate<'a>,
    intermediates: Vec<X509Certificate<'a>>,
    /// places of the intermediates that are in the chain so far
    chain: Vec<usize>,
    checks_left: usize,
}

impl<'a> Search<'a> {
    fn new(certificate: &'a Certificate, root: &'a Certificate) -> Search<'a> {
        let parse = |der: &'a Vec<u8>| X509Certificate::from_der(der).ok().map(|(_, cert)| cert);
        Search {
            root: root.fields(),
            intermediates: certificate.intermediates.iter().filter_map(parse).collect(),
            chain: Vec::new(),
            checks_left: MAX_SIGNATURE_CHECKS,
        }
    }

    /// Whether a chain leads from `subject` to the root. `subject` is the end of the chain so far.
    fn leads_to_root(&mut self, subject: &X509Certificate<'_>) -> bool {
        if subject.issuer().as_raw() == self.root.subject().as_raw() {
            self.checks_left = self.checks_left.saturating_sub(1);
            if is_issuer(&self.root, subject, self.chain.len()) {
                return true;
            }
        }
        for place in 0..self.intermediates.len() {
            let issuer = &self.intermediates[place];
            if subject.issuer().as_raw() != issuer.subject().as_raw() || self.chain.contains(&place)
            {
                continue;
            }
            if self.checks_left == 0 {
                return false;
            }
            self.checks_left -= 1;
            if !is_issuer(issuer, subject, self.chain.len()) {
                continue;
            }
            let issuer = issuer.clone();
            self.chain.push(place);
            if self.leads_to_root(&issuer) {
                return true;
            }
            self.chain.pop();
        }
        false
    }
}

/// Whether `issuer` signed `subject` and was allowed to (RFC 5280, 6.1.4). The caller has checked
/// that `subject` names it as its issuer. An issuer is allowed to sign if it is an authority, its
/// key may sign certificates, and its path length allows the intermediates below it.
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
    is_authority && may_sign && subject.verify_signature(Some(issuer.public_key())).is_ok()
}
