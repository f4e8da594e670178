//! Checks of the validity periods of certificates.
use crate::config::Problem;
use kubephase_sdk::kubeadm::{ClusterConfiguration, Duration};

/// Returns a warning for each validity period that is longer than recommended.
pub fn check_periods(cluster: &ClusterConfiguration) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let (leaf, authority) = (
        cluster.certificate_validity_period.unwrap_or_default(),
        cluster.ca_certificate_validity_period.unwrap_or_default(),
    );
    let recommended = [
        (
            "certificateValidityPeriod",
            leaf,
            Duration::from_secs(8760 * 3600),
        ),
        (
            "caCertificateValidityPeriod",
            authority,
            Duration::from_secs(87600 * 3600),
        ),
    ];
    for (path, value, limit) in recommended
        .into_iter()
        .filter(|(_, value, limit)| value > limit)
    {
        warnings.push(Problem::new(
            path,
            format!(
                "WARNING: {path}: the value {value} is more than the recommended default for \
                certificate expiration: {limit}"
            ),
        ));
    }
    if leaf > authority {
        let path = "certificateValidityPeriod";
        warnings.push(Problem::new(
            path,
            format!(
                "WARNING: {path}: the value {leaf} is more than the \
                caCertificateValidityPeriod: {authority}"
            ),
        ));
    }
    warnings
}
