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
        } else if let Some(sql) = check.get("sql") {
            sql_probe(sql, scope, faults)
        } else {
            faults.add("MISSING", &node.place, "a health check asks by `http`, `sql` or `exec`", "");
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
    let group = group_of(&mut exec, scope, faults);
    let command = exec.templates("command", faults);
    exec.done(faults);
    Some(HealthProbe::Exec { group, command })
}

/// A query in a pod of a PostgreSQL, over the pod's own socket, as the user, with the password and in the database that
/// its image was given. The shell hands the query on and does not read it.
const PSQL: &str =
    r#"PGPASSWORD="$POSTGRES_PASSWORD" psql -wXqAt -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "$0""#;

fn sql_probe(node: &Node, scope: &ScopeId, faults: &mut Faults) -> Option<HealthProbe> {
    let mut sql = Fields::of(node, "`sql`", faults)?;
    let group = group_of(&mut sql, scope, faults);
    let query = sql.text("query", faults).unwrap_or_else(|| "select 1".into());
    sql.done(faults);
    let command = ["sh", "-c", PSQL, &query].map(|word| Template::parse(word).ok());
    Some(HealthProbe::Exec { group, command: command.into_iter().collect::<Option<_>>()? })
}

/// The group that is asked: `self` is the component's own.
fn group_of(fields: &mut Fields<'_>, scope: &ScopeId, faults: &mut Faults) -> String {
    let group = fields.need_text("group", faults);
    if group == "self" { scope.clone().unwrap_or(group) } else { group }
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
