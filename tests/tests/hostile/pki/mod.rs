//! Certificates, keys and kubeconfigs: the facts about them show no key, and the host makes none
//! for a plugin that would give the plugin rights beyond those that the operator allowed.

mod certificates;
mod chains;
mod facts;
mod kubeconfigs;
mod serving_certificates;
