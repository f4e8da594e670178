# Cluster API's cloud-init for a further control plane: the shared keys are there (certificates 0640, keys 0600), and
# the configuration has no certificate key.
set -euo pipefail
pki=/etc/kubernetes/pki
shared=$(cd $pki && ls ca.crt ca.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key sa.key sa.pub)
(cd $pki && chmod 0640 *.crt etcd/*.crt sa.pub && chmod 0600 *.key etcd/*.key)
state() { (cd $pki && stat -c '%n %a %U' $shared && sha256sum $shared); }
before=$(state)
install -m 0640 -D config.yaml /run/kubeadm/kubeadm-join-config.yaml
mkdir -p /run/cluster-api
kubeadm join --config /run/kubeadm/kubeadm-join-config.yaml --v 5 --ignore-preflight-errors=all &&
  echo success >/run/cluster-api/bootstrap-success.complete
[ "$(cat /run/cluster-api/bootstrap-success.complete)" = success ]
[ "$(state)" = "$before" ]
