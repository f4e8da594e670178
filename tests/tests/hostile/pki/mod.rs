//! Certificates, keys and kubeconfigs: their facts show no key, and the host makes nothing for a
//! plugin that gives it rights which the operator did not allow.

mod certificates;
mod chains;
mod facts;
mod kubeconfigs;
mod serving_certificates;
