//! Remedies for a server whose certificate is not trusted.
use rustls::CertificateError::{self, *};
use std::{error::Error, io};

/// Returns what the user can do about a request that failed because of the server's certificate;
/// `None` if it failed for another reason.
pub fn remedy(error: &(dyn Error + 'static)) -> Option<String> {
    match certificate_error(error)? {
        NotValidYet | NotValidYetContext { .. } => Some(format!(
            "the API server's certificate is not valid yet: {}; set the clocks of both machines \
             right (NTP), then run this again",
            clock_reading()
        )),
        Expired | ExpiredContext { .. } => Some(format!(
            "the API server's certificate has expired: {}; if that is right, renew the \
             certificate on the control plane",
            clock_reading()
        )),
        UnknownIssuer | BadSignature => Some(
            "the API server's certificate is not signed by the authority that is trusted here: the \
             cluster was made anew, or somebody else answers at this address; do not go on before \
             it is known which"
                .into(),
        ),
        NotValidForName | NotValidForNameContext { .. } => Some(
            "the API server's certificate is not for the name or address that it was asked by: use \
             one of its own, or add this one to apiServer.certSANs and have the certificate made \
             anew"
                .into(),
        ),
        _ => None,
    }
}

fn clock_reading() -> String {
    format!(
        "the clock of this machine says {}",
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC")
    )
}

/// Returns what TLS found wrong with a certificate.
fn certificate_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    std::iter::successors(Some(error), |error| cause(*error)).find_map(|error| {
        match error.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(why)) => Some(why),
            _ => None,
        }
    })
}

/// Returns the cause of an error. An I/O error that wraps another error names only the cause of
/// that error, so the wrapped error itself is taken.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
