//! One `init`, from what was asked to what was made: configuration, catalog, plan, world, executor,
//! report.
use super::{
    access::Access,
    capsule::Capsule,
    crew::Places,
    event::{Bus, Subscriber, What},
    executor::{Executor, Finished, Ready, Running},
    judge::Judge,
    secrets::Secrets,
    session::{Session, Shared, label_of},
    state::{self, MadeUp},
};
use crate::{
    cancel::Cancel,
    config::{self, Config, ConfigFile, InitFlags, Loaded, PhaseConfiguration},
    effect::{pki, territory::Territory},
    journal::History,
    parallel,
    phase::{
        built_in,
        catalog::{Catalog, Origin, Source, Workflow},
    },
    plan::{Choice, Node, Plan, Refused},
    plugin::{self, load::Plugins},
    render::patches::Patches,
    wasm::{self, engine::Place, manifest::FailurePolicy},
    world::{World, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use kubephase_wit::{Severity, phase};
use serde_json::{Value, json};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Everything that is decided before a run touches anything.
pub struct Prepared {
    /// with its secrets
    pub config: Config,
    pub phases: PhaseConfiguration,
    pub plan: Plan,
    pub plugins: Plugins,
    pub patches: Patches,
    /// what to tell before the first phase, warnings of the configuration among it
    pub warnings: Vec<String>,
    /// lines about the patches
    pub said: Vec<String>,
    pub token_given: bool,
    /// nothing is to be changed
    pub dry_run: bool,
    /// programs are run that authenticate the user of the kubeconfig that this node joins with
    pub may_run_programs: bool,
    /// the operator's configuration file, where there is one
    pub file: Option<PathBuf>,
}

impl Prepared {
    /// The files that belong to the host in this run, and the operator's that decide what later
    /// runs do.
    fn territory(&self) -> Territory {
        let mut territory = Territory::of(&self.config);
        let Some(file) = &self.file else {
            return territory;
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        territory.add_of_operator(file);
        territory.add_shown_of_operator(&folder.join(plugin::lock::FILE));
        for entry in &self.phases.plugins {
            if let Some(component) = plugin::source::file(&entry.source, folder) {
                territory.add_shown_of_operator(&folder.join(&entry.source));
                territory.add_shown_of_operator(&plugin::signature::beside(&component));
            }
        }
        territory
    }
}

/// The catalog of `init` and the plugins whose phases are in it.
pub fn catalog(engine: &wasm::engine::Engine) -> Result<(Catalog, Plugins)> {
    let mut catalog = Catalog::built_in();
    let mut plugins = Plugins::new();
    for embedded in wasm::embedded::defaults() {
        let plugin = Arc::new(engine.load_once(Place::Embedded(embedded.name))?);
        catalog.extend(plugin.manifest(), Origin::Embedded)?;
        let settings = Value::Object(Default::default());
        plugins.insert(
            plugin.manifest().name.clone(),
            plugin::load::Loaded {
                plugin,
                settings,
                limits: Default::default(),
                signer: None,
            },
        );
    }
    Ok((catalog, plugins))
}

/// Reads the configuration and plans the run.
pub fn prepare(
    file: Option<&ConfigFile>,
    flags: &InitFlags,
    node: &NodeFacts,
    only: Option<Vec<String>>,
    engine: &wasm::engine::Engine,
) -> Result<Prepared> {
    let loaded = config::load_init(file, flags, &seen(node, Workflow::Init, only.as_deref()))?;
    planned(
        loaded,
        Asked {
            workflow: Workflow::Init,
            file,
            skip: &flags.skip_phases,
            only,
        },
        engine,
    )
}

/// The node as the configuration of a run sees it. Single phases whose commands have no
/// `--cri-socket` look for no socket of a runtime, and so do not stumble over several (kubeadm
/// behaviour).
pub fn seen<'a>(
    node: &'a NodeFacts,
    workflow: Workflow,
    only: Option<&[String]>,
) -> Cow<'a, NodeFacts> {
    let catalog = Catalog::built_in();
    // The phase of a plugin takes the flags of the group that it is in.
    let looks = |id: &String| {
        let mut rows = catalog
            .of(workflow)
            .filter(|row| Catalog::within(&row.id, id) || Catalog::within(id, &row.id));
        rows.any(|row| row.flags.iter().any(|flag| flag == "cri-socket"))
    };
    if only.is_none_or(|only| only.iter().any(looks)) {
        return Cow::Borrowed(node);
    }
    Cow::Owned(NodeFacts {
        cri_sockets: Vec::new(),
        ..node.clone()
    })
}

/// Which run is asked for.
pub struct Asked<'a> {
    pub workflow: Workflow,
    /// the operator's configuration file; plugins are looked for beside it
    pub file: Option<&'a ConfigFile>,
    /// of the flag
    pub skip: &'a [String],
    /// single phases or groups
    pub only: Option<Vec<String>>,
}

/// Plans a run with its plugins.
///
/// # Errors
/// What of the plan, the plugins or the patches does not fit.
pub fn planned(loaded: Loaded, asked: Asked, engine: &wasm::engine::Engine) -> Result<Prepared> {
    let Loaded {
        config,
        phases,
        warnings,
        token_given,
        dry_run,
    } = loaded;
    let (mut catalog, mut plugins) = catalog(engine)?;
    // The program's own phases come first: a plugin that takes the id of one is what is refused.
    plugin::load::rules(&phases, engine, &mut catalog, &mut plugins)?;
    plugin::load::load(
        &phases.plugins,
        asked.file.map(ConfigFile::path),
        engine,
        &mut catalog,
        &mut plugins,
    )?;
    let workflow = asked.workflow;
    let file = asked.file.map(|file| file.path().to_owned());
    let choice = choice(&config, &phases, asked);
    let plan = Plan::build(&catalog, workflow, &choice).map_err(Refused)?;
    let directory = config
        .init
        .patches
        .as_ref()
        .map(|patches| patches.directory.as_str())
        .filter(|directory| !directory.is_empty());
    let (patches, said) = match directory {
        Some(directory) => Patches::load(directory, config::patch_files(directory)?)
            .map_err(|message| anyhow!(message))?,
        None => Default::default(),
    };
    let warnings = warnings.iter().map(ToString::to_string).collect();
    Ok(Prepared {
        config,
        phases,
        plan,
        plugins,
        patches,
        warnings,
        said,
        token_given,
        dry_run,
        may_run_programs: false,
        file,
    })
}

/// What to leave out, put in and reorder.
fn choice(config: &Config, phases: &PhaseConfiguration, asked: Asked) -> Choice {
    let Asked {
        workflow,
        skip: flag,
        only,
        ..
    } = asked;
    let mut disabled: BTreeMap<String, String> = phases
        .disabled_phases
        .iter()
        .map(|phase| {
            (
                phase.clone(),
                "disabledPhases of the PhaseConfiguration".to_owned(),
            )
        })
        .collect();
    // kubeadm looks at these only in a full run.
    if only.is_none() && workflow == Workflow::Init {
        for (off, phase, by) in [
            (config.cluster.dns.disabled, "addon/coredns", "dns.disabled"),
            (
                config.cluster.proxy.disabled,
                "addon/kube-proxy",
                "proxy.disabled",
            ),
        ] {
            if off {
                disabled.insert(phase.into(), by.into());
            }
        }
    }
    if workflow == Workflow::Join && config.join.as_ref().is_some_and(|join| !join.control_plane) {
        disabled.extend(
            built_in::OF_CONTROL_PLANE
                .iter()
                .map(|phase| ((*phase).to_owned(), "this node being a worker".to_owned())),
        );
    }
    // The flag replaces the configuration, and `init phase …` looks at the flag alone (kubeadm
    // behaviour).
    let (skip, skipped_by) = match (flag.is_empty(), only.is_some()) {
        (false, _) => (flag.to_vec(), "--skip-phases"),
        (true, false) => (
            config.init.skip_phases.clone(),
            "skipPhases of the configuration",
        ),
        (true, true) => (Vec::new(), ""),
    };
    Choice {
        skip,
        skipped_by: skipped_by.into(),
        only,
        disabled,
        replaced: phases.replaces.clone(),
        extra_edges: phases
            .extra_edges
            .iter()
            .map(|edge| (edge.before.clone(), edge.after.clone()))
            .collect(),
    }
}

/// The outcome of a run, for the report.
pub struct Ran {
    pub finished: Finished,
}

/// Takes a prepared run to a world. `keep` keeps calls of plugins that were stopped.
///
/// # Errors
/// Where the world's state cannot be read or kept; what a phase runs into is part of the result.
pub fn execute(
    prepared: &mut Prepared,
    world: Arc<dyn World>,
    keep: &(dyn Fn(&Capsule) + Sync),
    subscribers: impl FnOnce(&Plan) -> Vec<Box<dyn Subscriber>>,
    cancel: &Cancel,
) -> Result<Ran> {
    let started = jiff::Timestamp::now().as_second();
    let files = world.files();
    MadeUp::complete(&mut prepared.config, prepared.token_given, files)?;
    // A node that joins has yet to get its authorities, and one that is reset needs none.
    if prepared.plan.workflow == Workflow::Init {
        let external = pki::external_authorities(files, &prepared.config)
            .map_err(|failure| anyhow!(failure.message))?;
        prepared.config.run.external_ca = external.ca;
        prepared.config.run.external_front_proxy_ca = external.front_proxy;
        prepared.warnings.extend(external.warnings);
    }
    let history = History::read(files, state::DIRECTORY);
    prepared.warnings.extend(history.warnings.iter().cloned());
    prepared.warnings.extend(history.remove_outdated(files));
    if let Some(reset) = &mut prepared.config.reset {
        reset.made = history.left;
    }
    let masked = Secrets::mask(&prepared.config)?;
    let judge = judge(prepared, history.made);
    let bus = Bus::new(subscribers(&prepared.plan));
    let shared = Shared::of_run(world.clone(), bus, masked)?;
    let shared = Arc::new(Shared {
        patches: prepared.patches.clone(),
        territory: prepared.territory(),
        cancel: cancel.clone(),
        ..shared
    });
    let say = |severity, label: &str, text: &str| {
        let (phase, label, text) = (String::new(), label.to_owned(), text.to_owned());
        shared.bus.emit(What::Message {
            phase,
            severity,
            label,
            text,
            plugin: None,
        });
    };
    if prepared.plan.workflow == Workflow::Init {
        say(
            Severity::Info,
            "init",
            &format!(
                "Using Kubernetes version: {}",
                prepared.config.cluster.kubernetes_version
            ),
        );
    }
    prepared
        .warnings
        .iter()
        .for_each(|warning| say(Severity::Warning, "", warning));
    for line in &prepared.said {
        let line = line.strip_prefix("[patches] ").unwrap_or(line);
        say(Severity::Info, "patches", line);
    }
    let provider = Provider {
        prepared,
        shared: shared.clone(),
        cancel,
    };
    let executor = Executor {
        plan: &prepared.plan,
        shared,
        config: &prepared.config,
        provide: &|node| provider.provide(node),
        judge: &judge,
        started,
        cancel,
        places: prepared
            .phases
            .parallelism
            .map_or_else(|| Places::Working(parallel::cores()), Places::Exactly),
        keep,
    };
    Ok(Ran {
        finished: executor.execute(),
    })
}

/// `ours` are paths that earlier runs made.
fn judge(prepared: &Prepared, ours: BTreeSet<String>) -> Judge {
    let ignored = prepared
        .config
        .init
        .node_registration
        .ignore_preflight_errors
        .iter()
        .map(|name| name.to_lowercase())
        .collect();
    let today = jiff::Zoned::now().date();
    let current = prepared
        .phases
        .waivers
        .iter()
        .filter(|waiver| waiver.expires.is_none_or(|expires| expires >= today));
    let waived = current
        .map(|waiver| (waiver.check.to_lowercase(), waiver.reason.clone()))
        .collect();
    Judge {
        ignored,
        waived,
        ours,
    }
}

/// Makes the phases of a run ready to be called.
struct Provider<'a> {
    prepared: &'a Prepared,
    shared: Arc<Shared>,
    cancel: &'a Cancel,
}

impl Provider<'_> {
    fn provide(&self, node: &Node) -> Ready {
        let headers = self.headers(node);
        match &node.source {
            Source::BuiltIn => {
                let session = Session::new(
                    self.shared.clone(),
                    &node.id,
                    &self.settings(node),
                    Access::BuiltIn,
                );
                let make = built_in::make(self.prepared.plan.workflow, &node.id);
                Ready {
                    phase: make(session.clone()),
                    session,
                    plugin: None,
                    policy: FailurePolicy::Fail,
                    headers,
                }
            }
            Source::Plugin { name, .. } => {
                let plugin::load::Loaded {
                    plugin,
                    settings,
                    limits,
                    ..
                } = &self.prepared.plugins[name];
                let access = Access::Granted(plugin.grant());
                let session = Session::limited(
                    self.shared.clone(),
                    &node.id,
                    settings,
                    access,
                    *limits,
                    node.source.third_party(),
                );
                let policy = plugin
                    .manifest()
                    .provides
                    .iter()
                    .find(|row| row.id == node.id)
                    .map(|row| row.failure_policy)
                    .unwrap_or_default();
                let (phase, memory): (Box<dyn phase::Host + Send>, _) =
                    match plugin.phase(session.clone(), *limits, self.cancel) {
                        Ok(guest) => {
                            let memory = guest.peak();
                            (Box::new(guest), memory)
                        }
                        Err(why) => (Box::new(Unusable(format!("{why:#}"))), Arc::default()),
                    };
                let running = Running {
                    plugin: plugin.clone(),
                    memory,
                };
                Ready {
                    phase,
                    session,
                    plugin: Some(running),
                    policy,
                    headers,
                }
            }
        }
    }

    /// Returns the settings of a built-in phase. Only the phase that stores the plugins in the
    /// cluster has settings: the plugins.
    fn settings(&self, node: &Node) -> Value {
        let kept = (node.id == built_in::KEEPS_PHASES).then(|| {
            plugin::load::pin_plugins(&self.prepared.phases, &self.prepared.plugins).kept()
        });
        kept.flatten().unwrap_or_else(|| json!({}))
    }

    /// What kubeadm says as it enters a group, with the label of the group. It is said before the
    /// first member that runs.
    fn headers(&self, node: &Node) -> Vec<(String, String)> {
        let first = |group: &str| {
            self.prepared
                .plan
                .running()
                .find(|other| Catalog::within(&other.id, group))
                .is_some_and(|first| first.id == node.id)
        };
        let config = &self.prepared.config;
        let groups = self.prepared.plan.groups.iter().filter(|group| {
            group.state.runs() && Catalog::within(&node.id, &group.id) && first(&group.id)
        });
        groups
            .flat_map(|group| {
                built_in::header(&group.id, config)
                    .into_iter()
                    .map(|line| (label_of(&group.id), line))
            })
            .collect()
    }
}

/// A component that cannot be brought up: its phase fails, by its own failure policy.
struct Unusable(String);

impl phase::Host for Unusable {
    fn describe(&mut self) -> Result<kubephase_wit::PhaseInfo, kubephase_wit::Stop> {
        Err(kubephase_wit::Stop::msg(self.0.clone()))
    }

    fn run(&mut self) -> Result<kubephase_wit::Outcome, kubephase_wit::Error> {
        Err(kubephase_wit::Error::Stop(kubephase_wit::Stop::msg(
            self.0.clone(),
        )))
    }
}
