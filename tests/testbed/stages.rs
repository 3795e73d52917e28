//! KWOK's configuration: stages (its own for nodes, ours for pods and volumes), and what answers for logs, exec and port-forward.

use std::path::Path;

use super::Outcome;

/// `<behaviour>/<state>` of a pod. The behaviour: the pod's label, else the image's name, else the beginning of the namespace's.
const STATE: &str = r#"((.metadata.labels["testbed.slipway.dev/pod"]) // ([.spec.containers[].image | capture("testbed-(?<b>slow|image|crash|unready)").b] | first) // (.metadata.namespace as $n | [.spec.containers[].name | . as $c | select($n | contains("-only-" + $c + "-"))] as $named | if ($n | contains("-only-") | not) or ($named | length > 0) then ($n | capture("^(?<b>slow|image|crash|unready)-").b) else null end) // "fast") + "/" + (if .metadata.deletionTimestamp or .status.phase == "Succeeded" or .status.phase == "Failed" then "done" elif (.status.containerStatuses | length) == 0 then "new" else (([.status.containerStatuses[].state.waiting.reason | select(. != null)] | first) // (if [.status.containerStatuses[].state.terminated | select(. != null)] | length > 0 then "terminated" elif [.status.conditions[]? | select(.type == "Ready" and .status == "True")] | length > 0 then "ready" else "running" end)) end)"#;

/// What every status template starts with: the moment, the pod, and its containers' last statuses by name.
const HEAD: &str = r#"{{ $now := Now }}{{ $root := . }}{{ $ns := .metadata.namespace }}{{ $old := dict }}{{ range .status.containerStatuses }}{{ $_ := set $old .name . }}{{ end }}"#;

const HIT: &str = r#"or (not (contains "-only-" $ns)) (contains (printf "-only-%s-" $c.name) $ns)"#;

const CONTAINER: &str = r#"name: {{ $c.name | Quote }}
          image: {{ $c.image | Quote }}
          imageID: ""
          restartCount: {{ int (dig $c.name "restartCount" 0 $old) }}"#;

const ADDRESS: &str = r#"{{ with NodeIPsWith .spec.nodeName }}
        hostIP: {{ index . 0 | Quote }}
        hostIPs: [{ip: {{ index . 0 | Quote }}}]
        {{ end }}
        {{ if not .status.podIP }}
        {{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) .metadata.uid .metadata.name .metadata.namespace }}
        podIP: {{ index . 0 | Quote }}
        podIPs: [{ip: {{ index . 0 | Quote }}}]
        {{ end }}
        {{ end }}
        startTime: {{ .status.startTime | default $now | Quote }}"#;

const READY: &str = r#"conditions:
        - {type: PodReadyToStartContainers, status: "True", lastTransitionTime: {{ $now | Quote }}}
        - {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
        - {type: Ready, status: "True", reason: "", message: "", lastTransitionTime: {{ $now | Quote }}}
        - {type: ContainersReady, status: "True", reason: "", message: "", lastTransitionTime: {{ $now | Quote }}}
        {{ range .spec.readinessGates }}
        - {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
        {{ end }}"#;

const NOT_READY: &str = r#"{{ $names := list }}{{ range .spec.containers }}{{ $names = append $names .name }}{{ end }}
        {{ $unready := printf "containers with unready status: [%s]" (join " " $names) }}
        conditions:
        - {type: Ready, status: "False", reason: ContainersNotReady, message: {{ $unready | Quote }}, lastTransitionTime: {{ $now | Quote }}}
        - {type: ContainersReady, status: "False", reason: ContainersNotReady, message: {{ $unready | Quote }}, lastTransitionTime: {{ $now | Quote }}}"#;

const INIT_DONE: &str = r#"{{ with .spec.initContainers }}
        initContainerStatuses:
        {{ range . }}
        - name: {{ .name | Quote }}
          image: {{ .image | Quote }}
          imageID: ""
          restartCount: 0
          ready: true
          {{ if eq (.restartPolicy | default "") "Always" }}
          started: true
          state: {running: {startedAt: {{ $now | Quote }}}}
          {{ else }}
          state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
          {{ end }}
        {{ end }}
        {{ end }}"#;

const INIT_WAITING: &str = r#"{{ with .spec.initContainers }}
        initContainerStatuses:
        {{ range . }}
        - {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", restartCount: 0, ready: false, started: false, state: {waiting: {reason: PodInitializing}}}
        {{ end }}
        {{ end }}"#;

/// What containerd answers for a tag that is not there; three times the image's name.
const NOT_FOUND: &str = r#"rpc error: code = NotFound desc = failed to pull and unpack image \"%s\": failed to resolve reference \"%s\": %s: not found"#;

/// Writes `kwok.yaml` and the log files that it names. `health` is the port of the stub that every pod's ports lead to.
pub(crate) fn write(folder: &Path, definitions: &Path, health: u16) -> Outcome<()> {
    let own = [include_str!("stages/pods.yaml"), include_str!("stages/volumes.yaml")].join("\n---\n");
    let mut all = expand(&own)?;
    for name in ["node-initialize.yaml", "node-heartbeat-with-lease.yaml"] {
        all.push_str("\n---\n");
        all.push_str(&std::fs::read_to_string(definitions.join("stages").join(name))?);
    }
    let dir = folder.display();
    all.push_str(&format!(
        r#"
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {{name: any}}
spec: {{logs: [{{logsFile: "{dir}/pod.log", previousLogsFile: "{dir}/pod.log", follow: true}}]}}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterExec
metadata: {{name: any}}
spec: {{execs: [{{local: {{workDir: "{dir}/pod", envs: [{{name: PATH, value: "{dir}/programs:/usr/local/bin:/usr/bin:/bin"}}]}}}}]}}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterPortForward
metadata: {{name: any}}
spec: {{forwards: [{{target: {{port: {health}, address: 127.0.0.1}}}}]}}
"#
    ));
    std::fs::create_dir_all(folder.join("pod"))?;
    super::kubelet::first_logs(folder)?;
    programs(folder)?;
    Ok(std::fs::write(folder.join("kwok.yaml"), all)?)
}

/// The programs that products ask in their health checks, with what they answer where no server of a test is meant: a
/// healthy one. They come before programs of the same name on this machine.
const PROGRAMS: [(&str, &str); 5] = [
    ("pg_isready", "exit 0"),
    ("psql", "echo 1"),
    ("pg_dump", "exit 1"),
    ("pg_restore", "for folder in /usr/lib/postgresql/*/bin; do :; done; exec \"$folder/pg_restore\" \"$@\""),
    ("redis-cli", "echo PONG"),
];

/// A server is meant by its user (PostgreSQL) or its port (Redis): the file of that name in `servers` says where it is.
/// Over the network, as a pod's `-h` says, it is another file, since the password is asked there.
fn script(folder: &Path, name: &str, otherwise: &str) -> String {
    let servers = folder.join("servers");
    let servers = servers.display();
    if name == "redis-cli" {
        return format!(
            "#!/bin/sh\nlast=\nfor word in \"$@\"; do\n  [ \"$last\" = -p ] && [ \"$word\" != 6379 ] && exec /usr/bin/redis-cli \"$@\"\n  last=\"$word\"\ndone\n{otherwise}\n"
        );
    }
    format!(
        "#!/bin/sh\nuser= last= network=\nfor word in \"$@\"; do\n  [ \"$last\" = -U ] && user=\"$word\"\n  [ \"$word\" = -h ] && network=.network\n  last=\"$word\"\ndone\n\
         if [ -n \"$user\" ] && [ -f \"{servers}/$user$network\" ]; then\n  . \"{servers}/$user$network\"\n\
         \x20 if [ -n \"$network\" ]; then\n    count=$#\n    while [ $count -gt 0 ]; do\n      word=\"$1\"; shift; count=$((count - 1))\n\
         \x20     if [ \"$word\" = -h ] || [ \"$word\" = -p ]; then shift; count=$((count - 1)); else set -- \"$@\" \"$word\"; fi\n    done\n  fi\n\
         \x20 exec \"$SERVER_PROGRAMS/{name}\" \"$@\"\nfi\n{otherwise}\n"
    )
}

/// Writes the programs; again and again with the same outcome.
pub(crate) fn programs(folder: &Path) -> Outcome<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let programs = folder.join("programs");
    std::fs::create_dir_all(&programs)?;
    std::fs::create_dir_all(folder.join("servers"))?;
    for (name, otherwise) in PROGRAMS {
        // Put in place as a whole: others may just be running it.
        let new = programs.join(format!(".{name}-{:08x}", rand::random::<u32>()));
        std::fs::write(&new, script(folder, name, otherwise))?;
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755))?;
        std::fs::rename(&new, programs.join(name))?;
    }
    Ok(())
}

/// Puts the parts above into the templates and spells the YAML aliases out: KWOK reads each document on its own.
fn expand(text: &str) -> Outcome<String> {
    let mut refused = String::new();
    if let Some((_, after)) = text.split_once("steps: &refused\n") {
        refused = after.split("\n---").next().unwrap_or_default().to_owned();
    }
    let text = text.replace("steps: &refused", "steps:").replace("steps: *refused", &format!("steps:\n{refused}"));
    let mut out = String::new();
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if let Some(event) = line.trim_start().strip_prefix("@EVENT ") {
            let words: Vec<_> = event.trim_end_matches('@').split(' ').collect();
            let [kind, reason, name, _] = words[..] else { return Err(format!("not an event: {line}").into()) };
            for field in EVENT.replace("@KIND", kind).replace("@REASON", reason).replace("@NAME", name).lines() {
                out.push_str(&format!("{indent}{field}\n"));
            }
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    let out = out
        .replace("@CONDITIONS true@", READY)
        .replace("@CONDITIONS false@", NOT_READY)
        .replace("@INIT done@", INIT_DONE)
        .replace("@INIT waiting@", INIT_WAITING)
        .replace("@CONTAINER@", CONTAINER)
        .replace("@ADDRESS@", ADDRESS)
        .replace("@NOTFOUND@", NOT_FOUND)
        .replace("@HEAD@", HEAD)
        .replace("@HIT@", HIT)
        .replace("@STATE@", &STATE.replace('\'', "''"));
    Ok(out)
}

/// An event of the kubelet about this pod; told again, it is the same object.
const EVENT: &str = r#"apiVersion: v1
kind: Event
metadata: {name: {{ printf "%.200s.%.8s.@NAME" .metadata.name .metadata.uid | Quote }}, namespace: {{ .metadata.namespace | Quote }}}
type: @KIND
reason: @REASON
count: {{ $count := 1 }}{{ range .status.containerStatuses }}{{ $count = max $count (int .restartCount) }}{{ end }}{{ $count }}
firstTimestamp: {{ .metadata.creationTimestamp | Quote }}
lastTimestamp: {{ now | date "2006-01-02T15:04:05Z07:00" | Quote }}
source: {component: kubelet, host: {{ .spec.nodeName | Quote }}}
involvedObject: {apiVersion: v1, kind: Pod, name: {{ .metadata.name | Quote }}, namespace: {{ .metadata.namespace | Quote }}, uid: {{ .metadata.uid | Quote }}}"#;
