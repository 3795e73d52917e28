//! What the codes of the preflight mean, for `slipway explain CODE`.

/// Every code, with its explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "KUBERNETES_OLD",
        "The cluster runs an older Kubernetes than slipway is tested with: fields it sends may be unknown there. Upgrade the cluster, or pass over it at your own risk.",
    ),
    ("KUBERNETES_NEW", "The cluster runs a newer Kubernetes than slipway was tested with. It will most likely work."),
    (
        "STORAGE_CLASS_MISSING",
        "A claim names a storage class that the cluster does not have: it would wait for ever. Choose one that exists.",
    ),
    (
        "STORAGE_CLASS_DEFAULT",
        "A claim names no storage class and the cluster has no default one: it would wait for ever. Name one.",
    ),
    (
        "INGRESS_CLASS_MISSING",
        "The Ingress names a class that the cluster does not have, or none where there is no default: nothing would serve it, and nothing would say so.",
    ),
    (
        "GATEWAY_CLASS_MISSING",
        "The Gateway names a class that the cluster does not have: it would never get an address.",
    ),
    ("ISSUER_MISSING", "The certificate's issuer does not exist or is not ready: the certificate would never come."),
    (
        "KIND_MISSING",
        "The cluster does not know a kind of object that the product uses: the operator that brings it is not installed.",
    ),
    ("HOST_EXAMPLE", "The host name is one of those kept for examples (RFC 2606); nobody will ever reach it."),
    (
        "FOREIGN_OWNER",
        "The namespace belongs to a GitOps tool, which would undo what slipway does, and slipway what it does. Two owners is an incident.",
    ),
    (
        "POD_SECURITY",
        "The namespace refuses pods of less than a level of PodSecurity, and a pod of the product does not pass it.",
    ),
    (
        "EARLIER_DATA",
        "A volume in the namespace belongs to a release of this name, and the release has no record any more: it was uninstalled and its data kept, or the record was lost. It is not used and not replaced unless you say so: --existing NAME=use takes it with the key that opens it, NAME=aside leaves it and makes a new one under another name, NAME=wipe gives its data up.",
    ),
    (
        "EARLIER_DATA_UNUSED",
        "A volume in the namespace belongs to an earlier install of this name, and what is installed now needs none of that name. It stays as it is.",
    ),
    (
        "EARLIER_KEY_LOST",
        "A volume of an earlier install is there, and the key that opens it is not. A new key would not open it. Bring the key's Secret back, or set the volume aside.",
    ),
    (
        "EARLIER_KEYS",
        "The key Secret of a release of this name is in the namespace, and the release has no record any more. It opens what its annotation names. --existing NAME=use uses it with the volumes that it opens, NAME=aside keeps both and makes new ones, NAME=wipe gives both up.",
    ),
    (
        "STORAGE_CLASS_STATIC",
        "The storage class has no provisioner: a claim of it waits until somebody makes a volume by hand that fits.",
    ),
    ("GATEWAY_MISSING", "A route names a Gateway that the namespace does not have: it would be attached to nothing."),
    (
        "HOST_TAKEN",
        "Another Ingress serves the same host. On the same path only one of the two would be reached, and some controllers refuse the second.",
    ),
    ("SECRET_MISSING", "An object reads a Secret that was named and does not exist: its pods would not start."),
    ("SECRET_KEY_MISSING", "The Secret that was named exists, and the key that is read of it does not."),
    (
        "QUOTA_TOO_SMALL",
        "The namespace's quota has less left than everything together would use. Some pods or objects would never be made.",
    ),
    (
        "QUOTA_WANTS_LIMITS",
        "A quota over requests or limits refuses every pod with a container that names none, unless a LimitRange gives it one.",
    ),
    (
        "LIMIT_RANGE",
        "A LimitRange of the namespace bounds what a container, pod or claim may ask for, and this one asks for less or more.",
    ),
    (
        "NODES_UNUSABLE",
        "No node takes pods at the moment: all are unready or cordoned. The pods would wait until one does.",
    ),
    (
        "NODES_TAINTED",
        "Every node that takes pods has a taint that the pod does not tolerate. It would wait until one without is there.",
    ),
    (
        "NODE_TOO_SMALL",
        "A pod asks for more than any node can give, even an empty one. It would wait until a larger node is there; where the cluster adds nodes by itself it may be.",
    ),
    ("NODES_TOO_SMALL", "All pods together ask for more than all nodes together can give, even empty ones."),
    (
        "NODE_ARCHITECTURE",
        "An image or a pod is for one kind of processor, and some or all nodes have another. There it ends with `exec format error`, or is never placed.",
    ),
    (
        "NOT_CHECKED",
        "Some facts could not be read, mostly for want of a right. What depends on them was not checked; that is not to say that it is fine.",
    ),
];
