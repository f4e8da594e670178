//! The fields that a Pod may have without access to the host. A Pod with only these fields reaches
//! no files, devices, processes, ports or interfaces of the host and no Secret, and has no priority
//! of the system.
use super::{
    Shape::{self, Any, Each, Fields, Keys, Off, OneOf, Pod, Priority},
    metadata::METADATA,
};

/// The template of the Pods that a workload makes.
pub(super) const TEMPLATE: Shape = Fields(&[("metadata", METADATA), ("spec", POD)]);

/// The `spec` of a Pod.
pub(super) const POD: Shape = Pod(&[
    ("activeDeadlineSeconds", Any),
    ("affinity", AFFINITY),
    ("automountServiceAccountToken", Any),
    ("containers", Each(&CONTAINER)),
    ("dnsConfig", Any),
    ("dnsPolicy", Any),
    ("enableServiceLinks", Any),
    ("hostAliases", Any),
    ("hostIPC", Off),
    ("hostNetwork", Off),
    ("hostPID", Off),
    ("hostUsers", Off),
    ("hostname", Any),
    ("initContainers", Each(&CONTAINER)),
    ("nodeSelector", Any),
    ("os", Any),
    ("preemptionPolicy", OneOf(&["Never"])),
    ("priorityClassName", Priority),
    ("readinessGates", Any),
    ("resources", RESOURCES),
    ("restartPolicy", Any),
    ("schedulerName", OneOf(&["default-scheduler"])),
    ("schedulingGates", Any),
    ("securityContext", POD_SECURITY),
    // `OwnerPlugin::judge_account` checks the account, because that depends on other fields too.
    ("serviceAccount", Any),
    ("serviceAccountName", Any),
    ("setHostnameAsFQDN", Any),
    ("shareProcessNamespace", Off),
    ("subdomain", Any),
    ("terminationGracePeriodSeconds", Any),
    ("tolerations", Any),
    ("topologySpreadConstraints", Any),
    ("volumes", Each(&VOLUME)),
]);

const CONTAINER: Shape = Fields(&[
    ("args", Any),
    ("command", Any),
    ("env", Each(&VARIABLE)),
    (
        "envFrom",
        Each(&Fields(&[("configMapRef", Any), ("prefix", Any)])),
    ),
    ("image", Any),
    ("imagePullPolicy", Any),
    (
        "lifecycle",
        Fields(&[
            ("postStart", PROBE),
            ("preStop", PROBE),
            ("stopSignal", Any),
        ]),
    ),
    ("livenessProbe", PROBE),
    ("name", Any),
    (
        "ports",
        Each(&Fields(&[
            ("containerPort", Any),
            ("name", Any),
            ("protocol", Any),
        ])),
    ),
    ("readinessProbe", PROBE),
    ("resizePolicy", Any),
    ("resources", RESOURCES),
    ("restartPolicy", Any),
    ("securityContext", SECURITY),
    ("startupProbe", PROBE),
    ("stdin", Any),
    ("stdinOnce", Any),
    ("terminationMessagePath", Any),
    ("terminationMessagePolicy", Any),
    ("tty", Any),
    ("volumeMounts", Each(&MOUNT)),
    ("workingDir", Any),
]);

const VARIABLE: Shape = Fields(&[
    ("name", Any),
    ("value", Any),
    (
        "valueFrom",
        Fields(&[
            ("configMapKeyRef", Any),
            ("fieldRef", Any),
            ("resourceFieldRef", Any),
        ]),
    ),
]);

/// A program that the kubelet runs in a container, or a request that the kubelet sends to the Pod.
/// The field `host` is left out: with it the kubelet would send the request to another server, from
/// the host's own network.
const PROBE: Shape = Fields(&[
    ("exec", Any),
    ("failureThreshold", Any),
    ("grpc", Fields(&[("port", Any), ("service", Any)])),
    (
        "httpGet",
        Fields(&[
            ("httpHeaders", Any),
            ("path", Any),
            ("port", Any),
            ("scheme", Any),
        ]),
    ),
    ("initialDelaySeconds", Any),
    ("periodSeconds", Any),
    ("sleep", Any),
    ("successThreshold", Any),
    ("tcpSocket", Fields(&[("port", Any)])),
    ("terminationGracePeriodSeconds", Any),
    ("timeoutSeconds", Any),
]);

/// Resources without devices and huge pages, which are scarce on a node.
const RESOURCES: Shape = Fields(&[("limits", AMOUNTS), ("requests", AMOUNTS)]);
const AMOUNTS: Shape = Keys(&["cpu", "memory", "ephemeral-storage"]);

/// Linux capabilities that containers have by default with both containerd and CRI-O.
const CAPABILITIES: Shape = OneOf(&[
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETGID",
    "SETPCAP",
    "SETUID",
]);
/// The runtime's own profile of seccomp or AppArmor.
const DEFAULT_PROFILE: Shape = Fields(&[("type", OneOf(&["RuntimeDefault"]))]);
/// The security context of a container.
const SECURITY: Shape = Fields(&[
    ("allowPrivilegeEscalation", Any),
    ("appArmorProfile", DEFAULT_PROFILE),
    (
        "capabilities",
        Fields(&[("add", Each(&CAPABILITIES)), ("drop", Any)]),
    ),
    ("privileged", Off),
    ("procMount", OneOf(&["Default"])),
    ("readOnlyRootFilesystem", Any),
    ("runAsGroup", Any),
    ("runAsNonRoot", Any),
    ("runAsUser", Any),
    ("seccompProfile", DEFAULT_PROFILE),
]);
/// The security context of a Pod.
const POD_SECURITY: Shape = Fields(&[
    ("appArmorProfile", DEFAULT_PROFILE),
    ("fsGroup", Any),
    ("fsGroupChangePolicy", Any),
    ("runAsGroup", Any),
    ("runAsNonRoot", Any),
    ("runAsUser", Any),
    ("seccompProfile", DEFAULT_PROFILE),
    ("supplementalGroups", Any),
    ("supplementalGroupsPolicy", Any),
]);

const MOUNT: Shape = Fields(&[
    ("mountPath", Any),
    ("mountPropagation", OneOf(&["None"])),
    ("name", Any),
    ("readOnly", Any),
    ("recursiveReadOnly", Any),
    ("subPath", Any),
    ("subPathExpr", Any),
]);
const VOLUME: Shape = Fields(&[
    ("configMap", Any),
    ("downwardAPI", Any),
    (
        "emptyDir",
        Fields(&[("medium", OneOf(&["", "Memory"])), ("sizeLimit", Any)]),
    ),
    ("name", Any),
    (
        "projected",
        Fields(&[("defaultMode", Any), ("sources", Each(&SOURCE))]),
    ),
]);
/// A source of a projected volume. `OwnerPlugin::judge_account` checks the account of its token.
const SOURCE: Shape = Fields(&[
    ("configMap", Any),
    ("downwardAPI", Any),
    ("serviceAccountToken", Any),
]);

/// Affinity without a required anti-affinity, which would keep other Pods off the node.
const AFFINITY: Shape = Fields(&[
    ("nodeAffinity", Any),
    (
        "podAffinity",
        Fields(&[
            PREFERENCE,
            (
                "requiredDuringSchedulingIgnoredDuringExecution",
                Each(&TERM),
            ),
        ]),
    ),
    ("podAntiAffinity", Fields(&[PREFERENCE])),
]);
const PREFERENCE: (&str, Shape) = (
    "preferredDuringSchedulingIgnoredDuringExecution",
    Each(&Fields(&[("podAffinityTerm", TERM), ("weight", Any)])),
);
/// The Pods that an affinity is about. Without `namespaces` and `namespaceSelector` these are Pods
/// of the namespace that has the Pod.
const TERM: Shape = Fields(&[
    ("labelSelector", Any),
    ("matchLabelKeys", Any),
    ("mismatchLabelKeys", Any),
    ("topologyKey", Any),
]);
