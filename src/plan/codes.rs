//! What the codes of planning mean, for `slipway explain CODE`.

/// Every code that a plan or a rendering has of its own, with its explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "ADOPT_ANSWER",
        "Something that the chart was told has no place in the product's answers as it stands. Nothing changes while the release is taken over; the next change takes the default, or what you say with --set.",
    ),
    (
        "ADOPT_CHANGES",
        "Something of this release cannot stay as its chart has it. Taking over changes nothing yet; the next change does, and this says what it means.",
    ),
    (
        "ADOPT_NEXT",
        "What the next change of the release would do, to bring what the chart laid down to slipway's shape. Nothing of it happens while the release is taken over.",
    ),
    (
        "ADOPT_UNTOUCHED",
        "Taking over moves ownership, labels, keys and the record. No pod is touched, and nothing restarts; Helm's record goes to a file of yours, out of which it can be brought back.",
    ),
    (
        "ADOPT_VERSION",
        "The image of the server names no version, such as `latest`. Taking over changes nothing; choose the version at the next change with --set version=…, and not one that is older than what runs.",
    ),
    (
        "ANSWERS_GONE",
        "The newer product does not ask these questions any more, so what was answered at an earlier run has no meaning and is dropped.",
    ),
    (
        "BACKUP_FIRST",
        "The version on the way changes the data in a way that only a backup undoes, and --backup was given: one is taken before anything changes.",
    ),
    (
        "BACKUP_OFFERED",
        "The version on the way changes the data in a way that only a backup undoes. Take one: --backup, or slipway backup by itself.",
    ),
    (
        "BACKUP_REQUIRED",
        "The version on the way changes the data in a way that only a backup undoes, and the profile stands for production. Take one with --backup, or refuse it by name with --without-backup.",
    ),
    (
        "CLAIM_EMPTY",
        "A claim that the recorded revision had is gone from the cluster, and its data with it. The rollback makes a new one, which is empty: restore a backup into it.",
    ),
    (
        "CLAIM_SHRINKS",
        "A claim in the cluster is larger than the answer asks for. Volumes cannot shrink: it keeps its size.",
    ),
    (
        "DATA_DELETED",
        "A volume was named to be deleted. Its claim goes, and with it the disk and all data on it, unless its class keeps disks (reclaim policy Retain). Nothing brings it back: make sure that a backup exists and was read.",
    ),
    (
        "DATA_WITHOUT_VOLUME",
        "A database or queue of the chart has no volume: its data lives in the pod and goes with it. Taking over does not touch the pod, the next change does. Dump the data first, then pass over the finding.",
    ),
    (
        "DATA_FORMAT",
        "What reads a volume cannot be changed for something that does not understand what is in it, such as another major version of PostgreSQL: it would not start, or begin an empty database beside the old one. Take the data along by a backup and a restore, or leave the answer as it was. Who has converted the volume passes over the finding by --skip-preflight DATA_FORMAT.",
    ),
    (
        "DATA_STAYS",
        "A rollback puts objects back, and nothing else. What was written to volumes and databases since then stays, and what a newer version migrated is not migrated back. Where the older version cannot read it, restore the backup that was taken before the upgrade.",
    ),
    (
        "DOWNGRADE",
        "The version that was chosen is older than the one that is installed. What the newer one wrote the older one may not be able to read. Go back to a revision that was installed with slipway rollback, or restore a backup.",
    ),
    (
        "GATE",
        "The product says what changes between the installed version and the chosen one. Read it before you go on.",
    ),
    (
        "GATE_STEP",
        "The product wants a version in between to be installed and healthy before the next. The upgrade goes through it, then on to the one that was chosen.",
    ),
    (
        "GATE_STOP",
        "The product wants something done before the chosen version is installed. Do it, then say so: --skip-preflight GATE_STOP.",
    ),
    (
        "HAND_CHANGED",
        "Somebody changed or deleted an object of the release by hand since it was written. The message says field by field what it was, what it is, who did it, and what becomes of it. What another field manager owns is only overwritten where --take-field says so.",
    ),
    (
        "IMMUTABLE_FIELD",
        "A field changes that Kubernetes never lets change. The object would have to be made anew, which could lose data, so it is never done without being asked. Go back to the earlier answer.",
    ),
    (
        "KEY_IN_TWO_STEPS",
        "A key is rotated in two steps, so that nobody is shut out: first the new value is made, or accepted beside the old one; then, once everybody has it, `slipway keys rotate NAME --finish` ends it.",
    ),
    (
        "KEY_SHUTS_OUT",
        "From this step of a rotation on only the new value of a key holds. Who does not have it then is refused until it does; a database's password is changed in the database first, and its readers restart with it.",
    ),
    (
        "JOB_NOT_RUN",
        "A Job of the recorded revision is not run again by the rollback: it did its work when that revision was installed, and running an old migration over newer data could harm it.",
    ),
    (
        "KEY_OF_ENDPOINT",
        "The recorded revision used another endpoint (host, port, database or user) than the newest one, so its secret goes back to the newest credentials that were ever used for that endpoint. They are copied into a new generation of the key Secret, with everything else of the newest.",
    ),
    (
        "KEY_STAYS",
        "A secret was changed after the recorded revision. A rollback never brings the old value back: whoever changed it, or lost it, does not want it in use again.",
    ),
    (
        "MADE_ANEW",
        "A field changes that Kubernetes never lets change, so the object is deleted and made again. The message says which field, and what that means while it happens. Claims are never made anew.",
    ),
    (
        "MARK_LOST",
        "The record knows the object as one of this release, but its label applyset.kubernetes.io/part-of is gone or names another set. Without the mark it is not deleted: it may be somebody else's by now. Set the label again, or delete it yourself.",
    ),
    (
        "NO_ROLLBACK_ON_FAILURE",
        "A version on the way migrates the data, so that a rollback by itself would start the program of before over the data of after. Leave --rollback-on-failure out; a run that fails keeps its evidence and says what can be done.",
    ),
    (
        "NO_WAY_BACK",
        "A rollback brings back the objects as they were recorded. It does not bring back data that was migrated, the smaller size of a volume, or what a Job did.",
    ),
    (
        "PINNED_CHANGED",
        "An answer that was pinned at the install is given anew. Such answers decide where data lives, what things are called and what reads the data: nothing moves what is in the old place, and nothing converts what is in a volume that stays.",
    ),
    (
        "PRESETS_CHANGED",
        "Defaults and values of profiles are evaluated anew at each run. These come out otherwise than at the last one; answer a question to keep its value.",
    ),
    (
        "PASSWORD_TRIED",
        "A database keeps its data from an earlier install, or is a server outside of the release: before anything that needs it starts, its password is tried over the network from a pod of its own, which goes again at once. A wrong one stops the run, or is set with --mend-password.",
    ),
    (
        "PASSWORD_UNKNOWN",
        "Whether the password opens a database could not be asked: the pod that asks may not be made, does not run, or does not reach the server. The run goes on; slipway keys check asks again.",
    ),
    (
        "REPLICAS_STAY",
        "Somebody else owns the number of replicas, such as an autoscaler or a person with kubectl scale. The rollback leaves the number as it is, so that ten pods never become one by accident.",
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
        "SECRET_UNKNOWN",
        "The record was lost or damaged and was built anew by slipway repair. It cannot know how the entries of this Secret are made, since a record holds no secret value. A rollback leaves the Secret as it is; where it is gone, install or upgrade with the product makes it.",
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
        "UPGRADE",
        "The release is installed already, so that whatever verb was typed this is an upgrade of it: its answers, keys and volumes stay unless something else is said.",
    ),
    (
        "VERSION_KEPT",
        "The version was answered at an earlier run and stays, though this slipway knows a later one. Give it with --set version=…, or forget the answer with --reset version.",
    ),
    (
        "VERSION_NOT_COMPARED",
        "The installed version and the chosen one have no order that the product's rules can tell, so its gates are not looked at.",
    ),
    (
        "VOLUME_IN_USE",
        "A volume that is to be deleted is mounted by a pod that is not this release's. Kubernetes would hold the claim until that pod ends, and then its data would be gone. Keep the volume, or end the pod first.",
    ),
    (
        "VOLUME_UNUSED",
        "With these answers nothing mounts the volume any more. It is kept with everything on it, as is the key that opens it, until an uninstall is told to delete it by name.",
    ),
    (
        "WAIT_CYCLE",
        "Groups wait for each other in a circle by $after, so that none could ever begin. Break it at one of them.",
    ),
    (
        "KEY_GONE",
        "The key Secret that the release's record counts on is not there. Its values are nowhere else in the cluster; what they open stays shut without them. Bring it back: slipway keys import FILE, or from a backup of the namespace.",
    ),
    (
        "KEY_HALF_ROTATED",
        "A key is rotated in two steps, and only the first was done. Nothing is broken: end it with `slipway keys rotate NAME --finish` once everybody has the new value.",
    ),
    (
        "KEY_UNUSED",
        "An earlier generation of the release's keys that neither its objects nor a kept volume use. It is kept since nothing deletes a key unasked. Delete it by hand once no backup needs it either.",
    ),
    (
        "WRITER_STOPPED",
        "A backup with --stop-writers scaled a workload to zero and did not come to start it again. The next backup does, and so does an install with the same answers. While a backup goes on it is as it should be.",
    ),
    ("RUN_NOT_ENDED", "The last run of the release did not come to its end: its client died, was left, or it failed."),
    (
        "SECRET_COPY_DIFFERS",
        "A Secret that slipway composed does not hold any more what it is composed of: its source was changed since, or somebody edited it. Running the same install again makes it anew, and restarts its readers.",
    ),
    (
        "VOLUME_NOT_USED",
        "A volume of the release is in none of its objects any more: it was set aside, or a component was switched off. It is kept, with its key.",
    ),
];
