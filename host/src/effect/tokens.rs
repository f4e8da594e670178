//! Bootstrap tokens and the shared keys, as Secrets of the cluster. Only the host knows their
//! secrets.
use super::{
    Applied, Context, EffectOutcome, ObjectWrite,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    objects, shared_keys,
};
use crate::{
    config::BootstrapToken,
    render::objects as rendered,
    secret::bootstrap_token,
    wasm::grant::Grant,
    world::{Cluster, WorldResult, object_ref},
};
use kubephase_sdk::{
    kubeadm::Duration,
    spec::{BootstrapTokenSpec, ShareKeysSpec},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::{Map, Value, json};

/// Writes a token of the configuration to the cluster. An existing token with these rights that has
/// not expired is not changed.
///
/// # Errors
/// `invalid` if the configuration has no such token; or the failure of the API server.
pub fn ensure_token(spec: &BootstrapTokenSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let token = context
        .config
        .init
        .bootstrap_tokens
        .get(spec.index)
        .ok_or_else(|| {
            Failure::new(
                FailureCode::Invalid,
                format!("bootstrapTokens has no entry {}", spec.index),
            )
        })?;
    let manifest = rendered::token_secret(token, context.started)
        .map_err(|message| Failure::new(FailureCode::Invalid, message))?
        .manifest;
    let cluster = context.world.cluster();
    let reference = object_ref::reference(&manifest)?;
    let current = cluster.get(&reference)?;
    let applied = match &current {
        Some(current) if is_same_token(&manifest, current, context.started) => Applied::Unchanged,
        Some(_) => cluster.replace(&manifest).map(|_| Applied::Changed)?,
        None => cluster.create(&manifest).map(|_| Applied::Changed)?,
    };
    Ok(EffectOutcome {
        writes: vec![objects::record_write("CREATE", &reference, &manifest)],
        ..applied.into()
    })
}

/// Whether a token has the wanted rights. Its expiry may differ if it is in the future.
fn is_same_token(wanted: &Value, current: &Value, now: i64) -> bool {
    let (wanted_rights, wanted_expiry) = rights_and_expiry(wanted);
    let (current_rights, current_expiry) = rights_and_expiry(current);
    wanted_rights == current_rights
        && wanted_expiry.is_some() == current_expiry.is_some()
        && current_expiry.is_none_or(|expiry| parse_expiry(&expiry).is_some_and(|at| at > now))
}

/// Splits the data of a token's Secret into its expiry and the rest.
fn rights_and_expiry(secret: &Value) -> (Map<String, Value>, Option<Value>) {
    let data = secret.get("data").and_then(Value::as_object);
    let mut rights = data.cloned().unwrap_or_default();
    let expiry = rights.remove("expiration");
    (rights, expiry)
}

/// Parses the expiry of a token's Secret, to Unix seconds.
fn parse_expiry(encoded: &Value) -> Option<i64> {
    let text = data_encoding::BASE64
        .decode(encoded.as_str()?.as_bytes())
        .ok()?;
    let time: jiff::Timestamp = String::from_utf8(text).ok()?.parse().ok()?;
    Some(time.as_second())
}

/// Writes the Secret `kubeadm-certs` with the shared keys, and the token that owns it: the cluster
/// deletes the Secret with the token when the token expires. A Secret that holds these keys stays.
///
/// # Errors
/// The certificate key is malformed, a key cannot be read, or the failure of the API server.
pub fn share_keys(spec: &ShareKeysSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let (cluster, files) = (context.world.cluster(), context.world.files());
    let key = shared_keys::parse_key(&context.config.init.certificate_key)?;
    let current = cluster.get(&ObjectRef::secret("kube-system", "kubeadm-certs"))?;
    if let Some(current) = &current
        && let Some(owner) = find_owner(cluster, current)?
        && shared_keys::is_secret_current(spec, files, &key, current)
    {
        let token = objects::record_write("CREATE", &object_ref::reference(&owner)?, &owner);
        return Ok(EffectOutcome {
            writes: vec![token, record_secret(spec, current.clone(), context)],
            ..Applied::Unchanged.into()
        });
    }
    let token = BootstrapToken {
        token: bootstrap_token::random_token(),
        description: "Proxy for managing TTL for the kubeadm-certs secret".into(),
        ttl: Some(Duration::from_secs(spec.ttl_seconds)),
        ..BootstrapToken::default()
    };
    let owner = rendered::token_secret(&token, context.started)
        .map_err(|message| Failure::new(FailureCode::Invalid, message))?
        .manifest;
    let owner_reference = object_ref::reference(&owner)?;
    let created = cluster.create(&owner)?;
    let uid = created
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let manifest = shared_keys::build_secret(spec, files, &key, &owner_reference.name, uid)?;
    if current.is_some() {
        cluster.replace(&manifest)?
    } else {
        cluster.create(&manifest)?
    };
    let writes = vec![
        objects::record_write("CREATE", &owner_reference, &owner),
        record_secret(spec, manifest, context),
    ];
    Ok(EffectOutcome {
        writes,
        ..Applied::Changed.into()
    })
}

/// Returns the token that owns the Secret, as its own Secret. `None` if the cluster does not have
/// it any more.
fn find_owner(cluster: &dyn Cluster, secret: &Value) -> WorldResult<Option<Value>> {
    let name = secret.pointer("/metadata/ownerReferences/0/name");
    match name.and_then(Value::as_str) {
        Some(name) => cluster.get(&ObjectRef::secret("kube-system", name)),
        None => Ok(None),
    }
}

/// Records the write of the Secret, without the keys that this run made: a record must not be the
/// first place outside the node that holds them.
fn record_secret(spec: &ShareKeysSpec, mut manifest: Value, context: &Context) -> ObjectWrite {
    for (name, path) in &spec.files {
        if (context.made)(path) {
            manifest["data"][name] = json!("");
        }
    }
    objects::record_write(
        "CREATE",
        &ObjectRef::secret("kube-system", "kubeadm-certs"),
        &manifest,
    )
}

impl EffectKind for BootstrapTokenSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "bootstrap-token",
            target: Target::Other(format!("token {}", self.index)),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        ensure_token(self, context)
    }
}

impl EffectKind for ShareKeysSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "shared-keys",
            target: Target::Other(shared_keys::TARGET.into()),
            files: FileProperties::none(),
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        share_keys(self, context)
    }
}
