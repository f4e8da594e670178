//! Kernel modules, and the security modules among them.
use super::tree::Tree;
use kubephase_sdk::facts::SecurityModules;
use std::collections::BTreeMap;

/// Returns the state of each kernel module, by name; `None` if no list of modules can be read.
pub fn kernel_modules(tree: &Tree, release: &str) -> Option<BTreeMap<String, String>> {
    let folder = ["/lib/modules", "/usr/lib/modules"]
        .map(|folder| format!("{folder}/{release}"))
        .into_iter()
        .find(|folder| tree.exists(folder));
    let list = |name: &str| tree.read(&format!("{}/{name}", folder.as_ref()?));
    let loadable = list("modules.dep");
    let built_in = list("modules.builtin");
    let loaded = tree.read("/proc/modules");
    if loadable.is_none() && built_in.is_none() && loaded.is_none() {
        return None;
    }
    let mut modules = BTreeMap::new();
    let mut add = |name: Option<String>, state: &str| {
        if let Some(name) = name {
            modules.insert(name, state.to_owned());
        }
    };
    for line in loadable.unwrap_or_default().lines() {
        add(
            line.split_once(':').and_then(|(path, _)| module_name(path)),
            "loadable",
        );
    }
    for line in built_in.unwrap_or_default().lines() {
        add(module_name(line), "builtIn");
    }
    for line in loaded.unwrap_or_default().lines() {
        add(line.split(' ').next().map(str::to_owned), "loaded");
    }
    Some(modules)
}

/// Returns the name of a module by its file: `kernel/net/bridge/br_netfilter.ko.xz`.
fn module_name(path: &str) -> Option<String> {
    let file = path.trim().rsplit('/').next()?;
    let (name, _) = file.split_once(".ko")?;
    Some(name.replace('-', "_"))
}

/// Returns the active security modules.
pub fn security_modules(tree: &Tree) -> SecurityModules {
    let active = tree.line("/sys/kernel/security/lsm");
    let active = active.map(|list| list.split(',').map(str::to_owned).collect());
    let selinux = match tree.line("/sys/fs/selinux/enforce").as_deref() {
        Some("1") => "enforcing",
        Some(_) => "permissive",
        None => "disabled",
    };
    SecurityModules {
        active,
        selinux: selinux.into(),
        apparmor: tree
            .line("/sys/module/apparmor/parameters/enabled")
            .as_deref()
            == Some("Y"),
        seccomp: tree.exists("/proc/sys/kernel/seccomp/actions_avail"),
    }
}
