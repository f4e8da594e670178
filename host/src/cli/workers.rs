//! `rehearse --workers N`: machines of their own join the rehearsed cluster, side by side, by the token and the hash that
//! `init` made. Each has its own tree below the scratch root, and its own journal.
#![allow(clippy::disallowed_methods, reason = "scratch trees are the program's own, not the node's")]
use crate::{
    config::JoinFlags,
    effect::pki::Certificate,
    journal::{Durability, Header, Journal},
    run::{
        event::{RunResult, micros},
        init::{self, Prepared},
        join, state,
    },
    wasm::engine::Engine,
    world::{
        World,
        api::Credentials,
        node::facts::NodeFacts,
        rehearsal::{Rehearsal, Setting},
    },
};
use anyhow::{Context, Result, anyhow};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// How long requests to the API are tried.
const BUDGET: Duration = Duration::from_secs(10);

/// What came of one join.
pub struct Joined {
    pub name: String,
    pub result: RunResult,
    pub micros: u64,
}

/// Lets `count` workers join the cluster that a rehearsal of `init` made.
///
/// # Errors
/// Where a worker's tree cannot be used, or it does not find or trust the cluster.
pub fn join(world: &Rehearsal, prepared: &Prepared, root: &Path, count: u16, engine: &Engine, handle: &Handle) -> Result<Vec<Joined>> {
    let flags = invitation(world, prepared)?;
    let (next, joined) = (AtomicUsize::new(1), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > usize::from(count) {
                    return Ok(());
                }
                let one = one(number, world, &flags, root, engine, handle).with_context(|| format!("worker-{number}"))?;
                joined.lock().unwrap_or_else(PoisonError::into_inner).push((number, one));
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..cores * 2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let mut joined = joined.into_inner().unwrap_or_else(PoisonError::into_inner);
    joined.sort_by_key(|(number, _)| *number);
    Ok(joined.into_iter().map(|(_, one)| one).collect())
}

/// What `init` tells people to join with.
fn invitation(world: &Rehearsal, prepared: &Prepared) -> Result<JoinFlags> {
    let config = &prepared.config;
    let path = format!("{}/ca.crt", config.cluster.certificates_dir);
    let pem = world.files().read(&path).map_err(|failure| anyhow!(failure.message))?;
    let authority = Certificate::from_pem(&String::from_utf8_lossy(&pem)).map_err(|why| anyhow!("{path}: {why}"))?;
    let token = config.init.bootstrap_tokens.first().context("no bootstrap token is there to join with")?;
    Ok(JoinFlags {
        endpoint: Some(config.run.control_plane_url.trim_start_matches("https://").to_owned()),
        token: Some(token.token.clone()),
        discovery_token_ca_cert_hash: vec![format!("sha256:{}", authority.public_key_sha256())],
        ..JoinFlags::default()
    })
}

/// One machine, from nothing to a node.
fn one(number: usize, world: &Rehearsal, flags: &JoinFlags, root: &Path, engine: &Engine, handle: &Handle) -> Result<Joined> {
    let began = Instant::now();
    let name = format!("worker-{number}");
    let root = root.join("nodes").join(&name);
    std::fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
    let host = u8::try_from(number % 200).unwrap_or_default() + 20;
    let facts = NodeFacts {
        hostname: name.clone(),
        default_route_interface_address: Some([198, 51, 100, host].into()),
        addresses: vec![[198, 51, 100, host].into()],
        ..NodeFacts::default()
    };
    let open = |credentials: Credentials| {
        let setting =
            Setting { root: &root, below: None, facts: facts.clone(), credentials, place: world.place(), budget: BUDGET, port: 0 };
        Rehearsal::open(handle, setting)
    };
    let outside = open(Credentials::text(""))?;
    let mut prepared = join::prepare(None, flags, &facts, None, engine, &outside, &|_| ())?;
    let kubeconfig = prepared.config.join.as_ref().map(|join| join.bootstrap_kubeconfig.clone()).unwrap_or_default();
    let node = Arc::new(open(Credentials::text(&kubeconfig))?);
    let directory = root.join(state::DIRECTORY.trim_start_matches('/'));
    let cancelled = Arc::new(AtomicBool::new(false));
    let journal = Journal::begin(&directory, &Header::new(jiff::Timestamp::now().as_second()), Durability::Process, cancelled.clone())
        .with_context(|| format!("cannot begin a journal in {}", directory.display()))?;
    let ran = init::execute(&mut prepared, node, |_, _| vec![Box::new(journal)], &cancelled)?;
    Ok(Joined { name, result: ran.finished.result, micros: micros(began) })
}

/// The joins as lines for people; nothing where nobody joined.
pub fn told(joined: &[Joined]) -> String {
    if joined.is_empty() {
        return String::new();
    }
    let line = |joined: &Joined| {
        let how = match &joined.result {
            RunResult::Done => format!("joined in {:.2} s", joined.micros as f64 / 1e6),
            RunResult::PreflightFailed => "did not pass its checks".to_owned(),
            RunResult::Failed { phase, message } => format!("failed in {phase}: {message}"),
            RunResult::Cancelled => "was interrupted".to_owned(),
        };
        format!("  {:<12} {how}\n", joined.name)
    };
    std::iter::once("\nWho joined\n".to_owned()).chain(joined.iter().map(line)).collect()
}
