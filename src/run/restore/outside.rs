//! What a restore into a server outside of the release needs to know beforehand: which database it is, and whether the role
//! may make another one beside it.

use crate::apply::backup::Door;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::backup::Source;
use crate::plan::restore::{self, identifier};
use crate::run::databases::Databases;

/// Asks for the database, the role, whether that makes databases, and whether the database is its own.
const ASK: &str = "select current_database() || chr(10) || current_user || chr(10) || (rolcreatedb or rolsuper) || chr(10) || \
    pg_has_role(current_user, datdba, 'member') from pg_roles, pg_database \
    where rolname = current_user and datname = current_database();\n";

/// The source with the names that its URL alone may hold.
///
/// # Errors
/// The server does not answer, or its role may not do it: what has to be granted is said.
pub(super) async fn may_restore(databases: &Databases, door: &Door, source: &Source) -> Result<Source, Failure> {
    let what = format!("{} does not answer", source.title());
    let command = restore::sql(source, door.within, &source.database, ASK.len());
    let said = door.ask_with(&databases.cluster, &command, ASK.as_bytes(), &what).await?;
    understand(&said, source).map_err(|failure| failure.state(NOTHING_WRITTEN))
}

fn understand(said: &str, source: &Source) -> Result<Source, Failure> {
    let lines: Vec<&str> = said.lines().collect();
    let [database, role, makes, owns] = lines[..] else {
        return Err(Failure::new(FailureKind::Deployment, format!("{} cannot be asked", source.title()))
            .why(format!("it answered {said:?}")));
    };
    let refused = |why: String, grant: String| {
        Failure::new(FailureKind::Refused, format!("{} cannot be restored from here", source.title()))
            .why(why)
            .hint(format!("let its operator say: {grant}"))
    };
    if makes != "true" {
        let grant = format!("alter role {} createdb;", identifier(role));
        let why = format!("its role {role} may not make databases, and the dump goes into a new one beside the old");
        return Err(refused(why, grant));
    }
    if owns != "true" {
        let grant = format!("alter database {} owner to {};", identifier(database), identifier(role));
        return Err(refused(
            format!("the database {database} is not its role {role}'s, who so cannot rename it"),
            grant,
        ));
    }
    Ok(Source { database: database.into(), user: role.into(), ..source.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_role_may_not_do_is_told_with_what_to_grant() {
        let source: Source = serde_json::from_value(serde_json::json!({
            "group": "database", "kind": "postgresql", "url": {"secret": "s", "key": "url"}, "image": "postgres:17"}))
        .unwrap();
        let known = understand("events\nana\ntrue\ntrue", &source).unwrap();
        assert_eq!((known.database.as_str(), known.user.as_str()), ("events", "ana"));
        let grant = |said| understand(said, &source).unwrap_err().hints.join("");
        assert!(grant("events\nan\"a\nfalse\ntrue").contains("alter role \"an\"\"a\" createdb;"));
        assert!(grant("events\nana\ntrue\nfalse").contains("alter database \"events\" owner to \"ana\";"));
        assert!(understand("1", &source).is_err());
    }
}
