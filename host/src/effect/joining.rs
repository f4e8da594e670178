//! What a node takes over as it joins: the shared keys, and the kubeconfig with which its kubelet asks for a certificate.
use super::{Context, Done, Enacted, shared_keys};
use crate::world::{Files, Tried};
use data_encoding::BASE64;
use kubephase_sdk::{spec::FetchKeysSpec, yaml};
use kubephase_wit::{Failure, ObjectRef};
use serde_json::Value;

/// The shared keys and certificates, opened and written; files that are as the Secret has them are left alone.
pub fn fetch_keys(spec: &FetchKeysSpec, context: &Context) -> Tried<Done> {
    let key = shared_keys::parse_key(&context.config.init.certificate_key)?;
    let secret =
        ObjectRef { api_version: "v1".into(), kind: "Secret".into(), namespace: Some("kube-system".into()), name: "kubeadm-certs".into() };
    let missing = || {
        let message = "Secret \"kubeadm-certs\" was not found in the \"kube-system\" Namespace. This Secret might have expired. Please, run `kubeadm init phase upload-certs --upload-certs` on a control plane to generate a new one";
        upload(Failure::new("not-found", message))
    };
    let secret = as_joining(context)?.get(&secret)?.ok_or_else(missing)?;
    // All of them are opened before any is written.
    let mut opened = Vec::new();
    for (name, path) in &spec.files {
        let Some(sealed) = secret["data"][name].as_str() else {
            let message = format!("the Secret does not include the required certificate or key - name: {name}, path: {path}");
            return Err(upload(Failure::new("invalid", message)));
        };
        let damaged = |_| upload(Failure::new("invalid", format!("{name} of the Secret is not base64")));
        let sealed = BASE64.decode(sealed.as_bytes()).map_err(damaged)?;
        if !sealed.is_empty() {
            opened.push((path, shared_keys::decrypt(&key, &sealed)?));
        }
    }
    let mut changed = false;
    let files = context.world.files();
    for (path, content) in opened {
        if files.stat(path)?.is_some() && files.read(path)? == *content {
            continue;
        }
        let mode = if path.ends_with(".key") { 0o600 } else { 0o644 };
        files.write(path, &content, mode, None)?;
        changed = true;
    }
    Ok(Done::from(changed))
}

/// What to do where the Secret is not what it should be.
fn upload(failure: Failure) -> Failure {
    Failure { remedy: Some("on a control plane: kubephase init phase upload-certs --upload-certs".into()), ..failure }
}

/// The API as a node that joins sees it, before it is anybody there.
pub fn as_joining(context: &Context) -> Tried<Box<dyn crate::world::Cluster>> {
    let join = context.config.join.as_ref().ok_or_else(|| Failure::new("invalid", "this node joins no cluster"))?;
    context.world.cluster().as_holder_of(&join.bootstrap_kubeconfig)
}

/// Path of the kubeconfig that the kubelet makes from its bootstrap kubeconfig.
pub fn kubeconfig_of_kubelet(bootstrap: &str) -> String {
    bootstrap.replace("bootstrap-kubelet", "kubelet")
}

/// The kubeconfig in which the host knows the token.
pub fn bootstrap_kubeconfig(path: &str, context: &Context) -> Tried<bool> {
    let join = context.config.join.as_ref().ok_or_else(|| Failure::new("invalid", "this node joins no cluster"))?;
    let files = context.world.files();
    let content = join.bootstrap_kubeconfig.as_bytes();
    if files.stat(path)?.is_some() && files.read(path)? == content {
        return Ok(false);
    }
    files.write(path, content, 0o600, None).map(|()| true)
}

/// The kubeconfig with all its clusters at this URL.
pub fn server(path: &str, url: &str, files: &dyn Files) -> Tried<Enacted> {
    let invalid = || Failure::new("invalid", format!("{path} is not a kubeconfig"));
    let text = files.read(path)?;
    let mut kubeconfig: Value = serde_yaml::from_str(&String::from_utf8_lossy(&text)).map_err(|_| invalid())?;
    let clusters = kubeconfig["clusters"].as_array_mut().ok_or_else(invalid)?;
    let mut changed = false;
    for cluster in clusters.iter_mut().filter_map(|entry| entry.get_mut("cluster")) {
        changed |= cluster["server"] != url;
        cluster["server"] = url.into();
    }
    if !changed {
        return Ok(Enacted::Unchanged);
    }
    files.write(path, yaml::to_string(&kubeconfig).as_bytes(), 0o600, None).map(|()| Enacted::Changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cancel::Cancel,
        world::{World, imagined::Imagined},
    };
    use kubephase_sdk::{
        kubeadm::{Config, Join},
        spec::ShareKeysSpec,
        testing::Case,
    };
    use serde_json::json;

    const FILES: [(&str, &str); 3] = [("ca.crt", "/pki/ca.crt"), ("ca.key", "/pki/ca.key"), ("none", "/pki/none")];

    fn named() -> Vec<(String, String)> {
        FILES.map(|(name, path)| (name.to_owned(), path.to_owned())).into()
    }

    /// The Secret of a control plane that has two of the files.
    fn uploaded(key: &str) -> Value {
        let root = tempfile::tempdir().unwrap();
        let case = Case::parse("files: {/pki/ca.crt: shown, /pki/ca.key: hidden}").unwrap();
        let world = Imagined::new(&case, root.path()).unwrap();
        let spec = ShareKeysSpec { files: named(), ttl_seconds: 1 };
        shared_keys::secret(&spec, world.files(), &shared_keys::parse_key(key).unwrap(), "owner", "uid").unwrap()
    }

    /// What comes of the files where the cluster has these objects, and what is there then, with its modes.
    fn fetched(objects: Vec<Value>, key: &str) -> (Tried<Done>, Vec<(String, u32)>) {
        let root = tempfile::tempdir().unwrap();
        let world = Imagined::new(&Case { objects, ..Case::default() }, root.path()).unwrap();
        let mut config = Config { join: Some(Join::default()), ..Config::default() };
        config.init.certificate_key = key.to_owned();
        let cancel = Cancel::never();
        let context = Context::of_test(&world, &config, &cancel);
        let done = fetch_keys(&FetchKeysSpec { files: named() }, &context);
        let files = world.files();
        let there = FILES.iter().filter_map(|(name, path)| Some(((*name).to_owned(), files.stat(path).unwrap()?.mode))).collect();
        (done, there)
    }

    #[test]
    fn shared_keys_are_fetched_whole_or_not_at_all() {
        let [key, other] = [(); 2].map(|()| shared_keys::random_key());
        let (done, there) = fetched(vec![uploaded(&key)], &key);
        assert_eq!(done.unwrap().enacted, Enacted::Changed);
        assert_eq!(there, [("ca.crt".to_owned(), 0o644), ("ca.key".to_owned(), 0o600)]);
        let without = |name: &str| {
            let mut secret = uploaded(&key);
            secret["data"].as_object_mut().unwrap().remove(name);
            secret
        };
        let with = |name: &str, data: &str| {
            let mut secret = uploaded(&key);
            secret["data"][name] = json!(data);
            secret
        };
        for (objects, key, why) in [
            (vec![], &key, "Secret \"kubeadm-certs\" was not found"),
            (vec![uploaded(&key)], &other, "error decoding secret data with provided key"),
            (vec![without("ca.key")], &key, "does not include the required certificate or key - name: ca.key, path: /pki/ca.key"),
            (vec![with("ca.key", "?")], &key, "ca.key of the Secret is not base64"),
        ] {
            let (done, there) = fetched(objects, key);
            let failure = done.unwrap_err();
            assert!(failure.message.contains(why), "{why}: {}", failure.message);
            assert!(failure.remedy.is_some_and(|remedy| remedy.contains("upload-certs")), "{why}: it says what to do");
            assert!(there.is_empty(), "{why}: {there:?}");
        }
    }
}
