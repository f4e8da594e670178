//! Layouts that do not hold what they say.
use super::*;
use crate::oci::writer::{LayoutWriter, write_folder_as_tar};
use std::{
    fs::{self, File},
    io,
};

const CONTENT: &[u8] = b"the content of a layer";

/// Writes a layout with one artifact. Returns its layer.
fn write_layout(folder: &Path) -> Descriptor {
    let mut writer = LayoutWriter::begin(folder).unwrap();
    let config = writer.add("application/x-config", b"{}").unwrap();
    let layer = writer.add("application/x-layer", CONTENT).unwrap();
    let manifest = serde_json::to_vec(&ArtifactManifest::new(config, vec![layer.clone()])).unwrap();
    let named = writer.add("x", &manifest).unwrap();
    writer.name(named);
    writer.finish().unwrap();
    layer
}

fn blob(folder: &Path, descriptor: &Descriptor) -> PathBuf {
    folder.join(BLOBS).join(descriptor.sha256().unwrap())
}

#[test]
fn a_folder_and_its_tar_file_have_the_same_content() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("layout");
    let layer = write_layout(&place);
    let tar = folder.path().join("layout.tar");
    write_folder_as_tar(&place, &mut File::create(&tar).unwrap()).unwrap();
    for path in [&place, &tar] {
        let layout = OciLayout::open(path).unwrap();
        assert_eq!(layout.read(&layer, 100).unwrap(), CONTENT);
        let platform = Platform::of_machine();
        let content = layout.image_content(&layout.index.manifests[0], &platform);
        assert_eq!(content.unwrap().len(), 3);
        let why = layout.read(&layer, 5).unwrap_err().to_string();
        assert!(why.contains("longer than 5 bytes"), "{why}");
    }
}

#[test]
fn damaged_content_is_refused_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write_layout(folder.path());
    fs::write(blob(folder.path(), &layer), vec![b'x'; CONTENT.len()]).unwrap();
    let layout = OciLayout::open(folder.path()).unwrap();
    let why = layout.read(&layer, 100).unwrap_err().to_string();
    assert!(why.contains("is damaged"), "{why}");
    fs::write(blob(folder.path(), &layer), b"short").unwrap();
    let why = layout.read(&layer, 100).unwrap_err().to_string();
    assert!(why.contains("has 5 bytes"), "{why}");
    fs::remove_file(blob(folder.path(), &layer)).unwrap();
    let image = &layout.index.manifests[0];
    let why = layout.image_content(image, &Platform::of_machine());
    assert!(why.unwrap_err().to_string().contains("is missing"));
}

#[test]
fn a_digest_that_is_a_path_names_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let layer = write_layout(folder.path());
    let layout = OciLayout::open(folder.path()).unwrap();
    for digest in ["sha256:../../index.json", "sha256:", "../x", "md5:00"] {
        let wrong = Descriptor {
            digest: digest.to_owned(),
            ..layer.clone()
        };
        assert!(!layout.has(&wrong));
        assert!(layout.read(&wrong, 100).is_err());
    }
}

/// Writes a tar file of entries: name, kind, content.
fn tar_of(path: &Path, entries: &[(&str, tar::EntryType, &[u8])]) {
    let mut file = File::create(path).unwrap();
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        io::Write::write_all(&mut file, header.as_bytes()).unwrap();
        let mut padded = content.to_vec();
        padded.resize(content.len().next_multiple_of(512), 0);
        io::Write::write_all(&mut file, &padded).unwrap();
    }
    io::Write::write_all(&mut file, &[0; 1024]).unwrap();
}

#[test]
fn a_tar_file_gives_only_the_regular_files_of_a_layout() {
    use tar::EntryType::{Regular, Symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    let open = |entries: &[(&str, tar::EntryType, &[u8])]| {
        tar_of(&path, entries);
        OciLayout::open(&path)
            .map(drop)
            .map_err(|why| format!("{why:#}"))
    };
    let marker = MARKER_TEXT.as_bytes();
    let index: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;
    let others = [
        ("../../etc/passwd", Regular, marker),
        ("./oci-layout", Regular, marker),
    ];
    let whole = [others[0], others[1], ("index.json", Regular, index)];
    assert_eq!(open(&whole), Ok(()));
    let twice = [whole[1], whole[1], whole[2]];
    assert!(open(&twice).unwrap_err().contains("twice"));
    let link = [whole[1], ("index.json", Symlink, b"")];
    assert!(open(&link).unwrap_err().contains("has no index.json"));
    fs::write(&path, b"not a tar file").unwrap();
    assert!(OciLayout::open(&path).is_err());
}

#[test]
fn an_entry_that_is_longer_than_the_tar_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    tar_of(
        &path,
        &[(
            "oci-layout",
            tar::EntryType::Regular,
            MARKER_TEXT.as_bytes(),
        )],
    );
    let mut bytes = fs::read(&path).unwrap();
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..10].copy_from_slice(b"index.json");
    header.set_size(u64::MAX / 4);
    header.set_cksum();
    bytes.truncate(1024);
    bytes.extend(header.as_bytes());
    fs::write(&path, bytes).unwrap();
    let why = format!("{:#}", OciLayout::open(&path).map(drop).unwrap_err());
    assert!(why.contains("ends within index.json"), "{why}");
}
