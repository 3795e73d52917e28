//! URLs of databases: `postgresUrl`, `redisUrl`, `mongoUrl` make one from its parts, percent-encoded; `urlHost` and
//! `urlPort` read one, and what they say is clean.

use std::sync::Arc;

use cel::{Context, DeclarationError, ExecutionError};
use serde_json::Value;

use super::{fault, text};
use crate::product::expression::EvaluationFault;
use crate::sanitize::percent_encoded;

pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    for (name, scheme, port) in
        [("postgresUrl", "postgres", 5432), ("redisUrl", "redis", 6379), ("mongoUrl", "mongodb", 27017)]
    {
        context.add_function(name, move |parts: cel::Value| -> Result<cel::Value, ExecutionError> {
            compose(&parts, scheme, port).map(cel::Value::from).map_err(|message| fault(name, message))
        })?;
    }
    // Inside a macro, where they cannot be set apart, they are ordinary functions.
    context.add_function("urlHost", |url: Arc<String>| -> Result<cel::Value, ExecutionError> {
        split(&url).map(|(host, _)| host.into()).map_err(|message| fault("urlHost", message))
    })?;
    context.add_function("urlPort", |url: Arc<String>| -> Result<i64, ExecutionError> {
        split(&url).map(|(_, port)| port).map_err(|message| fault("urlPort", message))
    })
}

fn part(map: &cel::objects::Map, key: &str) -> Option<String> {
    match map.get(&cel::objects::Key::from(key))? {
        cel::Value::String(text) if !text.is_empty() => Some(text.to_string()),
        cel::Value::Int(int) => Some(int.to_string()),
        _ => None,
    }
}

fn compose(parts: &cel::Value, scheme: &str, port_of_scheme: u16) -> Result<String, String> {
    let cel::Value::Map(map) = parts else { return Err("takes one map of parts".into()) };
    for key in map.map.keys() {
        // A misspelt part would be left out in silence, a password for one.
        let known = ["scheme", "user", "password", "host", "port", "database", "params"];
        if !matches!(key, cel::objects::Key::String(key) if known.contains(&key.as_str())) {
            return Err(format!("there is no such part; the parts are {}", known.join(", ")));
        }
    }
    let host = part(map, "host").ok_or("the host is missing")?;
    if host.contains(['/', '@', '?', '#', ' ']) {
        return Err("the host holds a character that no host has".into());
    }
    let host = if host.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{host}]") } else { host };
    let scheme = part(map, "scheme").unwrap_or_else(|| scheme.to_string());
    // A list of hosts names its own ports, and so does the record that +srv asks for: drivers refuse another.
    let own_ports = host.contains(',') || scheme.ends_with("+srv");
    let port = match part(map, "port") {
        Some(_) if own_ports => return Err("a list of hosts and +srv take no port".into()),
        None if own_ports => String::new(),
        port => format!(":{}", port.unwrap_or_else(|| port_of_scheme.to_string())),
    };
    let user = part(map, "user").map(|user| percent_encoded(&user)).unwrap_or_default();
    let login = match part(map, "password") {
        Some(password) => format!("{user}:{}@", percent_encoded(&password)),
        None if user.is_empty() => String::new(),
        None => format!("{user}@"),
    };
    let database = part(map, "database").map(|name| format!("/{}", percent_encoded(&name))).unwrap_or_default();
    let params = match map.get(&cel::objects::Key::from("params")) {
        Some(cel::Value::Map(params)) => {
            let mut pairs: Vec<(String, String)> = Vec::new();
            for (key, value) in params.map.iter() {
                let (cel::objects::Key::String(key), cel::Value::String(value)) = (key, value) else {
                    return Err("params must be a map of text to text".into());
                };
                pairs.push((percent_encoded(key), percent_encoded(value)));
            }
            pairs.sort();
            let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
            if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
        }
        _ => String::new(),
    };
    Ok(format!("{scheme}://{login}{host}{port}{database}{params}"))
}

/// Host of a URL; null of null.
pub fn host(url: &Value) -> Result<Value, EvaluationFault> {
    if url.is_null() {
        return Ok(Value::Null);
    }
    split(text(url, "a URL")?).map(|(host, _)| Value::from(host)).map_err(EvaluationFault::new)
}

/// Port of a URL, that of its scheme where it names none; null of null.
pub fn port(url: &Value) -> Result<Value, EvaluationFault> {
    if url.is_null() {
        return Ok(Value::Null);
    }
    split(text(url, "a URL")?).map(|(_, port)| Value::from(port)).map_err(EvaluationFault::new)
}

fn split(url: &str) -> Result<(String, i64), String> {
    let (scheme, rest) = url.split_once("://").ok_or("not a URL: it has no scheme such as postgres://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    let (host, port) = match address.strip_prefix('[') {
        Some(v6) => {
            let (host, after) = v6.split_once(']').ok_or("the address in brackets is not closed")?;
            (host, after.strip_prefix(':'))
        }
        // A list of hosts (mongodb, libpq): the first one stands for all.
        None => {
            let first = address.split(',').next().unwrap_or(address);
            first.split_once(':').map_or((first, None), |(host, port)| (host, Some(port)))
        }
    };
    if host.is_empty() {
        return Err("the URL names no host".into());
    }
    let port = match port {
        Some(port) => port.parse::<u16>().map_err(|_| "the port is not a number up to 65535")?,
        // `postgresql+asyncpg` names a driver after its scheme; `mongodb+srv` is a scheme of its own.
        None => match scheme.split_once('+').map_or(scheme, |(protocol, _driver)| protocol) {
            "postgres" | "postgresql" => 5432,
            "redis" | "rediss" => 6379,
            "mongodb" => 27017,
            "http" => 80,
            "https" => 443,
            _ => return Err("the URL names no port, and its scheme has none of its own".into()),
        },
    };
    Ok((host.to_string(), i64::from(port)))
}

#[cfg(test)]
mod tests {
    use super::{compose, split};

    #[test]
    fn host_and_port_are_read_past_logins_lists_and_brackets() {
        for (url, host, port) in [
            ("postgres://u:p@db.example.com:6543/x?a=b", "db.example.com", 6543),
            ("postgresql://db/x", "db", 5432),
            ("rediss://:p%40@[::1]:7000", "::1", 7000),
            ("mongodb://a:1,b:2/x", "a", 1),
            ("mongodb+srv://u:p@c.example.com/x", "c.example.com", 27017),
            ("postgresql+asyncpg://u:p@db.example.com/x?ssl=require", "db.example.com", 5432),
            ("redis+cluster://:p@r.example.com", "r.example.com", 6379),
            ("https://app.example.com/api", "app.example.com", 443),
        ] {
            assert_eq!(split(url), Ok((host.to_string(), port)), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for url in ["hunter2", "x://", "gopher://h", "postgres://h:99999"] {
            let fault = split(url).unwrap_err();
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }

    fn made(scheme: &str, parts: &[(&str, &str)]) -> Result<String, String> {
        let map: std::collections::HashMap<String, cel::Value> =
            parts.iter().map(|(key, value)| (key.to_string(), cel::Value::from(*value))).collect();
        compose(&cel::Value::from(map), scheme, 5432)
    }

    #[test]
    fn lists_of_hosts_and_srv_name_no_port_and_unknown_parts_are_refused() {
        assert_eq!(made("mongodb", &[("host", "a:1,b:2")]).unwrap(), "mongodb://a:1,b:2");
        assert_eq!(made("mongodb", &[("host", "a"), ("scheme", "mongodb+srv")]).unwrap(), "mongodb+srv://a");
        assert_eq!(made("postgres", &[("host", "::1")]).unwrap(), "postgres://[::1]:5432");
        assert!(made("mongodb", &[("host", "a,b"), ("port", "1")]).is_err());
        assert!(made("postgres", &[("host", "a"), ("passwd", "x")]).unwrap_err().contains("password"));
    }

    proptest::proptest! {
        #[test]
        fn no_login_changes_where_a_url_points_and_each_reads_back(user in "\\PC{1,20}", password in "\\PC{1,20}") {
            let url = made("postgres", &[("host", "db.example.com"), ("user", &user), ("password", &password)]).unwrap();
            let read: http::Uri = url.parse().unwrap();
            proptest::prop_assert_eq!(read.host(), Some("db.example.com"));
            proptest::prop_assert_eq!(read.port_u16(), Some(5432));
            let login = read.authority().unwrap().as_str().rsplit_once('@').unwrap().0;
            let (one, two) = login.split_once(':').unwrap();
            proptest::prop_assert_eq!(decoded(one), user);
            proptest::prop_assert_eq!(decoded(two), password);
        }
    }

    fn decoded(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let hex = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    }
}
