//! The arguments of the commands `kubephase plugin …`.
use crate::{
    pki::signature::Signer,
    plugin::{consent::Consent, digest::ComponentDigest},
    plugin_tools::scaffold::{Kind, Language},
};
use anyhow::Result;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The commands `kubephase plugin …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum PluginCommand {
    /// Write the folder of a new plugin, ready to build and test
    New {
        /// what the plugin is
        kind: Kind,
        /// the folder to make; its name becomes the name of the plugin
        folder: PathBuf,
        /// language of the plugin's source
        #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
        language: Language,
    },
    /// Build the component of a plugin's folder
    Build {
        /// the plugin's folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// path of the component [default: NAME.wasm in the folder]
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Build, test and rehearse a plugin again after each change of its folder
    Dev(DevFlags),
    /// Put a manifest into a component that other tools made
    Annotate {
        /// the component, or a core module made for this interface
        component: PathBuf,
        /// the manifest
        #[arg(long, value_name = "FILE", default_value = "plugin.yaml")]
        manifest: PathBuf,
        /// path of the result [default: the component itself]
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print the interface of plugins, for the tools of any language
    Wit {
        /// folder to write the files to
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Check that this machine has the tools that builds need
    Doctor {
        /// check only the tools of this language; the exit code then says whether all of them are
        /// installed
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<Language>,
    },
    /// Run the test cases of a plugin: described nodes, with the results that are expected on them
    Test(TestFlags),
    /// Show in plain words what a plugin is, what it can do and what it asks for
    Inspect {
        /// a file, a plugin's folder, or oci://REGISTRY/NAME:TAG
        plugin: String,
        /// required signer: a public key, or the path of one
        #[arg(long, value_name = "PUBLIC_KEY")]
        signer: Option<String>,
    },
    /// Add a plugin to a configuration, compile it and lock its digest
    Add {
        /// a file, a plugin's folder, or oci://REGISTRY/NAME:TAG
        source: String,
        /// the configuration file; its lock is beside it
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// also allow what the plugin asks for
        #[arg(long)]
        allow: bool,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        expectation: Expectation,
    },
    /// Remove a plugin from a configuration and its lock
    Remove {
        /// name of the plugin in the configuration
        name: String,
        /// the configuration file; its lock is beside it
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// also remove the plugin's directory on this machine, so that another plugin can have the
        /// name; the configuration does not have to name the plugin any more
        #[arg(long)]
        purge: bool,
        /// the scratch tree that the directory is in
        #[arg(long, value_name = "DIR", requires = "purge", default_value = "/")]
        root: PathBuf,
    },
    /// List the plugins of a configuration
    List {
        /// the configuration file; its lock is beside it
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check that every plugin of a configuration is in the lock, unchanged, and may do what it
    /// asks for
    Verify {
        /// the configuration file; its lock is beside it
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Allow what a plugin asks for now, and show what changes
    Allow {
        /// name of the plugin in the configuration
        name: String,
        /// the configuration file; its lock is beside it
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        expectation: Expectation,
    },
    /// Make a key pair to sign components with: NAME.key, which is secret, and NAME.pub
    Keygen {
        /// path of the files, without .key and .pub
        #[arg(default_value = "kubephase")]
        name: PathBuf,
    },
    /// Sign a component; the signature is written beside it
    Sign {
        /// a file or a plugin's folder
        plugin: PathBuf,
        /// the secret key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Publish a component in a registry, with its signature if it has one
    Push {
        /// a file or a plugin's folder
        plugin: String,
        /// oci://REGISTRY/NAME:TAG
        reference: String,
    },
}

/// The flags of `plugin dev`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct DevFlags {
    /// the plugin's folder
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// configuration of the rehearsals; neither the configuration nor its lock has to name the
    /// plugin [default: the defaults of init]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// description of the node of the rehearsals, YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub node: Option<PathBuf>,
    /// build, test and rehearse once; the exit code is that of the step that failed
    #[arg(long)]
    pub once: bool,
}

/// The flags of `plugin test`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct TestFlags {
    /// a plugin's folder, or a component
    #[arg(default_value = ".")]
    pub plugin: PathBuf,
    /// the folder of cases [default: cases beside the component]
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
    /// print the messages, findings and proposals of the plugin
    #[arg(long)]
    pub show: bool,
    /// repeat the call of a capsule, with the observations that the capsule recorded
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// call the plugin on this machine and write its observations to a capsule; the proposals of
    /// the plugin are not carried out
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// with --record: allow what the plugin asks for
    #[arg(long, requires = "record")]
    pub allow: bool,
    #[command(flatten)]
    pub consent: Consent,
}

/// The operator's expectation of a plugin that is added or allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Expectation {
    /// required signer, now and in all later runs: a public key, or the path of one
    #[arg(long, value_name = "PUBLIC_KEY")]
    pub signer: Option<String>,
    /// required digest of the component, as `plugin inspect` prints it; a plugin of a registry is
    /// allowed only with this flag, or with a source that ends with @sha256:DIGEST
    #[arg(long, value_name = "sha256:DIGEST", value_parser = ComponentDigest::parse)]
    pub digest: Option<ComponentDigest>,
}

impl Expectation {
    /// Returns the signer that the operator named.
    ///
    /// # Errors
    /// The value is neither a public key nor the path of one.
    pub fn signer(&self) -> Result<Option<Signer>> {
        self.signer.as_deref().map(Signer::read).transpose()
    }
}
