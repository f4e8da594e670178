"""A throw-away machine with a cluster, in which calls of kubeadm are tried.

It has mount, network and process namespaces of its own. A rehearsal serves the cluster; it answers at
192.0.2.10 and at the other addresses and ports that the cases name. Each call has its own overlays
over /etc and /var/lib, in a second network namespace that stands for the machine of the call.
"""
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

TOKEN = "abcdef.0123456789abcdef"
KEY = "3998c58db6497dd17d909394e62d515368c06ec617710d02edea31c06d741085"
# The addresses of the cluster, and the one of a load balancer elsewhere.
CLUSTER_ADDRESSES = ["192.0.2.10", "192.168.0.101", "192.168.66.101", "1.1.1.1"]
# The addresses of the machine on which the calls were recorded.
CALLER_ADDRESSES = ["192.0.2.2", "fd00::2"]
PORTS = [6443, 8443, 8383, 443]
SERVED = 16443
# Names of control planes in the cases; all lead to the cluster.
NAMES = """kind-control-plane control-plane.minikube.internal lb-apiserver.kubernetes.local
    apiserver.cluster.local control-plane.example.dev lb.kubesphere.local
    kind-external-load-balancer clusterlb.k8s.ubicloud.com cp""".split()
# Folders in which callers keep the certificates.
CERTIFICATES = [
    "/etc/kubernetes/pki",
    "/var/lib/minikube/certs",
    "/etc/kubernetes/ssl",
    "/etc/etcd/pki",
    "/var/lib/kubeadm/pki",
]
SHARED = [f"{name}.{end}" for name in ("ca", "front-proxy-ca", "etcd/ca") for end in ("crt", "key")]
SHARED += ["sa.key", "sa.pub"]

CLUSTER = f"""apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{{token: {TOKEN}}}]
localAPIEndpoint: {{advertiseAddress: 192.0.2.10}}
nodeRegistration: {{name: cp}}
certificateKey: {KEY}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: VERSION
controlPlaneEndpoint: 192.0.2.10:6443
apiServer: {{certSANs: [{", ".join([*NAMES, *CLUSTER_ADDRESSES, "192.0.2.2", "192.0.2.3"])}, 'fd00::2']}}
"""
NODE = """hostname: cp
addresses: [192.0.2.10]
defaultRouteInterfaceAddress: 192.0.2.10
cpus: 2
memoryMib: 4096
kernelRelease: 6.12.0
caDirectories: [/etc/ca-certificates, /usr/share/ca-certificates]
"""
CALLER_NETWORK = """ip link set lo up
ip addr add 192.0.2.2/24 dev eth0
ip addr add 192.0.2.3/32 dev eth0
ip -6 addr add fd00::2/64 dev eth0 nodad
ip link set eth0 up
ip route add default via 192.0.2.10
sysctl -qw net.ipv4.ip_forward=1"""


@dataclasses.dataclass
class Answer:
    rc: int
    out: str
    err: str
    # paths of the files that the machine has after the call
    files: list


def shell(script, **options):
    return subprocess.run(["bash", "-ec", script], check=True, text=True, **options)


def forward(address, port, target, host="127.0.0.1"):
    """Passes connections to an address on to another, for ever."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)

    def pass_on(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept():
        while True:
            client = listener.accept()[0]
            try:
                server = socket.create_connection((host, target))
            except OSError:
                client.close()
                continue
            for ends in ((client, server), (server, client)):
                threading.Thread(target=pass_on, args=ends, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


class Machine:
    def __init__(self, program, tried, folder, seconds):
        """`program` serves the cluster; `tried` is called under the name kubeadm."""
        self.folder, self.seconds = pathlib.Path(folder), seconds
        self.own_cluster = None
        shell(f"mount -t tmpfs none {folder}")
        for name in ("bin", "link"):
            (self.folder / name).mkdir()
        (self.folder / "link/kubeadm").symlink_to(tried)
        command = self.folder / "bin/kubeadm"
        command.write_text(f'#!/bin/bash\nexec -a kubeadm {folder}/link/kubeadm "$@" $EXTRA\n')
        command.chmod(0o755)
        self.caller = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        time.sleep(0.3)
        self._connect()
        self._serve(program)
        shell(
            f"kubectl --kubeconfig {self.root}/var/lib/kubephase/serve/admin.conf create "
            "--validate=false -f - >/dev/null",
            input="apiVersion: v1\nkind: Node\n"
            "metadata: {name: vm, labels: {kubernetes.io/hostname: vm}}\n",
        )
        for address in CLUSTER_ADDRESSES:
            for port in PORTS:
                forward(address, port, SERVED)
        self.hash = shell(
            f"openssl x509 -pubkey -noout -in {self.root}/etc/kubernetes/pki/ca.crt "
            "| openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1",
            capture_output=True,
        ).stdout.strip()

    @property
    def root(self):
        return self.folder / "root"

    def _connect(self):
        caller = f"nsenter -t {self.caller.pid} -n sh -ec '{CALLER_NETWORK}'"
        addresses = "\n".join(
            f"ip addr add {address}/{24 if address.startswith('192') else 32} dev s0"
            for address in CLUSTER_ADDRESSES
        )
        shell(
            f"ip link set lo up; ip link add s0 type veth peer name eth0\n"
            f"ip link set eth0 netns {self.caller.pid}\n{addresses}\nip link set s0 up\n{caller}"
        )

    def _serve(self, program):
        version = shell(f"exec -a kubeadm {program} version -o short", capture_output=True)
        config, node = self.folder / "cluster.yaml", self.folder / "node.yaml"
        config.write_text(CLUSTER.replace("VERSION", version.stdout.strip()))
        node.write_text(NODE)
        log = self.folder / "serve.log"
        rehearse = [program, "rehearse", "--config", config, "--root", self.root]
        rehearse += ["--node", node, "--upload-certs", f"--serve={SERVED}"]
        with log.open("w") as file:
            self.server = subprocess.Popen(rehearse, stdout=file, stderr=file)
        for _ in range(600):
            if "kubectl --kubeconfig" in log.read_text():
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError(f"the rehearsal does not serve: {log.read_text()[-900:]}")

    def end(self):
        self.server.send_signal(signal.SIGINT)
        self.caller.kill()
        if self.own_cluster:
            self.own_cluster.kill()

    def _run_own_cluster(self, is_wanted):
        """Whether the cluster also answers at the addresses of the caller's machine."""
        if is_wanted and not self.own_cluster:
            runner = pathlib.Path(__file__).with_name("run.py")
            inside = ["nsenter", "-t", str(self.caller.pid), "-n", "python3", runner, "--forward"]
            self.own_cluster = subprocess.Popen(inside)
            time.sleep(0.5)
        elif not is_wanted and self.own_cluster:
            self.own_cluster.kill()
            self.own_cluster.wait()
            self.own_cluster = None

    def _begin_with(self, case, variant):
        """Shell lines that make what the recorded machine had before the call."""
        command, config = case.command, case.read("config.yaml")
        mine = f"{self.root}/etc/kubernetes"
        folders = [path for path in CERTIFICATES[1:] if path in config + command]
        folders = [CERTIFICATES[0], *folders]
        lines = ["mkdir -p /etc/kubernetes"]

        def certificates(files):
            for folder in folders:
                lines.append(f"mkdir -p {folder}/etcd")
                lines.extend(f"cp -a {mine}/pki/{file} {folder}/{file}" for file in files)

        def every_certificate():
            pki = pathlib.Path(mine, "pki")
            certificates([path.relative_to(pki) for path in pki.rglob("*") if path.is_file()])

        def everything():
            every_certificate()
            lines.append(f"cp -a {mine}/*.conf {mine}/manifests /etc/kubernetes/")

        real = case.output(variant)
        if variant.kind == "live":
            named = "certificateKey" in case.read("config.live.yaml") + command
            if not named and "--certificate-key" not in command:
                certificates(SHARED)
        elif case.mode == "api":
            everything()
        elif case.mode == "files":
            made = re.findall(r'Generating "([^"]+)"', real)
            if "generate-csr" in command:
                pass
            elif "phase certs" in command:
                if not {"ca", "etcd/ca", "front-proxy-ca"} & set(made):
                    certificates(SHARED)
            elif "kubeconfig kubelet" in command and "Writing" in real:
                certificates(SHARED)
            elif re.search("control-plane|etcd local|kubelet-start", command):
                every_certificate()
            else:
                everything()
            if re.search("kubeconfig kubelet|kubelet-finalize", command) and "Writing" in real:
                lines.append("rm -f /etc/kubernetes/kubelet.conf")
        lines.extend(self._patches(config, case))
        return "\n".join(lines)

    @staticmethod
    def _patches(config, case):
        """The directory of patches that the recorded machine had."""
        directory = re.search(r'patches:\s+directory:\s*"?([^"\s]+)', config)
        if not directory:
            return
        yield f"mkdir -p {directory[1]}"
        recorded = case.read("real.asis.stdout") + case.read("real.ign.stdout")
        found = re.search(r"patch files: \[([^\]]*)", recorded)
        for name in found[1].split() if found else []:
            yield f"echo 'metadata: {{annotations: {{a: b}}}}' > {directory[1]}/{name}"

    def _own(self, text):
        """Puts the token and the authority of this cluster in the place of the recorded ones."""
        text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + self.hash, text)
        return text.replace("abcdef.abcdef0123456789", TOKEN)

    def call(self, case, variant):
        """Calls kubeadm as the case says."""
        self._run_own_cluster(case.mode == "api")
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        for path in case.inputs():
            (work / path.name).write_text(self._own(path.read_text(errors="replace")))
        other = work / f"config.{variant.kind}.yaml"
        if other.exists():
            shutil.copy(other, work / "config.yaml")
        command, extra = case.command, []
        if variant.ignores_checks:
            command = re.sub(r"\s--ignore-preflight-errors[= ](\"[^\"]*\"|\S*)", "", command)
            extra.append("--ignore-preflight-errors=all")
        if case.mode == "dry" and "--dry-run" not in command:
            extra.append("--dry-run")
        if "--rootfs" in command:
            # The root becomes the working directory.
            command = command.replace("config.yaml", f"{work}/config.yaml")
        files = {name: self.folder / f"call.{name}" for name in ("rc", "out", "err", "files")}
        for path in files.values():
            path.write_text("")
        script = SCRIPT.format(
            work=work,
            folder=self.folder,
            names=" ".join(NAMES),
            begin=self._begin_with(case, variant),
            extra=" ".join(extra),
            seconds=self.seconds,
            **{name: str(path) for name, path in files.items()},
        )
        inside = ["nsenter", "-t", str(self.caller.pid), "-n", "unshare", "-m", "-u", "-p", "-f"]
        inside += ["--mount-proc", "--propagation", "private", "bash", "-c", script]
        environment = {**os.environ, "CASE": self._own(command)}
        ended = subprocess.run(inside, env=environment, capture_output=True, text=True)
        read = {name: path.read_text(errors="replace") for name, path in files.items()}
        if not read["rc"].strip():
            raise RuntimeError(f"the call could not be prepared: {ended.stderr[-500:]}")
        return Answer(int(read["rc"]), read["out"], read["err"], read["files"].split())


SCRIPT = """set -e
mkdir -p {work}.o; mount -t tmpfs none {work}.o; mkdir {work}.o/eu {work}.o/ew {work}.o/vu {work}.o/vw
mount -t overlay overlay -o lowerdir=/etc,upperdir={work}.o/eu,workdir={work}.o/ew /etc
mount -t overlay overlay -o lowerdir=/var/lib,upperdir={work}.o/vu,workdir={work}.o/vw /var/lib
mount -t tmpfs none /run; mkdir -p /run/lock; mount -t tmpfs none /opt
rm -rf /etc/kubernetes /etc/kubephase /var/lib/kubelet /var/lib/etcd /var/lib/kubephase
mkdir -p {work}/home
printf '127.0.0.1 localhost vm\\n192.0.2.10 {names}\\n' > /etc/hosts
echo 'nameserver 127.0.0.1' > /etc/resolv.conf; hostname vm
{begin}
set +e; cd {work}; unset KUBECONFIG
export HOME={work}/home EXTRA="{extra}" LANG=C.UTF-8 PATH={folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin
timeout -k 3 {seconds} sh -c "$CASE" </dev/null >{out} 2>{err}; echo $? >{rc}
cd /; find /etc/kubernetes /etc/etcd /var/lib/kubelet /var/lib/etcd /var/lib/minikube /var/lib/kubeadm \\
  -type f 2>/dev/null >{files}
"""
