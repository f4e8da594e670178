//! Bootstrap tokens and the shared keys, as Secrets. Only the host knows what is secret about them.
use super::{
    Applied, Context, Done, Sent,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    objects, shared_keys,
};
use crate::{
    config::BootstrapToken,
    render::objects as rendered,
    secret::bootstrap_token,
    wasm::grant::Grant,
    world::{Tried, object_ref},
};
use kubephase_sdk::{
    kubeadm::Duration,
    spec::{BootstrapTokenSpec, ShareKeysSpec},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::{Value, json};

/// A token of the configuration; one that is there with the same rights and has not run out is left
/// alone.
pub fn ensure_token(spec: &BootstrapTokenSpec, context: &Context) -> Tried<Done> {
    let unknown = || {
        Failure::new(
            FailureCode::Invalid,
            format!("bootstrapTokens has no entry {}", spec.index),
        )
    };
    let token = context
        .config
        .init
        .bootstrap_tokens
        .get(spec.index)
        .ok_or_else(unknown)?;
    let manifest = rendered::token_secret(token, context.started)
        .map_err(|message| Failure::new(FailureCode::Invalid, message))?
        .manifest;
    let cluster = context.world.cluster();
    let of = object_ref::reference(&manifest)?;
    let current = cluster.get(&of)?;
    let applied = match &current {
        Some(current) if same_token(&manifest, current, context.started) => Applied::Unchanged,
        Some(_) => cluster.replace(&manifest).map(|_| Applied::Changed)?,
        None => cluster.create(&manifest).map(|_| Applied::Changed)?,
    };
    Ok(Done {
        sent: vec![objects::sent("CREATE", &of, &manifest)],
        ..applied.into()
    })
}

/// Same rights; the time it runs out may differ as long as it lies ahead.
fn same_token(wanted: &Value, current: &Value, now: i64) -> bool {
    let rights = |secret: &Value| {
        let mut data = secret
            .get("data")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let expiration = data.remove("expiration");
        (data, expiration)
    };
    let ((wanted, expires), (current, expiration)) = (rights(wanted), rights(current));
    let ahead = |at: &Value| {
        let text = at
            .as_str()
            .and_then(|at| data_encoding::BASE64.decode(at.as_bytes()).ok());
        let at = text
            .and_then(|text| String::from_utf8(text).ok())
            .and_then(|text| text.parse::<jiff::Timestamp>().ok());
        at.is_some_and(|at| at.as_second() > now)
    };
    wanted == current
        && expires.is_some() == expiration.is_some()
        && expiration.as_ref().is_none_or(ahead)
}

/// The Secret `kubeadm-certs`, and the token that takes it along when it runs out.
pub fn share_keys(spec: &ShareKeysSpec, context: &Context) -> Tried<Done> {
    let (cluster, files) = (context.world.cluster(), context.world.files());
    let key = shared_keys::parse_key(&context.config.init.certificate_key)?;
    let of = secret("kubeadm-certs");
    let current = cluster.get(&of)?;
    if let Some(current) = &current {
        let owner = current
            .pointer("/metadata/ownerReferences/0/name")
            .and_then(Value::as_str);
        let owned = owner
            .map(|name| cluster.get(&secret(name)))
            .transpose()?
            .flatten();
        if let Some(owner) = owned.filter(|_| shared_keys::holds(spec, files, &key, current)) {
            let token = objects::sent("CREATE", &object_ref::reference(&owner)?, &owner);
            return Ok(Done {
                sent: vec![token, shown(spec, current.clone(), context)],
                ..Applied::Unchanged.into()
            });
        }
    }
    let owner = BootstrapToken {
        token: bootstrap_token::random_token(),
        description: "Proxy for managing TTL for the kubeadm-certs secret".into(),
        ttl: Some(Duration::from_secs(spec.ttl_seconds)),
        ..BootstrapToken::default()
    };
    let owner = rendered::token_secret(&owner, context.started)
        .map_err(|message| Failure::new(FailureCode::Invalid, message))?
        .manifest;
    let owner_of = object_ref::reference(&owner)?;
    let created = cluster.create(&owner)?;
    let uid = created
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let manifest = shared_keys::secret(spec, files, &key, &owner_of.name, uid)?;
    if current.is_some() {
        cluster.replace(&manifest)?
    } else {
        cluster.create(&manifest)?
    };
    let sent = vec![
        objects::sent("CREATE", &owner_of, &owner),
        shown(spec, manifest, context),
    ];
    Ok(Done {
        sent,
        ..Applied::Changed.into()
    })
}

/// The record of the Secret. Keys that this very run made are left out of it: they exist nowhere
/// yet but here.
fn shown(spec: &ShareKeysSpec, mut manifest: Value, context: &Context) -> Sent {
    for (name, path) in &spec.files {
        if (context.made)(path) {
            manifest["data"][name] = json!("");
        }
    }
    objects::sent("CREATE", &secret("kubeadm-certs"), &manifest)
}

fn secret(name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: "Secret".into(),
        namespace: Some("kube-system".into()),
        name: name.into(),
    }
}

impl EffectKind for BootstrapTokenSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "bootstrap-token",
            target: Target::Other(format!("token {}", self.index)),
            files: FileProperties::none(),
            waits: true,
            key_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> Tried<Done> {
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
            key_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> Tried<Done> {
        share_keys(self, context)
    }
}
