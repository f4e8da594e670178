//! Names that belong to a plugin. A plugin chooses its own name, so a similar name proves nothing:
//! a plugin named `aws` could claim `aws-auth`. Only plugins use names that begin with
//! [`NAMESPACE_PREFIX`].

/// The beginning of names that only plugins use.
const NAMESPACE_PREFIX: &str = "kubephase-plugin-";

/// Returns the rest of a name or pattern after the plugin's own name; `None` if it does not begin
/// with that.
fn after_own_name<'a>(name: &'a str, plugin: &str) -> Option<&'a str> {
    name.strip_prefix(NAMESPACE_PREFIX)?
        .strip_prefix(plugin)
        .filter(|_| !plugin.is_empty())
}

/// Returns the plugin's own name for namespaces, objects and users: `kubephase-plugin-NAME`.
pub fn own_name(plugin: &str) -> String {
    format!("{NAMESPACE_PREFIX}{plugin}")
}

/// Whether a name, or all names that match a pattern, are `kubephase-plugin-NAME` or begin with
/// that and a dash. If the name of one plugin begins with the name of another and a dash, some
/// names match for both; then the mark of an object says which plugin owns it
/// ([`crate::effect::objects::owner`]).
pub fn is_own(name: &str, plugin: &str) -> bool {
    after_own_name(name, plugin).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_plugins_own_only_with_the_prefix_of_plugins() {
        for name in [
            "kubephase-plugin-own",
            "kubephase-plugin-own-settings",
            "kubephase-plugin-own-*",
        ] {
            assert!(is_own(name, "own"), "{name}");
        }
        for name in [
            "own",
            "own-settings",
            "aws-auth",
            "kubephase-plugin-",
            "kubephase-plugin-owner",
            "kubephase-plugin-own*",
            "kubephase-plugin-*",
            "kubephase-plugin-other",
            "x-kubephase-plugin-own",
            "*",
            "",
        ] {
            assert!(!is_own(name, "own"), "{name}");
        }
        assert!(!is_own("kubephase-plugin--x", ""));
    }
}
