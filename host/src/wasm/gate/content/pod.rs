//! The fields that a Pod may have without access to the host. A Pod with only these fields reaches
//! no files, devices, processes, ports or interfaces of the host and no Secret, and gets no
//! precedence over other Pods.
use super::{
    Shape::{self, Any, Each, Fields, Keys, Off, OneOf, Pod, Priority},
    metadata::METADATA,
};

pub(super) const TEMPLATE: Shape = Fields(&[("metadata", METADATA), ("spec", POD)]);

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
    // The account is checked with the rest of the Pod.
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

/// A program that the kubelet runs in a container, or a request that it sends to the Pod. With the
/// field `host` it would ask another server from the host.
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

/// Linux capabilities that the runtime gives by default, or that only open ports below 1024.
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
const DEFAULT_PROFILE: Shape = Fields(&[("type", OneOf(&["RuntimeDefault"]))]);
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
/// A source of a projected volume. The account of its token is checked with the rest of the Pod.
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
const TERM: Shape = Fields(&[
    ("labelSelector", Any),
    ("matchLabelKeys", Any),
    ("mismatchLabelKeys", Any),
    ("topologyKey", Any),
]);
