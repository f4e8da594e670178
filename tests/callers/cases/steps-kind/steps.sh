# A node image of kind: the cluster is made, the node gets another address, and its entrypoint mends the
# files of the node before the kubelet starts again.
set -euo pipefail
mkdir /run/kind
cp config.yaml /run/kind/kubeadm.conf
KUBECONFIG=/etc/kubernetes/admin.conf kubeadm init --config=/run/kind/kubeadm.conf --skip-token-print --v=6 \
  --dry-run --ignore-preflight-errors=all >init.log

# The files of a node that runs.
kubeadm init phase certs all --config /run/kind/kubeadm.conf
kubeadm init phase kubeconfig all --config /run/kind/kubeadm.conf
kubeadm init phase etcd local --config /run/kind/kubeadm.conf
kubeadm init phase control-plane all --config /run/kind/kubeadm.conf
authority=$(sha256sum /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/sa.key)
before=$(sha256sum /etc/kubernetes/pki/apiserver.crt)

# The container starts again with another address.
old=192.0.2.2 new=192.0.2.3
sed -i "s/$old/$new/g" /run/kind/kubeadm.conf /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml
rm -f /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/pki/apiserver.key
kubeadm init phase certs apiserver --config /run/kind/kubeadm.conf
[ "$(sha256sum /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/sa.key)" = "$authority" ]
[ "$(sha256sum /etc/kubernetes/pki/apiserver.crt)" != "$before" ]
openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -ext subjectAltName | grep -q "IP Address:$new"
openssl verify -CAfile /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/apiserver.crt

# A second run of the phases leaves everything as it is.
all() { find /etc/kubernetes -type f -exec sha256sum {} + | sort; }
after=$(all)
kubeadm init phase certs all --config /run/kind/kubeadm.conf
kubeadm init phase control-plane all --config /run/kind/kubeadm.conf
[ "$(all)" = "$after" ]
