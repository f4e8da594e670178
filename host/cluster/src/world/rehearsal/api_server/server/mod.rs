//! HTTPS on loopback, with the certificates and settings that a static Pod names.
//!
//! `connections` serves clients, `calls` turns HTTP requests into calls of the API, `replies` turns
//! replies into HTTP responses.
mod calls;
mod connections;
mod replies;

use super::{
    controllers, policy,
    requests::ApiState,
    signer::SigningAuthority,
    store::{Store, rbac_resource},
    tls::ServerIdentity,
};
use crate::{
    pki::announced_path,
    render::{objects::cluster_admin_binding, static_pod::flag},
    world::{
        Files, WorldResult,
        rehearsal::persistence::{ClusterLog, LogEntry},
    },
};
use connections::{Acceptor, accept_clients};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Bytes;
use kubephase_sdk::net::Network;
use kubephase_wit::{Failure, FailureCode};
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// Body of a response.
type ResponseBody = UnsyncBoxBody<Bytes, Infallible>;

/// The objects that a server serves.
pub enum ServedObjects {
    /// objects of its own, restored from these entries and logged from now on
    Own(Vec<LogEntry>, Arc<ClusterLog>),
    /// the objects of another server
    Shared(Arc<ApiState>),
}

/// Options with which a server is started.
#[derive(Clone, Copy)]
pub struct StartOptions {
    /// the port on loopback; 0 for any free port
    pub port: u16,
    /// whether a certificate that is not valid now is accepted: the certificates of a new cluster
    /// with an impossible validity are never valid (kubeadm accepts a negative period)
    pub accepts_invalid: bool,
}

/// A server that runs until it is dropped.
pub struct ApiServer {
    api: Arc<ApiState>,
    address: SocketAddr,
    advertised: String,
    validity_problem: Option<String>,
    acceptor: Acceptor,
    /// PEM of the certificate that the server shows
    certificate: Mutex<String>,
    options: StartOptions,
    task: JoinHandle<()>,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ApiServer {
    /// Starts a server on loopback, with the certificates and settings of the static Pod of a
    /// kube-apiserver.
    ///
    /// # Errors
    /// `invalid` if the Pod names a certificate or key that cannot be used, `unavailable` if the
    /// port is taken.
    pub fn start(
        handle: &Handle,
        pod: &Value,
        files: &dyn Files,
        objects: ServedObjects,
        options: StartOptions,
    ) -> WorldResult<ApiServer> {
        let authority_pem = read_flag_file(pod, files, "client-ca-file")?;
        let certificate = read_flag_file(pod, files, CERTIFICATE)?;
        let ServerIdentity {
            config,
            validity_problem,
        } = identity(pod, files, &certificate, options)
            .or_else(|failure| announced_identity(pod, files, options).unwrap_or(Err(failure)))?;
        let api = match objects {
            ServedObjects::Shared(api) => api,
            ServedObjects::Own(entries, log) => {
                let authority = SigningAuthority::load(
                    flag(pod, "client-ca-file"),
                    authority_pem.clone(),
                    files,
                );
                Arc::new(new_state(pod, Store::restore(entries, log), authority))
            }
        };
        let front_proxy = read_flag_file(pod, files, "requestheader-client-ca-file");
        controllers::publish_client_authorities(
            &mut api.store.lock(),
            &authority_pem,
            // Without the file nothing passes requests on.
            &front_proxy.unwrap_or_default(),
        );
        let listener = listen(handle, options.port)?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(FailureCode::Unavailable, error.to_string()))?;
        let acceptor = Arc::new(Mutex::new(TlsAcceptor::from(Arc::new(config))));
        let task = handle.spawn(accept_clients(listener, acceptor.clone(), api.clone()));
        Ok(ApiServer {
            api,
            address,
            advertised: flag(pod, "advertise-address").to_owned(),
            validity_problem,
            acceptor,
            certificate: Mutex::new(certificate),
            options,
            task,
        })
    }

    /// Reads the certificate again if its file has changed, as a kube-apiserver does. A certificate
    /// that cannot be used changes nothing.
    pub fn reload_certificate(&self, pod: &Value, files: &dyn Files) {
        let Ok(certificate) = read_flag_file(pod, files, CERTIFICATE) else {
            return;
        };
        let mut shown = self.certificate.lock();
        if *shown == certificate {
            return;
        }
        if let Ok(ServerIdentity { config, .. }) = identity(pod, files, &certificate, self.options)
        {
            *self.acceptor.lock() = TlsAcceptor::from(Arc::new(config));
            *shown = certificate;
        }
    }

    /// Returns the address on loopback that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its address in the cluster.
    pub fn advertised_address(&self) -> &str {
        &self.advertised
    }

    /// Returns what it serves, for another server to serve.
    pub fn api(&self) -> Arc<ApiState> {
        self.api.clone()
    }

    /// Returns why the server's certificate is not valid now; `None` if it is valid. The server
    /// answers even with a certificate that is not valid.
    pub fn validity_problem(&self) -> Option<&str> {
        self.validity_problem.as_deref()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.api.store.lock()
    }

    /// Creates the binding of the admins' group directly, bypassing RBAC.
    pub fn bind_admins(&self) {
        // The binding may exist already.
        let _ = self.store().create(
            rbac_resource("clusterrolebindings"),
            cluster_admin_binding(),
        );
    }

    /// Begins a log with all objects, and one more entry.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn begin_log(&self, log: &ClusterLog, last: LogEntry) -> WorldResult<()> {
        log.begin(self.store().entries().chain([last]))
    }
}

/// The flag that names the certificate of the server.
const CERTIFICATE: &str = "tls-cert-file";

/// Returns the identity of a server with this certificate.
fn identity(
    pod: &Value,
    files: &dyn Files,
    certificate: &str,
    options: StartOptions,
) -> WorldResult<ServerIdentity> {
    ServerIdentity::load(
        certificate,
        &read_flag_file(pod, files, "tls-private-key-file")?,
        &read_flag_file(pod, files, "client-ca-file")?,
        options.accepts_invalid,
    )
    .map_err(|why| Failure::new(FailureCode::Invalid, format!("kube-apiserver: {why}")))
}

/// Returns the identity with a certificate that a run announced when it was killed, which belongs
/// to the new key; `None` if there is no such certificate. A real server serves with the old pair
/// all the while; a rehearsed one starts anew with each command.
fn announced_identity(
    pod: &Value,
    files: &dyn Files,
    options: StartOptions,
) -> Option<WorldResult<ServerIdentity>> {
    let bytes = files.read(&announced_path(flag(pod, CERTIFICATE))).ok()?;
    let certificate = String::from_utf8_lossy(&bytes);
    Some(identity(pod, files, &certificate, options))
}

/// Reads the file that a flag of a kube-apiserver names.
fn read_flag_file(pod: &Value, files: &dyn Files, name: &str) -> WorldResult<String> {
    let bytes = files.read(flag(pod, name)).map_err(|failure| {
        Failure::new(
            FailureCode::Invalid,
            format!("kube-apiserver --{name}: {}", failure.message),
        )
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the state of a cluster's first server: the stored objects, and those that every cluster
/// has.
fn new_state(pod: &Value, mut store: Store, authority: SigningAuthority) -> ApiState {
    let service_range = flag(pod, "service-cluster-ip-range")
        .split(',')
        .next()
        .and_then(Network::parse);
    policy::create_defaults(&mut store);
    let secure_port = flag(pod, "secure-port").parse().unwrap_or(6443);
    let service_address = service_range
        .and_then(|range| range.nth(1))
        .map(|address| address.to_string());
    controllers::create_defaults(&mut store, service_address.as_deref(), secure_port);
    controllers::reconcile(&mut store, &authority);
    ApiState {
        store: Mutex::new(store),
        authority,
        service_range,
    }
}

fn listen(handle: &Handle, port: u16) -> WorldResult<TcpListener> {
    let bind = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    handle.block_on(bind).map_err(|error| {
        Failure::new(
            FailureCode::Unavailable,
            format!("the embedded API server cannot listen on 127.0.0.1:{port}: {error}"),
        )
    })
}
