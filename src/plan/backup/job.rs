//! A backup that runs in the cluster: a Job that writes to a claim or to an S3 bucket, and a CronJob that does it again
//! and again and keeps as many as were asked for (cluster.md 5 "Backup").

use serde_json::{Value, json};

use super::{FORMAT, Kind, MANIFEST, Source, client, quoted};
use crate::object::Object;
use crate::plan::{ProductRef, Target};

/// Where a backup goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A claim of the release's namespace, by name.
    Claim(String),
    /// An S3 bucket.
    S3(Bucket),
}

/// An S3 bucket with what opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub bucket: String,
    /// What the names of objects begin with, without slashes at its ends; may be empty.
    pub prefix: String,
    /// Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and where it is not Amazon's with AWS_ENDPOINT_URL.
    pub secret: String,
    /// Image with rclone.
    pub image: String,
}

impl Bucket {
    /// Reads `s3://bucket/prefix`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(url: &str) -> Result<(String, String), String> {
        let rest = url.strip_prefix("s3://").ok_or("it must begin with s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if bucket.len() < 3 || bucket.len() > 63 || !bucket.chars().all(fits) {
            return Err("a bucket's name has 3 to 63 small letters, digits, dots and hyphens".into());
        }
        let prefix = prefix.trim_matches('/');
        let odd = |c: char| !(c.is_ascii_alphanumeric() || "-_./".contains(c));
        if prefix.contains(odd) || prefix.split('/').any(|part| part == "..") {
            return Err("a prefix may hold letters, digits, dots, hyphens, underscores and slashes".into());
        }
        Ok((bucket.to_string(), prefix.to_string()))
    }

    /// As rclone names it.
    pub(super) fn folder(&self) -> String {
        if self.prefix.is_empty() {
            format!("s3:{}", self.bucket)
        } else {
            format!("s3:{}/{}", self.bucket, self.prefix)
        }
    }
}

/// What a Job is made of.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The release.
    pub target: &'a Target,
    /// Its product.
    pub product: &'a ProductRef,
    /// Its databases; at least one.
    pub sources: &'a [Source],
    /// Where it goes.
    pub to: &'a To,
    /// How many backups stay there; all without it.
    pub keep: Option<u32>,
    /// The release's parent, with which it goes.
    pub owner: Option<&'a Object>,
    /// Fixed uids are left out.
    pub openshift: bool,
}

/// A Job that makes one backup.
pub fn job(order: &Order<'_>, name: &str) -> Object {
    let mut metadata = json!({
        "name": name, "namespace": order.target.namespace, "labels": client::labels(order.target, "backup"),
    });
    client::own(&mut metadata, order.owner);
    Object(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job_spec(order)}))
}

/// A CronJob that makes one at each time of `schedule`.
pub fn cron_job(order: &Order<'_>, name: &str, schedule: &str) -> Object {
    let mut metadata = json!({
        "name": name, "namespace": order.target.namespace, "labels": client::labels(order.target, "backup"),
    });
    client::own(&mut metadata, order.owner);
    Object(json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata,
        "spec": {
            "schedule": schedule,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "metadata": {"labels": client::labels(order.target, "backup")},
                "spec": job_spec(order),
            },
        },
    }))
}

fn job_spec(order: &Order<'_>) -> Value {
    let pulled = order.sources.first().map_or(&[][..], |source| &source.pull_secrets);
    let pod = match order.to {
        To::Claim(claim) => into_claim(order, claim),
        To::S3(bucket) => into_bucket(order, bucket),
    };
    json!({
        // A second try would begin anew over what the first left; whoever asked decides.
        "backoffLimit": 0,
        // One that hangs, whatever for, would hold up every later one of its schedule.
        "activeDeadlineSeconds": 86400,
        "ttlSecondsAfterFinished": 86400,
        "template": {
            "metadata": {"labels": client::labels(order.target, "backup")},
            "spec": client::spec(order.openshift, pulled, pod),
        },
    })
}

/// What every script begins with: a name for this backup that all containers of the pod agree on.
const NAME: &str = "set -eu; umask 077; name=\"$(cat /work/name)\"; ";

/// Takes the time once, for all containers.
fn begin(order: &Order<'_>, more: &str) -> Value {
    let release = &order.target.release;
    let script = format!("set -eu; printf '{release}-%s' \"$(date -u +%Y%m%d-%H%M%S)\" > /work/name; {more}");
    named("begin", order, 0, &script, &[WORK])
}

/// The pattern of the time in a backup's name.
pub(super) const TIME: &str = "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9][0-9][0-9]";
const WORK: (&str, &str) = ("work", "/work");
const BACKUP: (&str, &str) = ("backup", "/backup");

fn named(name: &str, order: &Order<'_>, source: usize, script: &str, mounts: &[(&str, &str)]) -> Value {
    let mounts: Vec<Value> = mounts.iter().map(|(volume, path)| json!({"name": volume, "mountPath": path})).collect();
    client::container(name, &order.sources[source], &["sh", "-c", script], Value::Array(mounts))
}

/// The manifest's beginning, up to its parts; each dump adds a line.
fn head(order: &Order<'_>) -> String {
    let text = |value: &str| Value::from(value).to_string();
    let consistent = order.sources.len() == 1;
    quoted(&format!(
        "{{\"format\":{FORMAT},\"product\":{},\"version\":{},\"release\":{},\"namespace\":{},\"consistent\":{consistent},",
        text(&order.product.name),
        text(&order.product.version),
        text(&order.target.release),
        text(&order.target.namespace)
    ))
}

/// One line of the manifest: what a dump is.
fn part(source: &Source) -> String {
    let kind = match source.kind {
        Kind::Postgresql => "postgresql",
        Kind::Redis => "redis",
    };
    let (version, file) = (source.version(false).pop().unwrap_or_default(), source.file());
    format!(
        "version=\"$({version})\"; printf '{{\"group\":\"%s\",\"kind\":\"{kind}\",\"database\":\"%s\",\"server\":\"%s\",\"file\":\"{file}\",\"bytes\":%s,\"sha256\":\"%s\",\"size\":%s}}' {} {} \"${{version%% *}}\" \"$bytes\" \"$sum\" \"$size\" > /work/{group}.line; mv /work/{group}.line /work/{group}.part",
        quoted(&source.group),
        if source.database.is_empty() { "''".into() } else { quoted(&source.database) },
        group = source.group,
    )
}

fn volumes(more: Value) -> Value {
    let mut all =
        vec![json!({"name": "tmp", "emptyDir": {}}), json!({"name": "work", "emptyDir": {"sizeLimit": "64Mi"}})];
    all.extend(more.as_array().cloned().unwrap_or_default());
    Value::Array(all)
}

/// Dumps run one after the other, each checked by reading all of it; the last container writes the manifest, gives the
/// folder its name and keeps the newest.
fn into_claim(order: &Order<'_>, claim: &str) -> Value {
    // What a killed one left; by a pattern that no other release's name fits.
    let release = &order.target.release;
    let first = format!("rm -rf /backup/.running-{release}-{TIME}; mkdir -p \"/backup/.running-$(cat /work/name)\"");
    let mut first = vec![begin(order, &first)];
    if let Some(mounts) = first[0]["volumeMounts"].as_array_mut() {
        mounts.push(json!({"name": BACKUP.0, "mountPath": BACKUP.1}));
    }
    for (at, source) in order.sources.iter().enumerate() {
        let size = source.size(false).pop().unwrap_or_default();
        let dump = match source.kind {
            Kind::Postgresql => format!("{} > \"$file\"", plain(&source.dump(false)[2])),
            Kind::Redis => format!("redis-cli {} --rdb \"$file\"", source.redis_arguments(false)),
        };
        let check = match source.kind {
            Kind::Postgresql => "pg_restore -f /dev/null \"$file\"",
            Kind::Redis => "redis-check-rdb \"$file\" > /tmp/check",
        };
        let script = format!(
            "{NAME}file=\"/backup/.running-$name/{}\"; size=\"$({size})\"; \
             free=\"$(df -Pk /backup | awk 'NR==2 {{print $4}}')\"; \
             if [ \"$free\" -lt \"$((size / 1024))\" ]; then \
             echo \"refused: the claim {claim} has $free kB free, and {} has $size bytes\" >&2; exit 3; fi; \
             {dump}; {check}; bytes=\"$(wc -c < \"$file\" | tr -d ' ')\"; sum=\"$(sha256sum \"$file\" | cut -d' ' -f1)\"; {}; \
             echo \"{}: $bytes bytes, read and found sound\"",
            source.file(),
            source.group,
            part(source),
            source.group,
        );
        first.push(named(&format!("dump-{}", source.group), order, at, &script, &[WORK, BACKUP]));
    }
    // Only whole backups of this release are ever counted or removed.
    let keep = order.keep.map_or(String::new(), |keep| {
        format!(
            "ls -1d /backup/{release}-{TIME}/{MANIFEST} 2>/dev/null | sort -r | tail -n +{} | while read -r old; do rm -rf \"${{old%/*}}\"; done; ",
            keep.max(1) + 1
        )
    });
    let finish = format!(
        "{NAME}cd \"/backup/.running-$name\"; {}; mv {MANIFEST}.partial {MANIFEST}; sync; cd /; mv \"/backup/.running-$name\" \"/backup/$name\"; {keep}echo \"kept as $name in the claim {claim}\"",
        manifest(order, &format!("> {MANIFEST}.partial")),
    );
    json!({
        "initContainers": first,
        "containers": [named("finish", order, 0, &finish, &[WORK, BACKUP])],
        "volumes": volumes(json!([{"name": BACKUP.0, "persistentVolumeClaim": {"claimName": claim}}])),
    })
}

/// Writes the manifest out of the lines of the parts.
fn manifest(order: &Order<'_>, to: &str) -> String {
    let parts = order.sources.iter().map(|source| format!("cat /work/{}.part", source.group));
    format!(
        "{{ printf %s {}; printf '\"made\":\"%s\",\"parts\":[' \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"; {}; printf ']}}'; }} {to}",
        head(order),
        parts.collect::<Vec<_>>().join("; printf ,; ")
    )
}

/// A command without `exec`, to stand among others.
fn plain(script: &str) -> &str {
    script.strip_prefix("exec ").unwrap_or(script)
}

/// The dumps go through pipes between the containers of the pod, so that nothing is ever stored half-way: one container a
/// database writes into its pipe once it is read, the last one uploads, reads everything back, compares, and writes the
/// manifest at the end. None waits for one that has ended: each leaves a mark in `/work` of how it ended.
fn into_bucket(order: &Order<'_>, bucket: &Bucket) -> Value {
    let pipes = order.sources.iter().map(|source| format!("/work/{0}.pipe /work/{0}.count", source.group));
    let pipes: Vec<String> = pipes.collect();
    let begin = begin(order, &format!("mkfifo {}", pipes.join(" ")));
    let mut containers: Vec<Value> =
        order.sources.iter().enumerate().map(|(at, source)| piped(order, at, source)).collect();
    let mut upload = format!(
        "{NAME}{PROVIDER}to=\"{folder}/$name\"; \
         trap '[ -f /work/kept ] || {{ touch /work/upload.failed; rclone purge \"$to\" 2> /tmp/purge || true; }}' EXIT; ",
        folder = bucket.folder(),
    );
    for source in order.sources {
        let (group, file) = (&source.group, source.file());
        upload.push_str(&format!(
            "until [ -s /work/{group}.size ]; do [ ! -f /work/{group}.failed ] || exit 1; sleep 1; done; \
             export RCLONE_S3_CHUNK_SIZE=\"$(($(cat /work/{group}.size) / 5000 / 1048576 + 8))M\"; \
             touch /work/{group}.read; rclone rcat \"$to/{file}\" < /work/{group}.pipe; \
             until [ -s /work/{group}.part ]; do [ ! -f /work/{group}.failed ] || exit 1; sleep 1; done; \
             sum=\"$(rclone cat \"$to/{file}\" | sha256sum | cut -d' ' -f1)\"; \
             if ! grep -q \"$sum\" /work/{group}.part; then echo \"{file} does not read back as it was written\" >&2; exit 1; fi; \
             echo \"{group}: read back and the same\"; "
        ));
    }
    upload.push_str(&format!(
        "{}; rclone copyto /work/{MANIFEST} \"$to/{MANIFEST}\"; touch /work/kept; {}echo \"kept as $name in s3://{}/{}\"",
        manifest(order, &format!("> /work/{MANIFEST}")),
        order.keep.map_or(String::new(), |keep| retained(order, bucket, keep)),
        bucket.bucket,
        bucket.prefix,
    ));
    let mounts = json!([{"name": "work", "mountPath": "/work"}, {"name": "tmp", "mountPath": "/tmp"}]);
    containers.push(rclone("upload", bucket, &["sh", "-c", &upload], mounts));
    json!({"initContainers": [begin], "containers": containers, "volumes": volumes(json!([]))})
}

/// What begins every script that uses a bucket: where no endpoint is named it is Amazon's.
pub(super) const PROVIDER: &str =
    "if [ -z \"${RCLONE_CONFIG_S3_ENDPOINT:-}\" ]; then export RCLONE_CONFIG_S3_PROVIDER=AWS; fi; ";

/// A container with rclone and what opens the bucket.
pub(super) fn rclone(name: &str, bucket: &Bucket, command: &[&str], mounts: Value) -> Value {
    let from_secret = |variable: &str, key: &str, optional: bool| {
        let reference = json!({"name": bucket.secret, "key": key, "optional": optional});
        json!({"name": variable, "valueFrom": {"secretKeyRef": reference}})
    };
    let plain = |name: &str, value: &str| json!({"name": name, "value": value});
    json!({
        "name": name,
        "image": bucket.image,
        "command": command,
        "env": [
            plain("HOME", "/tmp"),
            plain("RCLONE_CONFIG", "/tmp/none"),
            plain("RCLONE_CONFIG_S3_TYPE", "s3"),
            plain("RCLONE_CONFIG_S3_PROVIDER", "Other"),
            plain("RCLONE_S3_NO_CHECK_BUCKET", "true"),
            plain("RCLONE_S3_UPLOAD_CONCURRENCY", "2"),
            from_secret("RCLONE_CONFIG_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID", false),
            from_secret("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", false),
            from_secret("RCLONE_CONFIG_S3_ENDPOINT", "AWS_ENDPOINT_URL", true),
            from_secret("RCLONE_CONFIG_S3_REGION", "AWS_REGION", true),
        ],
        "securityContext": client::restricted(),
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": mounts,
    })
}

/// One database's side of a pipe: it begins when somebody reads, so that no transaction is open for nothing.
fn piped(order: &Order<'_>, at: usize, source: &Source) -> Value {
    let group = &source.group;
    let size = source.size(false).pop().unwrap_or_default();
    let dump = match source.kind {
        Kind::Postgresql => format!("{} && touch /work/{group}.ok", plain(&source.dump(false)[2])),
        // Written into a file it ends where it should; a stream has a mark behind it.
        Kind::Redis => format!(
            "redis-cli {} --rdb /tmp/{group}.rdb >&2 && redis-check-rdb /tmp/{group}.rdb >&2 && cat /tmp/{group}.rdb && touch /work/{group}.ok",
            source.redis_arguments(false)
        ),
    };
    let script = format!(
        "{NAME}trap '[ -s /work/{group}.part ] || touch /work/{group}.failed' EXIT; \
         size=\"$({size})\"; echo \"$size\" > /work/{group}.size; \
         until [ -f /work/{group}.read ]; do [ ! -f /work/upload.failed ] || exit 1; sleep 1; done; \
         wc -c < /work/{group}.count > /work/{group}.bytes & \
         {{ {dump}; }} | tee /work/{group}.pipe /work/{group}.count | sha256sum > /work/{group}.sum; wait; \
         if [ ! -f /work/{group}.ok ]; then echo \"the dump of {group} failed\" >&2; exit 1; fi; \
         bytes=\"$(tr -d ' ' < /work/{group}.bytes)\"; sum=\"$(cut -d' ' -f1 /work/{group}.sum)\"; {}; \
         echo \"{group}: $bytes bytes dumped\"",
        part(source),
    );
    named(&format!("dump-{group}"), order, at, &script, &[WORK])
}

/// Removes what is older than the newest `keep` whole backups of this release, half ones among them; where there are fewer,
/// nothing.
fn retained(order: &Order<'_>, bucket: &Bucket, keep: u32) -> String {
    let (release, folder) = (&order.target.release, bucket.folder());
    format!(
        "last=\"$(rclone lsf --files-only -R --include '/{release}-{TIME}/{MANIFEST}' \"{folder}\" | sort -r | sed -n '{}p')\"; \
         if [ -n \"$last\" ]; then rclone lsf --dirs-only \"{folder}\" | sed 's,/$,,' | {{ grep -x '{release}-{TIME}' || true; }} | \
         awk -v last=\"${{last%/*}}\" '$0 < last' | while read -r old; do rclone purge \"{folder}/$old\"; done; fi; ",
        keep.max(1)
    )
}
