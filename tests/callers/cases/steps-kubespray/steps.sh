# The steps of kubespray's play, in their order, as far as a machine without a kubelet can take them.
set -euo pipefail
kubeadm config validate --config config.yaml
kubeadm config images list --config config.yaml | grep -q kube-apiserver
kubeadm version -o short
mv /etc/kubernetes /etc/cluster # the machine is new
timeout -k 300s 300s kubeadm init --config=config.yaml --ignore-preflight-errors=all --skip-phases=addon/coredns \
  --upload-certs --dry-run >init.log
grep -q -- '--certificate-key' init.log
rm -rf /etc/kubernetes
mv /etc/cluster /etc/kubernetes # the machine has its cluster

# The API server's certificate is made anew if its names changed.
old=$(sha256sum /etc/kubernetes/pki/apiserver.crt)
mv /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/pki/apiserver.crt.old
mv /etc/kubernetes/pki/apiserver.key /etc/kubernetes/pki/apiserver.key.old
kubeadm init phase certs apiserver --config=config.yaml
[ "$(sha256sum /etc/kubernetes/pki/apiserver.crt)" != "$old" ]

# The key and the token for the other machines.
key=$(kubeadm init phase upload-certs --upload-certs --config config.yaml | tail -n 1)
[[ $key =~ ^[0-9a-f]{64}$ ]]
admin=/etc/kubernetes/admin.conf
kubeadm --kubeconfig $admin token delete play00.0123456789abcdef || :
kubeadm --kubeconfig $admin token create play00.0123456789abcdef
token=$(kubeadm token create)
[[ $token =~ ^[a-z0-9]{6}\.[a-z0-9]{16}$ ]]

# The other machines.
rm -rf /etc/kubernetes
timeout -k 120s 120s kubeadm join --config join.yaml --ignore-preflight-errors=all --skip-phases= --dry-run
sed "s/KEY/$key/" join-control-plane.yaml >control-plane.yaml
kubeadm join --config control-plane.yaml --ignore-preflight-errors=all --dry-run
kubeadm reset -f --cert-dir /etc/kubernetes/ssl --dry-run
