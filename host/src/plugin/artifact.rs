//! A plugin as an artifact of a registry or an OCI layout. The form is that of the tools for
//! WebAssembly components: a config that says what the component imports and exports, and one layer
//! with the component.
use crate::{
    oci::manifest::{Annotations, ArtifactManifest, Descriptor},
    pki::signature::MAX_SIGNATURE,
    text::sanitise,
    wasm::{limits::MAX_COMPONENT, manifest::Manifest as PluginManifest},
};
use anyhow::{Result, bail};
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload};

/// Media types that a component may have. This program writes the first.
pub const COMPONENT: [&str; 2] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
];
/// Media type of the config that this program writes.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The type of the artifacts that this program writes.
pub const ARTIFACT_TYPE: &str = "application/vnd.kubephase.plugin.v1";
/// The annotation that holds the signature of the component, in base64: registries refuse line
/// breaks in annotations.
const SIGNATURE: &str = "dev.kubephase.plugin.minisig";
/// The annotation with the name under which tools save a layer.
const TITLE: &str = "org.opencontainers.image.title";

/// The config of an artifact, which says what its component is without running it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WasmConfig {
    /// when the artifact was made
    created: Timestamp,
    architecture: String,
    os: String,
    layer_digests: Vec<String>,
    component: ExternalNames,
}

/// What a component exports and imports.
#[derive(Serialize, Deserialize)]
struct ExternalNames {
    exports: Vec<String>,
    imports: Vec<String>,
}

impl ExternalNames {
    /// Reads the names from a component.
    fn read(component: &[u8]) -> Result<ExternalNames> {
        let (mut depth, mut exports, mut imports) = (0, Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(ExternalNames { exports, imports })
    }
}

/// A new artifact.
pub struct NewArtifact {
    pub manifest: ArtifactManifest,
    pub config: Vec<u8>,
}

impl NewArtifact {
    /// Makes the artifact of a component.
    ///
    /// # Errors
    /// The component is damaged.
    pub fn new(
        component: &[u8],
        plugin: &PluginManifest,
        signature: Option<&str>,
    ) -> Result<NewArtifact> {
        let created = Timestamp::from_second(Timestamp::now().as_second())?;
        let mut layer = Descriptor::new(COMPONENT[0], component);
        layer
            .annotations
            .insert(TITLE.to_owned(), format!("{}.wasm", plugin.name));
        let config = serde_json::to_vec(&WasmConfig {
            created,
            architecture: "wasm".to_owned(),
            // Components without WASI run on every host; the tools know no other word for that.
            os: "wasip2".to_owned(),
            layer_digests: vec![layer.digest.clone()],
            component: ExternalNames::read(component)?,
        })?;
        let mut manifest = ArtifactManifest::new(Descriptor::new(CONFIG, &config), vec![layer]);
        manifest.artifact_type = Some(ARTIFACT_TYPE.to_owned());
        manifest.annotations = annotations(plugin, &created.to_string(), signature);
        Ok(NewArtifact { manifest, config })
    }
}

/// Returns the annotations of an artifact; fields that the plugin does not have are left out.
fn annotations(plugin: &PluginManifest, created: &str, signature: Option<&str>) -> Annotations {
    let version = plugin.version.to_string();
    let signature = signature.map(|text| BASE64.encode(text.as_bytes()));
    let annotations = [
        (TITLE, plugin.name.as_str()),
        ("org.opencontainers.image.version", &version),
        ("org.opencontainers.image.description", &plugin.description),
        ("org.opencontainers.image.licenses", &plugin.license),
        ("org.opencontainers.image.created", created),
        (SIGNATURE, signature.as_deref().unwrap_or_default()),
    ];
    annotations
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Returns the layer with the component, and its size. An artifact of a plugin has exactly one
/// layer.
///
/// # Errors
/// The artifact is not a plugin, or the component is too large.
pub fn component_layer(manifest: &ArtifactManifest) -> Result<(&Descriptor, usize)> {
    let [layer] = manifest.layers.as_slice() else {
        bail!("it has {} layers; a plugin has one", manifest.layers.len())
    };
    if !COMPONENT.contains(&layer.media_type.as_str()) {
        bail!(
            "it holds {}; a plugin is {}",
            sanitise::line(&layer.media_type),
            COMPONENT[0]
        );
    }
    layer.sha256()?;
    match usize::try_from(layer.size) {
        Ok(size) if size <= MAX_COMPONENT => Ok((layer, size)),
        _ => bail!(
            "it is {} bytes long; a plugin has at most {} MiB",
            layer.size,
            MAX_COMPONENT >> 20
        ),
    }
}

/// Returns the signature of the component; `None` if the artifact has none.
pub fn signature(manifest: &ArtifactManifest) -> Option<String> {
    let annotation = manifest
        .annotations
        .get(SIGNATURE)
        .filter(|annotation| annotation.len() <= MAX_SIGNATURE)?;
    // An annotation that is not text in base64 is not a signature.
    String::from_utf8(BASE64.decode(annotation.as_bytes()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const PLUGIN: &str = "name: x\nversion: 1.2.3\nlicense: MIT\nprovides:\n- {id: preflight/x, \
        title: X, kind: check, workflow: [init]}\n";

    #[test]
    fn an_artifact_says_what_its_component_imports_and_exports() {
        let component = wat::parse_str(
            "(component (import \"a:b/imported@1.0.0\" (instance $i)) (export \"a:b/exported\" \
             (instance $i)))",
        )
        .unwrap();
        let plugin = PluginManifest::parse(PLUGIN).unwrap();
        let artifact = NewArtifact::new(&component, &plugin, Some("signed")).unwrap();
        let config: Value = serde_json::from_slice(&artifact.config).unwrap();
        assert_eq!(
            (&config["component"], &config["architecture"]),
            (
                &json!({"exports": ["a:b/exported"], "imports": ["a:b/imported@1.0.0"]}),
                &json!("wasm")
            )
        );
        let (layer, size) = component_layer(&artifact.manifest).unwrap();
        assert_eq!(config["layerDigests"], json!([layer.digest]));
        assert_eq!(
            (layer.annotations[TITLE].as_str(), size),
            ("x.wasm", component.len())
        );
        assert_eq!(signature(&artifact.manifest).as_deref(), Some("signed"));
        let annotations = &artifact.manifest.annotations;
        assert_eq!(annotations["org.opencontainers.image.version"], "1.2.3");
        assert!(!annotations.contains_key("org.opencontainers.image.description"));
    }
}
