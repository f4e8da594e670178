//! Discovery by `admin.conf`, the administrators' kubeconfig on a member of the control plane.
use super::{cluster_info::server_and_authority, invalid, parse_authorities};
use crate::{
    config::{ADMIN_KUBECONFIG, FoundCluster},
    world::{Files, WorldResult, text_file::read_kubeconfig},
};
use data_encoding::BASE64;
use std::path::Path;

/// Returns the cluster of `admin.conf`; `None` if this machine does not have the file. The cluster
/// is trusted because only root can write the file; no request is sent. The kubelet requests its
/// certificate with the credentials of the file (kubeadm behaviour).
///
/// # Errors
/// The file cannot be read, or it has no server, authority or credentials.
pub fn find_in_admin_kubeconfig(files: &dyn Files) -> WorldResult<Option<FoundCluster>> {
    let Some(mut kubeconfig) = read_kubeconfig(files, ADMIN_KUBECONFIG)? else {
        return Ok(None);
    };
    let folder = Path::new(ADMIN_KUBECONFIG).parent();
    let folder = folder.unwrap_or_else(|| "/".as_ref());
    kubeconfig.embed_files(&|path| files.read(&folder.join(path).to_string_lossy()))?;
    let lacks = |what: &str| invalid(format!("{ADMIN_KUBECONFIG} has no {what}"));
    let (server, authority) =
        server_and_authority(&kubeconfig).ok_or_else(|| lacks("cluster with a server"))?;
    let authority_pem = authority.ok_or_else(|| lacks("certificate authority"))?;
    parse_authorities(&authority_pem)?;
    if !kubeconfig.has_credentials() {
        return Err(lacks("credentials"));
    }
    Ok(Some(FoundCluster {
        server,
        kubeconfig: kubeconfig.with_authority(&BASE64.encode(authority_pem.as_bytes())),
        authority_pem,
        may_run_programs: false,
        warnings: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::find_in_admin_kubeconfig;
    use crate::{
        config::ADMIN_KUBECONFIG,
        loopback::Authority,
        pki::Kubeconfig,
        world::{Files, rehearsal},
    };
    use serde_json::json;
    use std::sync::Arc;

    /// Returns the files of a machine whose `admin.conf` has this user, and names the file of its
    /// authority.
    fn machine(folder: &std::path::Path, user: serde_json::Value) -> Arc<dyn Files> {
        let files = rehearsal::files(folder, None).unwrap();
        let pem = Authority::new("ca").certificate.to_pem();
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "kubernetes",
                "cluster": {
                    "server": "https://cp.example:6443",
                    "certificate-authority": "pki/ca.crt",
                },
            }],
            "users": [{ "name": "admin", "user": user }],
            "contexts": [{
                "name": "admin",
                "context": { "cluster": "kubernetes", "user": "admin" },
            }],
            "current-context": "admin",
        });
        files.make_dir("/etc/kubernetes/pki", 0o755).unwrap();
        let authority = "/etc/kubernetes/pki/ca.crt";
        files.write(authority, pem.as_bytes(), 0o644, None).unwrap();
        let text = kubeconfig.to_string();
        files
            .write(ADMIN_KUBECONFIG, text.as_bytes(), 0o600, None)
            .unwrap();
        files
    }

    #[test]
    fn the_cluster_is_that_of_admin_conf() {
        let folder = tempfile::tempdir().unwrap();
        let empty = rehearsal::files(folder.path(), None).unwrap();
        assert!(find_in_admin_kubeconfig(empty.as_ref()).unwrap().is_none());

        let files = machine(folder.path(), json!({ "token": "of-an-admin" }));
        let found = find_in_admin_kubeconfig(files.as_ref()).unwrap().unwrap();
        assert_eq!(found.server, "https://cp.example:6443");
        assert!(found.authority_pem.contains("BEGIN CERTIFICATE"));
        let kubeconfig = Kubeconfig::parse(found.kubeconfig.reveal(), "found").unwrap();
        let (_, cluster) = kubeconfig.cluster().unwrap();
        assert!(
            cluster["certificate-authority-data"].is_string(),
            "{cluster}"
        );
        assert!(kubeconfig.has_credentials() && !found.may_run_programs);
    }

    #[test]
    fn an_unusable_admin_conf_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let files = machine(folder.path(), json!({}));
        let refused = find_in_admin_kubeconfig(files.as_ref())
            .map(|_| ())
            .unwrap_err();
        assert!(refused.message.contains("no credentials"), "{refused:?}");
        files.write(ADMIN_KUBECONFIG, b"{", 0o600, None).unwrap();
        assert!(find_in_admin_kubeconfig(files.as_ref()).is_err());
    }
}
