//! Implements `EffectKind` for keys, certificates and kubeconfigs.
use super::{
    ensure_certificate, ensure_key_pair, ensure_kubeconfig, ensure_rotated, renew,
    renewal::paths_of,
};
use crate::{
    effect::{
        Context, EffectOutcome,
        kind::{
            Content, EffectKind, FileProperties, HostUse, Properties, Target, Undo,
            refuse_to_plugins,
        },
    },
    wasm::{
        gate::{
            Arguments, ENSURE_CERTIFICATE, ENSURE_KEY_PAIR, ENSURE_KUBECONFIG,
            ENSURE_ROTATED_KUBECONFIG,
        },
        grant::Grant,
    },
    world::WorldResult,
};
use kubephase_sdk::spec::{
    CertificateSpec, KeyAlgorithm, KeyPairSpec, KubeconfigSpec, RenewalSpec, RotatedKubeconfigSpec,
};

/// Returns the work of making a key and signing its certificate, in keys of 2048 bits.
fn crypto_work(algorithm: KeyAlgorithm) -> usize {
    match algorithm {
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::Rsa2048 => 1,
        KeyAlgorithm::Rsa3072 => 2,
        KeyAlgorithm::Rsa4096 => 4,
    }
}

impl EffectKind for CertificateSpec {
    fn properties(&self) -> Properties {
        let (directory, name) = (self.directory.clone(), self.name.clone());
        let base = format!("{directory}/{name}");
        let signer = self.authority.iter().map(|authority| HostUse::SignsWith {
            directory: directory.clone(),
            name: authority.clone(),
        });
        let validity = HostUse::IsValidFor {
            path: base.clone(),
            seconds: self.validity_seconds,
            is_authority: self.authority.is_none(),
        };
        Properties {
            kind: "certificate",
            target: Target::Path(format!("{base}.crt")),
            files: FileProperties {
                paths: vec![format!("{base}.crt"), format!("{base}.key")],
                content: Content::OfHost,
                host_uses: [HostUse::Makes {
                    directory: directory.clone(),
                    name,
                }]
                .into_iter()
                .chain(signer)
                .chain([validity])
                .collect(),
            },
            waits: false,
            crypto_work: crypto_work(self.algorithm),
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&ENSURE_CERTIFICATE.row, &self.demands())
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        ensure_certificate(self, context, &*context.key_files(&self.directory))
    }
}

impl EffectKind for KeyPairSpec {
    fn properties(&self) -> Properties {
        let (directory, name) = (self.directory.clone(), self.name.clone());
        let base = format!("{directory}/{name}");
        Properties {
            kind: "key-pair",
            target: Target::Path(format!("{base}.key")),
            files: FileProperties {
                paths: vec![format!("{base}.pub"), format!("{base}.key")],
                content: Content::OfHost,
                host_uses: vec![HostUse::Makes { directory, name }],
            },
            waits: false,
            crypto_work: crypto_work(self.algorithm),
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&ENSURE_KEY_PAIR.row, &self.demands())
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        ensure_key_pair(self, context, &*context.key_files(&self.directory))
    }
}

impl EffectKind for KubeconfigSpec {
    fn properties(&self) -> Properties {
        let signer = HostUse::SignsWith {
            directory: self.directory.clone(),
            name: self.authority.clone(),
        };
        let validity = HostUse::IsValidFor {
            path: self.path.clone(),
            seconds: self.validity_seconds,
            is_authority: false,
        };
        Properties {
            kind: "kubeconfig",
            target: Target::Path(self.path.clone()),
            files: FileProperties {
                paths: vec![self.path.clone()],
                content: Content::OfHost,
                host_uses: vec![HostUse::Changes(self.path.clone()), signer, validity],
            },
            waits: false,
            crypto_work: crypto_work(self.algorithm),
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&ENSURE_KUBECONFIG.row, &self.demands())
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        ensure_kubeconfig(self, context, &*context.files())
    }
}

impl EffectKind for RotatedKubeconfigSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "kubeconfig",
            target: Target::Path(self.path.clone()),
            files: FileProperties::of_change(&self.path, Content::OfHost),
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&ENSURE_ROTATED_KUBECONFIG.row, &self.demands())
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        ensure_rotated(self, &*context.files()).map(EffectOutcome::from)
    }
}

impl EffectKind for RenewalSpec {
    fn properties(&self) -> Properties {
        let paths = paths_of(self);
        Properties {
            kind: "renewal",
            target: Target::Path(paths[0].clone()),
            files: FileProperties::of_host(paths),
            waits: false,
            crypto_work: crypto_work(self.algorithm),
            // The certificate was there before; only a key that was missing is new.
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        renew(self, context)
    }
}
