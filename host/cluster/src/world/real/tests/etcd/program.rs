//! The program etcd: a snapshot and a copy of its data, made while a client writes.
use super::*;
use crate::{
    backoff::{Backoff, NextTry},
    requirements::has_program,
    world::{
        Files,
        etcd_data::{DataTree, copy_data, replace_data, save_snapshot},
        files::RootedFiles,
        fixed_objects::FixedObjects,
    },
};
use etcd_client::{Certificate, Client, ConnectOptions, Identity, TlsOptions};
use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

/// Time for etcd to start.
const START: Backoff = Backoff::constant(Duration::from_millis(50), Duration::from_secs(60));

/// A folder with certificates, and an etcd that uses them.
struct Setting {
    tokio: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    options: ConnectOptions,
}

/// An etcd that runs until it is dropped.
struct Program {
    child: Child,
    url: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_url(scheme: &str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("{scheme}://{}", listener.local_addr().unwrap())
}

impl Setting {
    fn new() -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("etcd-ca");
        let (client_key, client) = authority.client();
        let (server_key, server) = authority.server_pair();
        let [ca, client, server] =
            [&authority.certificate, &client, &server].map(|certificate| certificate.to_pem());
        let [client_key, server_key] =
            [client_key, server_key].map(|key| key.to_pem().unwrap().reveal().clone());
        let files = RootedFiles::open(folder.path()).unwrap();
        for (name, text) in [
            ("ca.crt", &ca),
            ("healthcheck-client.crt", &client),
            ("healthcheck-client.key", &client_key),
            ("server.crt", &server),
            ("server.key", &server_key),
        ] {
            let path = format!("/pki/etcd/{name}");
            files.write(&path, text.as_bytes(), 0o600, None).unwrap();
        }
        let tls = TlsOptions::new()
            .ca_certificate(Certificate::from_pem(ca))
            .identity(Identity::from_pem(client, client_key));
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Setting {
            tokio,
            folder,
            options: ConnectOptions::new().with_tls(tls),
        }
    }

    fn files(&self) -> RootedFiles {
        RootedFiles::open(self.folder.path()).unwrap()
    }

    /// Returns the client of the world.
    fn etcd(&self) -> RealEtcd<FixedObjects> {
        RealEtcd {
            handle: self.tokio.handle().clone(),
            files: Arc::new(self.files()),
            cluster: FixedObjects(Vec::new()),
            directory: "/pki".into(),
            cancel: Cancel::never(),
        }
    }

    /// Starts an etcd with the data in a folder of the tree, and waits until it serves.
    fn start(&self, data: &str) -> Program {
        let path = |name: &str| self.folder.path().join(name);
        let (url, peer) = (free_url("https"), free_url("http"));
        let child = Command::new("etcd")
            .args(["--name", "one", "--log-level", "error", "--logger", "zap"])
            .args(["--client-cert-auth", "--snapshot-count", "100"])
            .args([
                "--listen-client-urls",
                &url,
                "--advertise-client-urls",
                &url,
            ])
            .args(["--listen-peer-urls", &peer])
            .args(["--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("one={peer}")])
            .arg("--data-dir")
            .arg(path(data.trim_start_matches('/')))
            .arg("--trusted-ca-file")
            .arg(path("pki/etcd/ca.crt"))
            .arg("--cert-file")
            .arg(path("pki/etcd/server.crt"))
            .arg("--key-file")
            .arg(path("pki/etcd/server.key"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut program = Program { child, url };
        let (etcd, mut tries) = (self.etcd(), START.start());
        while !etcd.serves(&program.url).unwrap() {
            let ended = program.child.try_wait().unwrap();
            assert!(ended.is_none(), "etcd with {data} ended: {ended:?}");
            assert_eq!(
                tries.wait(&Cancel::never()),
                NextTry::Due,
                "etcd with {data}"
            );
        }
        program
    }

    async fn connect(&self, program: &Program) -> Client {
        let options = Some(self.options.clone());
        Client::connect([&program.url], options).await.unwrap()
    }

    /// Checks that an etcd has all keys up to a number, without a gap, and takes new ones.
    fn expect_keys(&self, program: &Program, written: u64, case: &str) {
        self.tokio.block_on(async {
            let mut client = self.connect(program).await;
            let options = etcd_client::GetOptions::new()
                .with_prefix()
                .with_keys_only();
            let keys = client.get("key-", Some(options)).await.unwrap();
            let found = keys.kvs().len() as u64;
            assert!(
                found >= written,
                "{case}: {found} keys, {written} were written"
            );
            for number in 0..found {
                assert_eq!(
                    keys.kvs()[usize::try_from(number).unwrap()].key(),
                    name(number)
                );
            }
            let revision = keys.header().unwrap().revision();
            let put = client.put("after", "1", None).await.unwrap();
            assert_eq!(put.header().unwrap().revision(), revision + 1, "{case}");
            let read = client.get("after", None).await.unwrap();
            assert_eq!(
                read.kvs()[0].value(),
                b"1",
                "{case}: a write is not skipped"
            );
        });
    }
}

fn name(number: u64) -> Vec<u8> {
    format!("key-{number:08}").into_bytes()
}

/// A client that writes keys until it is told to stop.
struct Writing<'a> {
    written: &'a AtomicU64,
    stop: &'a AtomicBool,
}

impl Writing<'_> {
    async fn run(&self, mut client: Client) {
        let value = vec![b'x'; 2048];
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.written.load(Ordering::Relaxed);
            client.put(name(number), value.clone(), None).await.unwrap();
            self.written.store(number + 1, Ordering::Relaxed);
        }
    }
}

/// A copy that is made under a client's writes starts as an etcd that has all writes before the
/// copy, and takes new ones.
#[test]
fn a_copy_of_an_etcd_that_is_written_to_starts_with_all_writes_before_it() {
    if !has_program("etcd") {
        return;
    }
    let setting = Setting::new();
    let (written, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let cancel = Cancel::never();
    let files = setting.files();
    let data = DataTree {
        files: &files,
        data_dir: "/data",
        cancel: &cancel,
    };
    let mut copies = Vec::new();
    {
        let first = setting.start("/data");
        let etcd = setting.etcd();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let writing = Writing {
                    written: &written,
                    stop: &stop,
                };
                setting.tokio.block_on(async {
                    writing.run(setting.connect(&first).await).await;
                });
            });
            for number in 0..4 {
                // Enough writes for a new raft snapshot, which etcd makes every hundred writes.
                let enough = 150 * (number + 1);
                let mut tries = START.start();
                while written.load(Ordering::Relaxed) < enough {
                    assert_eq!(tries.wait(&cancel), NextTry::Due);
                }
                let before = written.load(Ordering::Relaxed);
                let to = format!("/copies/{number}");
                files.make_dir("/copies", 0o700).unwrap();
                let copied = copy_data(&etcd, &first.url, &data, &to);
                if copied.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                copied.unwrap();
                copies.push((to, before));
            }
            stop.store(true, Ordering::Relaxed);
        });
    }
    assert!(
        written.load(Ordering::Relaxed) > copies[3].1,
        "writes went on"
    );
    for (copy, before) in &copies {
        let program = setting.start(copy);
        setting.expect_keys(&program, *before, copy);
    }
    // The last copy is put in place of the data. Then all writes after that copy are gone.
    let (copy, before) = copies.last().unwrap();
    replace_data(&data, copy, &mut || Ok(())).unwrap();
    let program = setting.start("/data");
    setting.expect_keys(&program, *before, "the data that were put back");
}

#[test]
fn a_snapshot_of_a_program_is_what_its_own_tool_accepts() {
    if !(has_program("etcd") && has_program("etcdctl")) {
        return;
    }
    let setting = Setting::new();
    let program = setting.start("/data");
    setting.tokio.block_on(async {
        let mut client = setting.connect(&program).await;
        for number in 0..20 {
            client
                .put(name(number), vec![b'x'; 100_000], None)
                .await
                .unwrap();
        }
    });
    let files = setting.files();
    files.make_dir("/backup", 0o700).unwrap();
    let path = "/backup/snapshot.db";
    let bytes = save_snapshot(&setting.etcd(), &program.url, &files, path).unwrap();
    let file = setting.folder.path().join("backup/snapshot.db");
    assert_eq!(bytes, std::fs::metadata(&file).unwrap().len());
    assert!(bytes > 2_000_000 && bytes % 512 == 32, "{bytes}");
    drop(program);
    // The tool verifies the digest, and makes the data of a new member.
    let restored = Command::new("etcdctl")
        .env("ETCDCTL_API", "3")
        .args(["snapshot", "restore", "--name", "one"])
        .args(["--initial-cluster", "one=http://127.0.0.1:1"])
        .args([
            "--initial-advertise-peer-urls",
            "http://127.0.0.1:1",
            "--data-dir",
        ])
        .arg(setting.folder.path().join("restored"))
        .arg(&file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&restored.stderr);
    assert!(restored.status.success(), "{text}");
    let restored = setting.start("/restored");
    setting.expect_keys(&restored, 20, "restored");
}

#[test]
fn a_member_that_is_not_there_sends_no_snapshot() {
    let mut server = FakeEtcd::new(&Authority::new("etcd-ca"));
    server.add_stopped_member();
    let (etcd, url) = (server.client(), server.urls[0].clone());
    let folder = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(folder.path()).unwrap();
    let failure = save_snapshot(&etcd, &url, &files, "/snapshot.db").unwrap_err();
    assert!(
        failure.retryable && failure.message.contains("Connection refused"),
        "{}",
        failure.message
    );
    assert_eq!(files.list("/").unwrap(), [""; 0]);
}
