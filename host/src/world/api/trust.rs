//! A server whose certificate is not trusted, and what to do about it.
use rustls::CertificateError::{self, *};
use std::{error::Error, io};

/// What a person does about a request that failed for the server's certificate; none where it
/// failed for something else.
pub fn remedy(error: &(dyn Error + 'static)) -> Option<String> {
    let clock = || {
        format!(
            "the clock of this machine says {}",
            jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC")
        )
    };
    match verdict(error)? {
        NotValidYet | NotValidYetContext { .. } => {
            Some(format!("the API server's certificate is not valid yet: {}; set the clocks of \
                both machines right (NTP), then run this again", clock()))
        }
        Expired | ExpiredContext { .. } => {
            Some(format!("the API server's certificate has expired: {}; if that is right, renew \
                the certificate on the control plane", clock()))
        }
        UnknownIssuer | BadSignature => Some(
            "the API server's certificate is not signed by the authority that is trusted here: the \
             cluster was made anew, or somebody else answers at this address; do not go on before \
             it is known which".into(),
        ),
        NotValidForName | NotValidForNameContext { .. } => {
            Some("the API server's certificate is not for the name or address that it was asked \
                by: use one of its own, or add this one to apiServer.certSANs and have the \
                certificate made anew".into())
        }
        _ => None,
    }
}

/// What TLS found wrong with a certificate.
fn verdict<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    std::iter::successors(Some(error), |error| cause(*error)).find_map(|error| {
        match error.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(why)) => Some(why),
            _ => None,
        }
    })
}

/// An I/O error holds the one that it wraps, and names only that one's own cause.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(held) => Some(held),
        None => error.source(),
    }
}
