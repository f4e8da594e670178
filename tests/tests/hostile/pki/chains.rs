//! Chains of certificates that a plugin wrote.
use crate::support::{Trial, call};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

const OWN: &str = "/var/lib/kubephase-plugins/hostile";

/// Returns the parameters of a certificate that is called `x`.
fn params(number: usize, ca: IsCa) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "x");
    params.serial_number = Some((number as u64 + 1).into());
    params.is_ca = ca;
    params
}

/// Returns a chain of `count` intermediates that all have one name, and an authority that did not
/// sign them, as PEM.
fn chain(count: usize) -> (String, String) {
    let authority = || IsCa::Ca(BasicConstraints::Unconstrained);
    let (key, root_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let issuer_params = params(0, authority());
    let issuer = Issuer::from_params(&issuer_params, &key);
    let sign = |number: usize, ca: IsCa| {
        let made = params(number, ca).signed_by(&key, &issuer);
        made.unwrap().pem()
    };
    let mut chain = sign(count, IsCa::ExplicitNoCa);
    chain.extend((0..count).map(|number| sign(number, authority())));
    let root = params(0, authority()).self_signed(&root_key).unwrap().pem();
    (chain, root)
}

#[test]
fn a_long_chain_of_one_name_does_not_keep_the_host_busy() {
    for (count, why) in [(700, "limit reached"), (1200, "at most 1000")] {
        let (chain, root) = chain(count);
        let write = |name: &str, text: &str| {
            call(
                "effects-files.write-file",
                json!([format!("{OWN}/{name}"), text]),
            )
        };
        let spec = json!({
            "directory": OWN, "name": "x", "authority": "ca",
            "commonName": "kubephase-plugin-hostile", "usages": ["clientAuth"],
            "validitySeconds": 3600,
        });
        let ended = Trial::phase()
            .grants(&[
                &format!("capability: effects-files.write-file, paths: ['{OWN}/**']"),
                &format!(
                    "capability: effects-pki.ensure-certificate, directories: ['{OWN}'], \
                     authorities: ['{OWN}/ca'], subjects: [kubephase-plugin-hostile], \
                     usages: [clientAuth]"
                ),
            ])
            .calls(&[
                write("x.crt", &chain),
                write("ca.crt", &root),
                call("effects-pki.ensure-certificate", json!([spec.to_string()])),
            ])
            .rehearse()
            .expect_soon();
        assert!(
            ended.status != 0 && ended.output().contains(why),
            "{count}: {:.3000}",
            ended.output()
        );
    }
}
