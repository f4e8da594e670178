//! What is a plugin's own by its name. A plugin chooses its name, so that something is called like
//! the plugin proves nothing: a plugin named `aws` could claim `aws-auth`. Only names that begin
//! with [`PREFIX`] are used by nobody but plugins.

/// Nobody but plugins has names that begin like this.
const PREFIX: &str = "kubephase-plugin-";

/// Returns what follows the plugin's own name in a name or pattern; none if the name is another's.
fn after_own_name<'a>(name: &'a str, plugin: &str) -> Option<&'a str> {
    name.strip_prefix(PREFIX)?
        .strip_prefix(plugin)
        .filter(|_| !plugin.is_empty())
}

/// The name of which no other plugin has a longer or shorter form: `kubephase-plugin-NAME`.
pub fn own_name(plugin: &str) -> String {
    format!("{PREFIX}{plugin}")
}

/// Whether a name, or all names that fit a pattern, are `kubephase-plugin-NAME` or begin with that
/// and a dash. Where the name of one plugin begins with the name of another and a dash, both have
/// such names in common: whose an object is, its mark says ([`crate::effect::objects::owner`]).
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
