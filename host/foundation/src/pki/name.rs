//! Distinguished names as bytes. X.509 compares the issuer of a certificate with the subject of the
//! authority byte by byte, so a name that was read is never encoded anew.
use x509_parser::{
    asn1_rs::{Oid, PrintableString, Sequence, Set, TestValidCharset, ToDer, Utf8String},
    oid_registry::{OID_X509_COMMON_NAME, OID_X509_ORGANIZATION_NAME},
    prelude::X509Name,
};

/// A distinguished name, as DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(Vec<u8>);

impl Name {
    /// Makes a name from all organizations and the common name, encoded as by Go: the organizations
    /// are one set, and text is a PrintableString if its characters allow it.
    ///
    /// # Errors
    /// The name cannot be encoded.
    pub fn new(common_name: &str, organizations: &[String]) -> Result<Name, String> {
        let mut sets = Vec::new();
        if !organizations.is_empty() {
            sets.extend(attributes(&OID_X509_ORGANIZATION_NAME, organizations)?);
        }
        if !common_name.is_empty() {
            sets.extend(attributes(&OID_X509_COMMON_NAME, &[common_name])?);
        }
        encode(&Sequence::new(sets.into())).map(Name)
    }

    /// Returns the DER of the name.
    pub fn der(&self) -> &[u8] {
        &self.0
    }
}

impl From<&X509Name<'_>> for Name {
    /// Copies the bytes of a name.
    fn from(name: &X509Name<'_>) -> Name {
        Name(name.as_raw().to_vec())
    }
}

/// Encodes values of one type as a set. DER orders the members of a set by their bytes.
fn attributes(of_type: &Oid<'_>, values: &[impl AsRef<str>]) -> Result<Vec<u8>, String> {
    let mut members = values
        .iter()
        .map(|value| {
            let attribute = [encode(of_type)?, encode_text(value.as_ref())?].concat();
            encode(&Sequence::new(attribute.into()))
        })
        .collect::<Result<Vec<_>, String>>()?;
    members.sort();
    encode(&Set::new(members.concat().into()))
}

fn encode_text(value: &str) -> Result<Vec<u8>, String> {
    if PrintableString::test_valid_charset(value.as_bytes()).is_ok() {
        encode(&PrintableString::new(value))
    } else {
        encode(&Utf8String::new(value))
    }
}

fn encode(value: &impl ToDer) -> Result<Vec<u8>, String> {
    value
        .to_der_vec()
        .map_err(|error| format!("a name of a certificate cannot be encoded: {error}"))
}

#[cfg(test)]
mod tests;
