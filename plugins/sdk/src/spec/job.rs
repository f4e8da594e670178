//! A Job that shows whether the cluster runs Jobs.
use serde::{Deserialize, Serialize};

/// A Job that is created in the cluster and has to run to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrialJobSpec {
    /// image of its only container, which is run with the argument `-v`
    pub image: String,
}
