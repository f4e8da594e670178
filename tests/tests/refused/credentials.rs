//! Tokens and pins that are not valid.
use crate::inviting_cluster::InvitingCluster;

#[test]
fn invalid_credentials_are_refused_with_the_reason_and_a_remedy() {
    let cluster = InvitingCluster::start();
    let InvitingCluster { token, pin, .. } = &cluster;
    let id = token.split('.').next().unwrap();
    let another = format!("{id}.ffffffffffffffff");
    let unpinned = format!("sha256:{}", "0".repeat(64));
    let expired = cluster.create_expired_token();
    let new_token = "`kubephase token create --print-join-command` makes a new";
    for (case, output, reason, remedy) in [
        (
            "a wrong pin",
            cluster.join(token, &unpinned, token),
            "none of the public keys",
            "compare the pinned hash with the one",
        ),
        (
            "an unknown token",
            cluster.join("aaaaaa.0123456789abcdef", pin, token),
            "could not find a JWS signature in the cluster-info ConfigMap for token ID \"aaaaaa\"",
            new_token,
        ),
        (
            "an expired token",
            cluster.join(expired, pin, expired),
            "could not find a JWS signature",
            new_token,
        ),
        (
            "the secret of another token",
            cluster.join(&another, pin, token),
            "failed to verify JWS signature",
            "compare the token",
        ),
        (
            "a token that has expired since",
            cluster.join(token, pin, expired),
            "unable to fetch the kubeadm-config ConfigMap: failed to get config map: Unauthorized",
            new_token,
        ),
    ] {
        assert_eq!(output.status, 1, "{case}: {}", output.stdout);
        assert!(
            output.stderr.contains(reason) && output.stderr.contains(remedy),
            "{case}: {}",
            output.stderr
        );
        assert!(
            !output.stderr.contains("0123456789abcdef")
                && !output.stderr.contains("ffffffffffffffff"),
            "{case}: a secret is printed"
        );
    }
}
