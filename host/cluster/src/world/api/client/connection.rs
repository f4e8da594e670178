//! Making a connection from a kubeconfig.
use super::ApiClient;
use crate::{
    pki, program,
    secret::Secret,
    world::{
        WorldResult,
        api::{Credentials, Endpoint, retry_limit::REQUEST_LIMIT},
    },
};
use kube::{
    Client, Config,
    config::{AuthInfo, KubeConfigOptions, Kubeconfig},
};
use kubephase_sdk::net::{Url, host_port, parse_port};
use kubephase_wit::{Failure, FailureCode};
use std::{net::IpAddr, sync::Once};

/// A connection, and the kubeconfig and the endpoint that it was made for.
pub(super) struct CachedConnection {
    kubeconfig: Secret<String>,
    endpoint: Option<Endpoint>,
    client: Client,
}

/// A connection that requests can be sent with.
pub(super) struct OpenConnection {
    pub client: Client,
    /// Whether the server is part of this process.
    pub embedded: bool,
    /// The server's address in the kubeconfig, for messages.
    pub server: String,
}

impl ApiClient {
    /// Returns a connection for the kubeconfig as it is now. Uses the connection of the last call
    /// again if neither the kubeconfig nor the endpoint has changed.
    ///
    /// # Errors
    /// `invalid` if the kubeconfig cannot be used. `denied` if it names a program to run although
    /// the operator did not name the kubeconfig. Or the kubeconfig cannot be read.
    pub(super) fn connect(&self) -> WorldResult<OpenConnection> {
        install_crypto_provider();
        let (name, text) = self.read_kubeconfig()?;
        let parsed = Kubeconfig::from_yaml(text.reveal())
            .map_err(|error| invalid_kubeconfig(name, &error))?;
        self.check_programs(name, &parsed)?;
        let mut config = self
            .handle
            .block_on(Config::from_custom_kubeconfig(
                parsed,
                &KubeConfigOptions::default(),
            ))
            .map_err(|error| invalid_kubeconfig(name, &error))?;
        let server = Url::parse(&config.cluster_url.to_string())
            .map_err(|error| invalid_kubeconfig(name, &error))?;
        let endpoint = match self.resolver.endpoint(&server) {
            None => own_endpoint(&server).map_err(|why| invalid_kubeconfig(name, &why))?,
            some => some,
        };
        let embedded = endpoint.is_some_and(|endpoint| endpoint.embedded);
        let mut cached = self.connection.lock();
        let connected = |client| OpenConnection {
            client,
            embedded,
            server: address_of(&server),
        };
        if let Some(connection) = cached.as_ref()
            && connection.kubeconfig == text
            && connection.endpoint == endpoint
        {
            return Ok(connected(connection.client.clone()));
        }
        if let Some(endpoint) = endpoint {
            use_endpoint(&mut config, &server, endpoint)
                .ok_or_else(|| invalid_kubeconfig(name, &"it names no server"))?;
        }
        config.connect_timeout = Some(REQUEST_LIMIT);
        config.read_timeout = Some(REQUEST_LIMIT);
        config.proxy_url = None;
        let _runtime = self.handle.enter();
        let client = Client::try_from(config).map_err(|error| invalid_kubeconfig(name, &error))?;
        *cached = Some(CachedConnection {
            kubeconfig: text,
            endpoint,
            client: client.clone(),
        });
        Ok(connected(client))
    }

    /// Reads the kubeconfig. Returns its name for messages, and its text, in which the contents of
    /// files of the node replace their paths.
    fn read_kubeconfig(&self) -> WorldResult<(&str, Secret<String>)> {
        match &self.credentials {
            Credentials::File(path) => {
                let read = self.files.read(path);
                let text = Secret::new(read.map_err(explain_missing)?);
                let mut kubeconfig =
                    pki::Kubeconfig::parse(&String::from_utf8_lossy(text.reveal()), path)?;
                kubeconfig.embed_files(&|file| self.files.read(file))?;
                Ok((path, kubeconfig.to_text()))
            }
            Credentials::Text(text) => Ok(("what was discovered", Secret::clone(text))),
        }
    }

    /// Refuses a kubeconfig that names a program to run, unless the operator named the kubeconfig.
    fn check_programs(&self, name: &str, kubeconfig: &Kubeconfig) -> WorldResult<()> {
        let mut users = kubeconfig
            .auth_infos
            .iter()
            .filter_map(|user| user.auth_info.as_ref());
        if self.operator_credentials.as_ref() == Some(&self.credentials)
            || !users.any(names_program)
        {
            return Ok(());
        }
        let message = format!(
            "{name} authenticates a user by a program (exec or auth-provider), and only the \
             kubeconfig of --kubeconfig or --discovery-file may name a program to run"
        );
        let remedy = "use a kubeconfig with a client certificate or a token";
        Err(Failure {
            remedy: Some(remedy.into()),
            ..Failure::new(FailureCode::Denied, message)
        })
    }
}

/// Returns the host of a URL, with its port if it has one.
fn address_of(server: &Url) -> String {
    match server.port() {
        "" => server.host().to_owned(),
        port => host_port(server.host(), port),
    }
}

fn names_program(user: &AuthInfo) -> bool {
    user.exec.is_some() || user.auth_provider.is_some()
}

/// Chooses the cryptography of all TLS connections of this process. If another part of the program
/// has chosen before, its choice stays: it is the same one.
fn install_crypto_provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

fn invalid_kubeconfig(name: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure {
        remedy: Some("use a kubeconfig that names a server, its authority and a user".into()),
        ..Failure::new(
            FailureCode::Invalid,
            format!("{name} cannot be used as a kubeconfig: {why}"),
        )
    }
}

/// Adds what to do if the kubeconfig does not exist.
fn explain_missing(failure: Failure) -> Failure {
    if failure.code != FailureCode::NotFound {
        return failure;
    }
    let remedy = format!(
        "name another kubeconfig with --kubeconfig, or create the admin's with: {}",
        program::command("init phase kubeconfig admin")
    );
    Failure {
        remedy: failure.remedy.clone().or(Some(remedy)),
        ..failure
    }
}

/// Returns the endpoint of a server whose address the system's resolver would read in another way;
/// `None` if the system can resolve the server's host.
///
/// # Errors
/// The host looks like an address to the system's resolver but is not an address, or the port is
/// not valid.
fn own_endpoint(server: &Url) -> Result<Option<Endpoint>, String> {
    let (host, port) = (server.host(), server.port());
    if !port.is_empty() && parse_port(port).is_none() {
        return Err(format!(
            "port {port} of its server must be a valid number between 1 and 65535, inclusive"
        ));
    }
    if host.parse::<IpAddr>().is_ok() {
        return Ok(None);
    }
    let endpoint = Endpoint::from_url(server);
    let last = host.rsplit('.').next().unwrap_or_default();
    // The system reads `7.8.9` as 7.8.0.9, and numbers that begin with zeros as octal numbers.
    if endpoint.is_none() && last.starts_with(|c: char| c.is_ascii_digit()) && is_number(last) {
        return Err(format!(
            "{host:?} is neither an address nor a name that a server can have"
        ));
    }
    Ok(endpoint)
}

/// Whether a text is a number to the system's resolver.
fn is_number(text: &str) -> bool {
    let is_hexadecimal =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.bytes().all(|byte| byte.is_ascii_digit())
        || text.strip_prefix("0x").is_some_and(is_hexadecimal)
}

/// Connects to an endpoint instead of the address of the server's URL. TLS still checks the
/// server's name, unless the endpoint skips all checks of the certificate. Returns `None` if the
/// endpoint is not a URL.
fn use_endpoint(config: &mut Config, server: &Url, endpoint: Endpoint) -> Option<()> {
    config.accept_invalid_certs |= endpoint.skip_validity_check;
    config.tls_server_name = Some(pki::tls_name(server.host()));
    config.cluster_url = format!("https://{}", endpoint.address).parse().ok()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_sought_at_the_address_that_its_text_stands_for() {
        let endpoint = |server: &str| {
            let found = own_endpoint(&Url::parse(server).unwrap());
            found.map(|found| found.map(|endpoint| endpoint.address.to_string()))
        };
        for (server, address) in [
            ("https://192.000.2.010:6443", "192.0.2.10:6443"),
            ("https://192.0.2.09", "192.0.2.9:443"),
            ("https://[::ffff:192.0.2.9]:06443", ""),
            ("https://192.0.2.9:6443", ""),
            ("https://[2001:db8::9]:6443", ""),
            ("https://lb.example:6443", ""),
            ("https://lb-7", ""),
            ("https://node.7b", ""),
        ] {
            let wanted = Some(address.to_owned()).filter(|address| !address.is_empty());
            assert_eq!(endpoint(server), Ok(wanted), "{server}");
        }
        for server in [
            "https://7.8.9:6443",
            "https://7",
            "https://192.0.2.0x9",
            "https://192.0.2.256",
            "https://lb.example.7",
            "https://lb:0",
            "https://lb:65536",
        ] {
            assert!(endpoint(server).is_err(), "{server}");
        }
    }
}
