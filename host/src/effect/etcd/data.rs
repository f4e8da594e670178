//! The data of this node's member of etcd: a snapshot, a copy, and putting the copy back.
use crate::{
    backoff::{Backoff, NextTry},
    effect::{
        Applied, Context, EffectOutcome,
        kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
        restart::running_containers,
    },
    wasm::grant::Grant,
    world::{
        Runtime, WorldResult,
        etcd_data::{DataTree, REPLACED, copy_data, replace_data, save_snapshot},
    },
};
use kubephase_sdk::{spec::EtcdDataSpec, undo::Inverse};
use kubephase_wit::{Failure, FailureCode};
use std::time::Duration;

/// Time for an etcd to answer before it counts as down.
const ANSWER: Backoff = Backoff::constant(Duration::from_millis(500), Duration::from_secs(2));

impl EffectKind for EtcdDataSpec {
    fn properties(&self) -> Properties {
        let (kind, path, files, undo) = match self {
            EtcdDataSpec::Snapshot { path, .. } => {
                let files = FileProperties::of_host(vec![path.clone()]);
                ("etcd-snapshot", path, files, Undo::RemoveCreated)
            }
            EtcdDataSpec::Copy { path, .. } => {
                let undo = Undo::By(Inverse::RemoveTree(path.clone()));
                ("etcd-copy", path, FileProperties::none(), undo)
            }
            EtcdDataSpec::Restore { data_dir, .. } => (
                "etcd-restore",
                data_dir,
                FileProperties::none(),
                Undo::Nothing,
            ),
        };
        Properties {
            kind,
            target: Target::Path(path.clone()),
            files,
            waits: true,
            crypto_work: 0,
            undo,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let outcome = match self {
            EtcdDataSpec::Snapshot { client_url, path } => save(client_url, path, context),
            EtcdDataSpec::Copy {
                client_url,
                data_dir,
                path,
            } => copy(client_url, &tree(data_dir, context), path, context),
            EtcdDataSpec::Restore { .. } => restore(self, context),
        };
        match outcome {
            Err(failure) if failure.code == FailureCode::NotChecked => {
                Ok(EffectOutcome::with_lines(
                    Applied::Skipped(failure.message),
                    [format!("[dryrun] Would {self}")],
                ))
            }
            outcome => outcome,
        }
    }
}

fn tree<'a>(data_dir: &'a str, context: &'a Context) -> DataTree<'a> {
    DataTree {
        files: context.world.files(),
        data_dir,
        cancel: context.cancel,
    }
}

/// Saves a snapshot, unless its file exists.
fn save(client_url: &str, path: &str, context: &Context) -> WorldResult<EffectOutcome> {
    let world = context.world;
    if world.files().stat(path)?.is_some() {
        return Ok(Applied::Unchanged.into());
    }
    let bytes = save_snapshot(world.etcd(), client_url, world.files(), path)?;
    Ok(EffectOutcome::with_lines(
        Applied::Changed,
        [format!(
            "[upgrade/etcd] The snapshot of etcd has {bytes} bytes, and its digest is right"
        )],
    ))
}

/// Copies the data directory, unless the copy exists.
fn copy(
    client_url: &str,
    tree: &DataTree<'_>,
    path: &str,
    context: &Context,
) -> WorldResult<EffectOutcome> {
    if tree.files.stat(path)?.is_some() {
        return Ok(Applied::Unchanged.into());
    }
    let copied = copy_data(context.world.etcd(), client_url, tree, path);
    copied.map_err(|failure| Failure {
        message: format!("failed to back up etcd data: {}", failure.message),
        ..failure
    })?;
    Ok(Applied::Changed.into())
}

/// Puts a copy of the data back.
fn restore(spec: &EtcdDataSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let EtcdDataSpec::Restore {
        client_url,
        data_dir,
        copy,
        only_if_down,
    } = spec
    else {
        return Ok(Applied::Unchanged.into());
    };
    let world = context.world;
    if world.ends_waits_early() {
        let message = "a dry run does not change the data of etcd";
        return Err(Failure::new(FailureCode::NotChecked, message));
    }
    if *only_if_down {
        if world.files().stat(copy)?.is_none() {
            return Ok(Applied::Skipped(format!("there is no copy at {copy}")).into());
        }
        if answers(client_url, context)? {
            return Ok(Applied::Skipped("etcd works with the data that it has".into()).into());
        }
    }
    replace_data(&tree(data_dir, context), copy, &mut || {
        end_etcd(world.runtime())
    })?;
    let line = format!(
        "[upgrade/etcd] Etcd data rollback successful: {data_dir} has the data of {copy}; the data \
         that were there before are in {data_dir}/{REPLACED}"
    );
    Ok(EffectOutcome::with_lines(Applied::Changed, [line]))
}

/// Whether the member serves clients now, or within a short time.
fn answers(client_url: &str, context: &Context) -> WorldResult<bool> {
    let mut tries = ANSWER.start();
    loop {
        // An etcd that cannot be asked does not serve.
        if context.world.etcd().serves(client_url).unwrap_or(false) {
            return Ok(true);
        }
        match tries.wait(context.cancel) {
            NextTry::Due => {}
            NextTry::OutOfTime => return Ok(false),
            NextTry::Cancelled => {
                let message = "the run was cancelled while it looked whether etcd serves";
                return Err(Failure::new(FailureCode::Cancelled, message));
            }
        }
    }
}

/// Stops the containers of this node's etcd at once, because their data were replaced. The kubelet
/// starts etcd again. A rehearsal has no containers; its etcd starts again when it finds other
/// data.
fn end_etcd(runtime: &dyn Runtime) -> WorldResult<()> {
    match running_containers("etcd", runtime) {
        Err(failure) if failure.code == FailureCode::NotChecked => Ok(()),
        running => running?
            .iter()
            .try_for_each(|container| runtime.stop_container(&container.id, Duration::ZERO)),
    }
}
