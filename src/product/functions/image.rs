//! `image(repository, tag)` and `image(reference)`: the reference of an image, from the registry that the operator named.

use cel::extractors::Arguments;
use cel::{Context, DeclarationError, ExecutionError};

use super::fault;

/// The name that `image` reads: the answer that rewrites registries.
pub const REGISTRY: &str = "registry";

pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    // The last argument is the answer `registry`, added when the expression is read.
    context.add_function("image", |Arguments(args): Arguments| -> Result<cel::Value, ExecutionError> {
        let texts: Option<Vec<Option<&str>>> = args
            .iter()
            .map(|arg| match arg {
                cel::Value::String(text) => Some(Some(text.as_str())),
                cel::Value::Null => Some(None),
                _ => None,
            })
            .collect();
        let made = texts.as_deref().and_then(of);
        let wrong = || fault("image", "takes a repository and a tag, or a whole reference, as text");
        made.map(Into::into).ok_or_else(wrong)
    })
}

/// What `image` comes to with these arguments, the registry last; none where they are not what it takes.
pub(in crate::product) fn of(args: &[Option<&str>]) -> Option<String> {
    match args {
        [Some(whole), registry] => Some(reference(whole, *registry)),
        [Some(repository), Some(tag), registry] => Some(reference(&format!("{repository}:{tag}"), *registry)),
        _ => None,
    }
}

/// A reference, taken from another registry where one is named: the host is replaced, the path stays.
pub fn reference(whole: &str, registry: Option<&str>) -> String {
    let Some(registry) =
        registry.map(|registry| registry.trim_end_matches('/')).filter(|registry| !registry.is_empty())
    else {
        return whole.to_string();
    };
    let path = match whole.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => whole,
    };
    format!("{registry}/{path}")
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn the_host_is_replaced_and_the_path_stays() {
        for (whole, registry, wanted) in [
            ("postgres:17", None, "postgres:17"),
            ("postgres:17", Some("r.example.com/mirror/"), "r.example.com/mirror/postgres:17"),
            ("inngest/inngest:v1", Some("r.example.com"), "r.example.com/inngest/inngest:v1"),
            ("ghcr.io/a/b:1", Some("r.example.com"), "r.example.com/a/b:1"),
            ("localhost:5000/b@sha256:ab", Some("r"), "r/b@sha256:ab"),
            ("ghcr.io/a/b:1", Some(""), "ghcr.io/a/b:1"),
        ] {
            assert_eq!(reference(whole, registry), wanted);
        }
    }
}
