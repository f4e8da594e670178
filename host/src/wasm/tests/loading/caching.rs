//! Components that are compiled and read only once.
use super::*;

/// Loads, links and calls one component with the cache in `place`. Returns how often it was
/// compiled.
fn count_compiled(place: &std::path::Path, component: &[u8]) -> usize {
    let engine = Engine::with(Cache::open_at(place), Compiler::ThisProcess).unwrap();
    let plugin = engine.load(component.to_vec()).unwrap();
    assert_eq!(engine.compiled_count(), 0, "loading compiles nothing");
    let (session, _) = world::session(json!({}), Vec::new(), place, Access::BuiltIn);
    plugin
        .phase(session, Limits::default(), &Cancel::never())
        .unwrap()
        .run()
        .unwrap();
    engine.compiled_count()
}

fn compiled_entries(place: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(place)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "cwasm"))
        .collect::<Vec<_>>()
}

#[test]
fn a_component_is_compiled_once_and_again_when_its_entry_is_spoilt() {
    let (place, component) = (
        tempfile::tempdir().unwrap(),
        with_manifest(guest("", "", ""), &manifest(&[])),
    );
    assert_eq!(count_compiled(place.path(), &component), 1);
    assert_eq!(count_compiled(place.path(), &component), 0);
    let [entry] = compiled_entries(place.path()).try_into().unwrap();
    assert!(entry.to_string_lossy().contains(env!("WASMTIME_VERSION")));
    let whole = fs::read(&entry).unwrap();
    let flipped = [&whole[..whole.len() - 1], &[whole[whole.len() - 1] ^ 1]].concat();
    for spoilt in [&flipped, &whole[..100], b"".as_slice()] {
        fs::write(&entry, spoilt).unwrap();
        assert_eq!(count_compiled(place.path(), &component), 1);
        assert_eq!(count_compiled(place.path(), &component), 0);
    }
    assert_eq!(compiled_entries(place.path()).len(), 1);
}

#[test]
fn a_file_is_read_once_and_never_taken_for_what_is_embedded() {
    let engine = Engine::with(
        Cache::open_at(Path::new("/dev/null")),
        Compiler::ThisProcess,
    )
    .unwrap();
    let default = embedded::defaults().next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = ComponentSource::File(folder.path().join(default.name));
    let ComponentSource::File(path) = &place else {
        panic!("a file")
    };
    let message = format!(
        "{:#}",
        engine.load_once(place.clone()).map(drop).unwrap_err()
    );
    assert!(
        message.starts_with(&format!("cannot read {}", path.display())),
        "{message}"
    );
    fs::write(path, with_manifest(guest("", "", ""), &manifest(&[]))).unwrap();
    let digest = engine
        .load_once(place.clone())
        .expect("what failed is tried again")
        .digest()
        .to_owned();
    let place = ComponentSource::File(folder.path().join("other"));
    fs::rename(path, folder.path().join("other")).unwrap();
    let digests = [(); 2].map(|()| {
        let digest = engine.load_once(place.clone()).unwrap().digest().to_owned();
        let _ = fs::remove_file(folder.path().join("other"));
        digest
    });
    assert_eq!(digests, [digest.clone(), digest.clone()]);
    assert_ne!(
        engine
            .load_once(ComponentSource::Embedded(default.name))
            .unwrap()
            .digest(),
        digest
    );
}

/// A component that the cache knows is not read into memory until it is compiled. Its bytes are
/// then compared with the digest that the cache has.
#[test]
fn a_known_file_that_is_changed_is_not_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cache) = (
        folder.path().join("check.wasm"),
        folder.path().join("cache"),
    );
    fs::write(&path, with_manifest(guest("", "", ""), &manifest(&[]))).unwrap();
    let known = || {
        Engine::with(Cache::open_at(&cache), Compiler::ThisProcess)
            .unwrap()
            .load_once(ComponentSource::File(path.clone()))
            .unwrap()
    };
    let digest = known().digest().to_owned();
    let (kept, changed) = (known(), known());
    assert_eq!(
        (kept.digest(), changed.digest()),
        (digest.as_str(), digest.as_str())
    );
    kept.prepare().unwrap();
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&path, "something else").unwrap();
    let message = format!("{:#}", changed.prepare().unwrap_err());
    assert!(
        message.contains("check.wasm was changed after it was read"),
        "{message}"
    );
}

fn refused_file(path: &Path) -> String {
    format!(
        "{:#}",
        engine()
            .load_once(ComponentSource::File(path.to_owned()))
            .map(drop)
            .unwrap_err()
    )
}

#[test]
fn files_that_are_not_regular_or_too_large_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    for path in [fifo.as_path(), Path::new("/dev/zero"), folder.path()] {
        assert!(
            refused_file(path).contains("it is not a regular file"),
            "{}",
            refused_file(path)
        );
    }
    let sparse = folder.path().join("sparse");
    fs::File::create(&sparse).unwrap().set_len(4 << 30).unwrap();
    assert!(
        refused_file(&sparse).contains("it is longer than 64 MiB"),
        "{}",
        refused_file(&sparse)
    );
}

#[test]
fn a_copy_of_an_embedded_plugin_is_that_plugin_however_often_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let default = embedded::defaults()
        .find(|default| {
            !engine()
                .load(default.bytes)
                .unwrap()
                .manifest()
                .grants
                .is_empty()
        })
        .unwrap();
    let path = folder.path().join("copy.wasm");
    fs::write(&path, default.bytes).unwrap();
    for _ in 0..2 {
        let plugin = Engine::with(
            Cache::open_at(&folder.path().join("cache")),
            Compiler::ThisProcess,
        )
        .unwrap()
        .load_once(ComponentSource::File(path.clone()))
        .unwrap();
        let asked = &plugin.manifest().grants[0].capability;
        assert!(plugin.grant().has(asked), "{asked}");
    }
}

#[test]
fn without_a_cache_everything_works_with_a_warning() {
    let engine = Engine::with(
        Cache::open_at(Path::new("/dev/null")),
        Compiler::ThisProcess,
    )
    .unwrap();
    assert!(engine.warning().unwrap().starts_with("/dev/null: "));
    assert!(
        engine
            .load(with_manifest(guest("", "", ""), &manifest(&[])))
            .is_ok()
    );
}
