//! A `join` up to its plan: the cluster is found and trusted, and says how its nodes are made.
use super::init::{Asked, Prepared, planned, seen};
use crate::{
    config::{self, ADMIN, ConfigFile, JoinFlags},
    discovery,
    phase::catalog::Workflow,
    render::messages,
    wasm::engine::Engine,
    world::{World, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use std::borrow::Cow;

/// Reads what is given, finds the cluster, reads what it keeps, and plans the run. Nothing is
/// changed, here or there.
///
/// # Errors
/// Every problem of the configuration; why the cluster is not found or not trusted; what of the
/// plan does not fit.
pub fn prepare(
    file: Option<&ConfigFile>,
    flags: &JoinFlags,
    node: &NodeFacts,
    only: Option<Vec<String>>,
    engine: &Engine,
    world: &dyn World,
    say: &dyn Fn(&str),
) -> Result<Prepared> {
    let node = &*seen(node, Workflow::Join, only.as_deref());
    let told = |failure: kubephase_wit::Failure| anyhow!(failure.told());
    let is_named = flags.discovery_file.is_some();
    let flags = &*if only.is_some() && file.is_none() {
        for_member(flags, world)?
    } else {
        Cow::Borrowed(flags)
    };
    let loaded = config::load_join(file, flags, node)?;
    let found =
        discovery::discover(&loaded.join, world.cluster(), world.net(), is_named).map_err(told)?;
    let may_run_programs = found.may_run_programs;
    messages::reading("preflight")
        .iter()
        .for_each(|line| say(line));
    let api = world.cluster();
    let cluster = if may_run_programs {
        api.as_operator(&found.kubeconfig)
    } else {
        api.as_holder_of(&found.kubeconfig)
    };
    let loaded = config::from_cluster(loaded, found, cluster.map_err(told)?.as_ref(), node)?;
    let prepared = planned(
        loaded,
        Asked {
            workflow: Workflow::Join,
            file,
            skip: &flags.skip_phases,
            only,
        },
        engine,
    )?;
    Ok(Prepared {
        may_run_programs,
        ..prepared
    })
}

/// Flags of a single phase. Where they say nothing of the cluster, a member of the control plane
/// finds it by its `admin.conf` (kubeadm behaviour).
///
/// # Errors
/// Where there is no such file either.
fn for_member<'a>(flags: &'a JoinFlags, world: &dyn World) -> Result<Cow<'a, JoinFlags>> {
    if flags.endpoint.is_some() || flags.discovery_file.is_some() {
        return Ok(Cow::Borrowed(flags));
    }
    if world
        .files()
        .stat(ADMIN)
        .map_err(|failure| anyhow!(failure.told()))?
        .is_none()
    {
        return Err(anyhow!(
            "File {ADMIN} does not exists. Please use 'kubeadm join phase control-plane-prepare' \
             subcommands to generate it."
        ));
    }
    Ok(Cow::Owned(JoinFlags {
        discovery_file: Some(ADMIN.to_owned()),
        ..flags.clone()
    }))
}
