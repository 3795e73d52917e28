//! What the codes of planning mean, for `slipway explain CODE`.

/// Every code that a plan or a rendering has of its own, with its explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "CLAIM_SHRINKS",
        "A claim in the cluster is larger than the answer asks for. Volumes cannot shrink: it keeps its size.",
    ),
    (
        "DATA_DELETED",
        "A volume was named to be deleted. Its claim goes, and with it the disk and all data on it, unless its class keeps disks (reclaim policy Retain). Nothing brings it back: make sure that a backup exists and was read.",
    ),
    (
        "IMMUTABLE_FIELD",
        "A field changes that Kubernetes never lets change. The object would have to be made anew, which could lose data, so it is never done without being asked. Go back to the earlier answer.",
    ),
    (
        "SECRET_COPIED",
        "The product can take this value only as part of another Secret, so a copy is made. When the original changes, the copy does not: run the install again then.",
    ),
    (
        "SECRET_UNCHECKED",
        "A value lives in a Secret that the operator named and that may not be read, so its checks were passed over. Make sure of it yourself, or grant the right that the message names.",
    ),
    (
        "SECRET_UNREADABLE",
        "A value out of a Secret that the operator named must be copied into another Secret, and may not be read. Ask for the right that the message names, or give the value another way.",
    ),
    (
        "TARGET_FULL",
        "The place of a backup has less room than the database has data. A dump is mostly smaller, but nobody knows before. Choose another place, or pass over it: a backup that fills its place ends with a failure and takes nothing else along.",
    ),
    (
        "UNKNOWN_GROUP",
        "$after or a health check names a group that does not exist. A group is the name of a file in manifests/ without its ending, or a component.",
    ),
    (
        "VOLUME_IN_USE",
        "A volume that is to be deleted is mounted by a pod that is not this release's. Kubernetes would hold the claim until that pod ends, and then its data would be gone. Keep the volume, or end the pod first.",
    ),
    (
        "WAIT_CYCLE",
        "Groups wait for each other in a circle by $after, so that none could ever begin. Break it at one of them.",
    ),
];
