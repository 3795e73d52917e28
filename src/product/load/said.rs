//! Reads what a product asks of itself and says: health checks, log patterns, notes.

use super::super::expression::Template;
use super::super::node::Node;
use super::super::schema::{Health, HealthProbe, LogPattern, Note, ScopeId};
use super::Faults;
use super::fields::Fields;

pub(super) fn health(fields: &mut Fields<'_>, scope: &ScopeId, into: &mut Vec<Health>, faults: &mut Faults) {
    for node in fields.list("health", faults) {
        let Some(mut check) = Fields::of(node, "a health check", faults) else { continue };
        let when = check.expression("when", faults);
        let group = check.text("group", faults).or_else(|| scope.clone()).unwrap_or_default();
        let within_seconds = check.seconds("within", faults).unwrap_or(60);
        let probe = if let Some(http) = check.get("http") {
            http_probe(http, faults)
        } else if let Some(exec) = check.get("exec") {
            exec_probe(exec, scope, faults)
        } else {
            faults.add("MISSING", &node.place, "a health check asks by `http` or `exec`", "");
            None
        };
        check.done(faults);
        if let Some(probe) = probe {
            into.push(Health { when, group, probe, within_seconds, scope: scope.clone() });
        }
    }
}

fn http_probe(node: &Node, faults: &mut Faults) -> Option<HealthProbe> {
    let mut http = Fields::of(node, "`http`", faults)?;
    let (service, path) = (http.need_template("service", faults), http.need_template("path", faults));
    let port = http.words("port", faults);
    http.done(faults);
    let port = Template::parse(&port).ok()?;
    Some(HealthProbe::Http { service: service?, port, path: path? })
}

fn exec_probe(node: &Node, scope: &ScopeId, faults: &mut Faults) -> Option<HealthProbe> {
    let mut exec = Fields::of(node, "`exec`", faults)?;
    let group = exec.need_text("group", faults);
    let command = exec.templates("command", faults);
    exec.done(faults);
    let group = if group == "self" { scope.clone().unwrap_or(group) } else { group };
    Some(HealthProbe::Exec { group, command })
}

pub(super) fn log_patterns(fields: &mut Fields<'_>, scope: &ScopeId, into: &mut Vec<LogPattern>, faults: &mut Faults) {
    for node in fields.list("logPatterns", faults) {
        let Some(mut pattern) = Fields::of(node, "a log pattern", faults) else { continue };
        let read = LogPattern {
            when: pattern.expression("when", faults),
            matches: pattern.need_text("match", faults),
            code: pattern.need_text("code", faults),
            say: pattern.need_text("say", faults),
            remedy: pattern.text("remedy", faults).unwrap_or_default(),
            scope: scope.clone(),
        };
        pattern.done(faults);
        if let Err(fault) = regex::Regex::new(&read.matches) {
            faults.add("REGEX", &node.place, format!("`match` is not a regular expression: {fault}"), "");
        }
        into.push(read);
    }
}

pub(super) fn notes(fields: &mut Fields<'_>, into: &mut Vec<Note>, faults: &mut Faults) {
    for node in fields.list("notes", faults) {
        let Some(mut note) = Fields::of(node, "a note", faults) else { continue };
        let when = note.expression("when", faults);
        let say = note.need_template("say", faults);
        note.done(faults);
        into.extend(say.map(|say| Note { when, say, scope: None }));
    }
}
