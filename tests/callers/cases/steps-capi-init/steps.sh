# Cluster API's cloud-init for the first control plane: the keys of the cluster are there already, certificates with
# mode 0640 and keys with mode 0600.
set -euo pipefail
pki=/etc/kubernetes/pki
kubeadm init phase certs ca --config config.yaml
kubeadm init phase certs front-proxy-ca --config config.yaml
kubeadm init phase certs etcd-ca --config config.yaml
kubeadm init phase certs sa
chmod 0640 $pki/ca.crt $pki/front-proxy-ca.crt $pki/etcd/ca.crt $pki/sa.pub
chmod 0600 $pki/ca.key $pki/front-proxy-ca.key $pki/etcd/ca.key $pki/sa.key
state() { find $pki -type f -name '*ca.*' -o -type f -name 'sa.*' | sort | xargs stat -c '%n %a %U' && cat $pki/ca.* $pki/etcd/ca.* $pki/sa.* | sha256sum; }
before=$(state)

install -m 0640 -D config.yaml /run/kubeadm/kubeadm.yaml
mkdir -p /run/cluster-api
kubeadm init --config /run/kubeadm/kubeadm.yaml --dry-run --ignore-preflight-errors=all &&
  echo success >/run/cluster-api/bootstrap-success.complete
[ "$(cat /run/cluster-api/bootstrap-success.complete)" = success ]
# The same keys sign in a run that writes.
kubeadm init phase certs all --config /run/kubeadm/kubeadm.yaml
openssl verify -CAfile $pki/ca.crt $pki/apiserver.crt $pki/apiserver-kubelet-client.crt
openssl verify -CAfile $pki/etcd/ca.crt $pki/etcd/server.crt $pki/apiserver-etcd-client.crt
[ "$(state)" = "$before" ]
