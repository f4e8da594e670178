//! The kinds of flags, as the rewriting of arguments tells them apart.
use clap::{Arg, ArgAction};
use std::{any::TypeId, path::PathBuf};

pub(super) fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Whether a flag is a switch whose `--name=false` overrides the configuration.
pub(super) fn may_be_false(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    !is_switch(arg) && names.len() == 1 && names[0].as_str() == "BOOL"
}

/// Whether a flag takes a path. clap would refuse an empty path.
pub(super) fn is_path(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<PathBuf>()
}

/// Whether a flag takes a list: comma-separated values, several times.
pub(super) fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append) && !arg.is_positional()
}

/// Whether the values of a list are pairs. Only commas separate them, and they have no quotes
/// (kubeadm behaviour).
pub(super) fn is_map(arg: &Arg) -> bool {
    is_list(arg) && arg.get_value_delimiter().is_some()
}

/// Whether a text is `key=value`.
pub(super) fn is_pair(text: &str) -> bool {
    text.split('=').count() == 2
}

pub(super) fn wants_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
        && arg
            .get_num_args()
            .is_none_or(|range| range.min_values() > 0)
}
