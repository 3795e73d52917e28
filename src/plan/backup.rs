//! What of a release is backed up, and how (cluster.md 5 "Backup", "Restore"): the databases that its product and components
//! name, the commands that dump and load them, and the manifest that says what a backup holds. Pure.
//!
//! No command holds a secret: a database's own pod trusts its local socket, any other pod reads the password out of the
//! Secret that the product names.

pub mod client;
pub mod fetch;
pub mod job;
pub mod snapshot;
pub mod writers;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::product::world::World;

/// A kind of database that can be backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// PostgreSQL, dumped in its custom format.
    Postgresql,
    /// Redis and what speaks like it, dumped as an RDB file.
    Redis,
}

impl Kind {
    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Postgresql => "PostgreSQL",
            Self::Redis => "Redis",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Postgresql => "pgdump",
            Self::Redis => "rdb",
        }
    }
}

/// An entry of a Secret in the release's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretEntry {
    /// Name of the Secret.
    pub secret: String,
    /// The key in it.
    pub key: String,
}

/// One database of a release (`backup:` of the product or a component, evaluated).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Its group: the component or manifests file; in a pod of it the dump is made, where it has one.
    pub group: String,
    /// What it is.
    pub kind: Kind,
    /// Name of the database (PostgreSQL).
    #[serde(default)]
    pub database: String,
    /// Who owns it.
    #[serde(default)]
    pub user: String,
    /// Host name of the server, for who asks over the network.
    #[serde(default)]
    pub host: String,
    /// Its port.
    #[serde(default)]
    pub port: u16,
    /// Where the password is.
    #[serde(default)]
    pub password: Option<SecretEntry>,
    /// Where the connection URL is, of a server that is not the release's own; it holds all of the above.
    #[serde(default)]
    pub url: Option<SecretEntry>,
    /// Image with the client.
    #[serde(default)]
    pub image: String,
    /// Secrets that the images of the release are pulled with: the client's may be in the same registry.
    #[serde(default)]
    pub pull_secrets: Vec<String>,
}

impl Source {
    /// Name of its file in a backup.
    pub fn file(&self) -> String {
        format!("{}.{}", self.group, self.kind.ending())
    }

    /// What it is, for people: `database (PostgreSQL inngest)`.
    pub fn title(&self) -> String {
        let name = if self.database.is_empty() { String::new() } else { format!(" {}", self.database) };
        format!("{} ({}{name})", self.group, self.kind.title())
    }

    /// It is a server outside of the release: a client's pod is needed to ask it.
    pub fn is_external(&self) -> bool {
        self.url.is_some()
    }

    /// Arguments of PostgreSQL's programs. `within`: in the database's own pod, over the local socket.
    pub(crate) fn postgres_arguments(&self, within: bool, database: &str) -> String {
        if self.url.is_some() {
            // A URI's database is replaced by putting another connection string behind it.
            return match database == self.database {
                true => "-d \"$DATABASE_URL\"".into(),
                false => format!(
                    "-d \"$(printf %s \"$DATABASE_URL\" | sed -E 's#^([a-z]+://[^/?]*)(/[^?]*)?#\\1/{database}#')\""
                ),
            };
        }
        let user = quoted(&self.user);
        let host = if within { String::new() } else { format!("-h {} -p {} ", quoted(&self.host), self.port) };
        format!("{host}-U {user} -d {}", quoted(database))
    }

    /// Servers of some makings ask for a password on the local socket too: their pods hold it.
    fn own_password(&self, within: bool) -> &'static str {
        match within && self.url.is_none() {
            true => "export PGPASSWORD=\"${PGPASSWORD:-${POSTGRES_PASSWORD:-}}\"; ",
            false => "",
        }
    }

    pub(crate) fn redis_arguments(&self, within: bool) -> String {
        if self.url.is_some() {
            return "--no-auth-warning -u \"$DATABASE_URL\"".into();
        }
        let host = if within { String::new() } else { format!("-h {} ", quoted(&self.host)) };
        format!("{host}-p {}", self.port)
    }

    fn script(&self, script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_string).to_vec()
    }

    /// A command that prints its size in bytes: of the data, which a dump rarely exceeds.
    pub fn size(&self, within: bool) -> Vec<String> {
        match self.kind {
            Kind::Postgresql => self.script(&format!(
                "{}exec psql -w -AXtq {} -c 'select pg_database_size(current_database())'",
                self.own_password(within),
                self.postgres_arguments(within, &self.database)
            )),
            // It ends well whatever the server answers: what is no size is told, and is a failure.
            Kind::Redis => self.script(&format!(
                "said=\"$(redis-cli {} info memory 2>&1 || true)\"; printf '%s\\n' \"$said\" | sed -n 's/^used_memory:\\([0-9]*\\).*/\\1/p' | grep . || {{ printf '%s\\n' \"$said\" >&2; exit 1; }}",
                self.redis_arguments(within)
            )),
        }
    }

    /// A command that prints the server's version.
    pub fn version(&self, within: bool) -> Vec<String> {
        match self.kind {
            Kind::Postgresql => self.script(&format!(
                "{}exec psql -w -AXtq {} -c 'show server_version'",
                self.own_password(within),
                self.postgres_arguments(within, &self.database)
            )),
            Kind::Redis => self.script(&format!(
                "redis-cli {} info server | sed -n 's/^redis_version:\\([0-9.]*\\).*/\\1/p'",
                self.redis_arguments(within)
            )),
        }
    }

    /// A command that writes the dump to its standard output.
    pub fn dump(&self, within: bool) -> Vec<String> {
        match self.kind {
            Kind::Postgresql => self.script(&format!(
                "{}exec pg_dump -w -Fc --lock-wait-timeout=60s {}",
                self.own_password(within),
                self.postgres_arguments(within, &self.database)
            )),
            Kind::Redis => self.script(&format!("exec redis-cli {} --rdb -", self.redis_arguments(within))),
        }
    }

    /// A command that reads a whole dump of `bytes` from its standard input, and fails where it is not sound.
    pub fn check(&self, bytes: u64) -> Vec<String> {
        match self.kind {
            // The output is thrown away: every block is read and unpacked on the way.
            Kind::Postgresql => self.script(&format!("head -c {bytes} | pg_restore -f /dev/null")),
            Kind::Redis => self.script(&format!("test \"$(head -c {bytes} | wc -c)\" -eq {bytes}")),
        }
    }
}

/// Text as one word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/=,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_string()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The databases of a release, in the author's order.
///
/// # Errors
/// An entry that cannot be evaluated, or of a kind that is not known here.
pub fn sources(world: &World<'_>) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for backup in &world.product.backup {
        let faulty = |why: String| {
            Failure::new(FailureKind::Invalid, format!("a backup of {} cannot be understood", world.product.title))
                .place(backup.item.place.to_string())
                .why(why)
                .state(NOTHING_WRITTEN)
        };
        let scope = world.scope(&backup.scope);
        let made = scope.backup(&backup.item).map_err(|fault| faulty(fault.to_string()))?;
        let Some(mut made) = made else { continue };
        if let (Some(Value::String(group)), Some(component)) = (made.get_mut("group"), &backup.scope)
            && group == "self"
        {
            group.clone_from(component);
        }
        let source: Source = serde_json::from_value(made).map_err(|error| faulty(error.to_string()))?;
        sources.push(source);
    }
    Ok(sources)
}

/// Version of the manifest that is written here; a newer one is refused.
pub const FORMAT: u32 = 1;

/// Name of the manifest in a backup: it is written last, so that a backup without it is not whole.
pub const MANIFEST: &str = "backup.json";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Name of the product.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Name of the release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// When it was begun, RFC 3339.
    pub made: String,
    /// All its parts are of one moment: there is only one, or nobody wrote meanwhile.
    pub consistent: bool,
    /// The dumps.
    pub parts: Vec<Part>,
}

/// One dump of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Part {
    /// The group that it is of.
    pub group: String,
    /// `postgresql` or `redis`.
    pub kind: String,
    /// Name of the database.
    pub database: String,
    /// The server's version.
    pub server: String,
    /// Name of the file, beside the manifest.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it, in hex.
    pub sha256: String,
    /// The size of the data that it was made from, as the server said it.
    pub size: u64,
}

/// Bytes for people: `1.2 GB`.
pub fn words(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// Whether a part may be restored into a source, and if not, why.
///
/// # Errors
/// It is of another product, kind or database.
pub fn fits(manifest: &Manifest, part: &Part, product: &str, source: &Source) -> Result<(), String> {
    if manifest.product != product {
        return Err(format!("it is a backup of {}, and this is {product}", manifest.product));
    }
    let kind = serde_json::to_value(source.kind).ok().and_then(|kind| kind.as_str().map(str::to_string));
    if kind.as_deref() != Some(part.kind.as_str()) {
        return Err(format!("{} holds {}, and {} is {}", part.file, part.kind, source.group, source.kind.title()));
    }
    // Of a server outside the database's name is in its URL, which is not read here.
    if !source.database.is_empty() && !part.database.is_empty() && part.database != source.database {
        return Err(format!(
            "{} holds the database {}, and the one of {} is {}",
            part.file, part.database, source.group, source.database
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
