//! Shapes of text that the published schemas do not tell, because the API server checks them in code.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/> and the validation of each kind; only
//! what has been the same in every supported version stands here.

/// A form that a text (or a number) must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// RFC 1123 label: a container, a volume, a namespace.
    Label,
    /// RFC 1123 subdomain: most names of objects.
    Subdomain,
    /// RFC 1035 label: a Service in versions that do not yet take a digit first.
    ServiceName,
    /// A segment of a URL path: names of RBAC objects.
    PathSegment,
    /// A named port, at most 15 characters.
    PortName,
    /// A port by number or by name.
    Port,
    /// A number or a share: `1` or `25%`.
    CountOrShare,
    /// The name of an environment variable.
    Variable,
    /// A key of a ConfigMap or Secret.
    DataKey,
    /// `app.kubernetes.io/name`: the key of a label or annotation.
    QualifiedName,
    /// The value of a label.
    LabelValue,
    /// A port by number.
    PortNumber,
}

impl Shape {
    /// What to write, for a message; with an example.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Label => {
                "lower-case letters, digits and -, beginning and ending with a letter or digit, at most 63, such as web-1"
            }
            Self::Subdomain => {
                "lower-case letters, digits, - and ., beginning and ending with a letter or digit, at most 253, such as web.example"
            }
            Self::ServiceName => {
                "lower-case letters, digits and -, beginning with a letter and ending with a letter or digit, at most 63, such as web-1"
            }
            Self::PathSegment => "a name without / and %, and not . or .., such as web:reader",
            Self::PortName => "at most 15 lower-case letters, digits and single -, one letter at least, such as http",
            Self::Port => "a number from 1 to 65535, or the name of a port, such as http",
            Self::CountOrShare => "a whole number, or a share such as 25%",
            Self::Variable => "printable characters without =, such as DATABASE_URL",
            Self::DataKey => "letters, digits, -, _ and ., at most 253, such as config.yaml",
            Self::QualifiedName => {
                "an optional domain and /, then at most 63 letters, digits, -, _ and ., such as app.kubernetes.io/name"
            }
            Self::LabelValue => {
                "at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit, such as v1.2"
            }
            Self::PortNumber => "a number from 1 to 65535",
        }
    }

    /// Whether a text has this shape.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Label => label(text),
            Self::Subdomain => subdomain(text),
            Self::ServiceName => label(text) && text.starts_with(|c: char| c.is_ascii_lowercase()),
            Self::PathSegment => !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '%']),
            Self::PortName => port_name(text),
            Self::Port => port_name(text),
            Self::CountOrShare => text
                .strip_suffix('%')
                .is_some_and(|share| !share.is_empty() && share.bytes().all(|c| c.is_ascii_digit())),
            Self::Variable => !text.is_empty() && text.bytes().all(|c| (0x20..0x7f).contains(&c) && c != b'='),
            Self::DataKey => {
                !text.is_empty()
                    && text.len() <= 253
                    && text != "."
                    && !text.starts_with("..")
                    && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
            }
            Self::QualifiedName => match text.split_once('/') {
                Some((domain, name)) => subdomain(domain) && !name.is_empty() && label_value(name),
                None => !text.is_empty() && label_value(text),
            },
            Self::LabelValue => label_value(text),
            Self::PortNumber => false,
        }
    }

    /// Whether a whole number has this shape.
    pub(super) fn fits_number(self, number: i64) -> bool {
        match self {
            Self::Port | Self::PortNumber => (1..=65535).contains(&number),
            Self::CountOrShare => number >= 0,
            _ => true,
        }
    }
}

fn label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Parts may be longer than 63 here: Kubernetes' own check looks at the whole length alone.
fn subdomain(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        })
}

fn port_name(text: &str) -> bool {
    (1..=15).contains(&text.len())
        && label(text)
        && !text.contains("--")
        && text.bytes().any(|c| c.is_ascii_lowercase())
}

fn label_value(text: &str) -> bool {
    text.is_empty()
        || text.len() <= 63
            && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// The shape of a field of a definition (`io.k8s.api.core.v1.Container`, `name`).
pub(super) fn of_field(definition: &str, field: &str) -> Option<Shape> {
    let short = definition.strip_prefix("io.k8s.api.")?;
    Some(match (short, field) {
        ("core.v1.Container" | "core.v1.EphemeralContainer" | "core.v1.Volume" | "core.v1.ServicePort", "name") => {
            Shape::Label
        }
        ("core.v1.ContainerPort", "name") => Shape::PortName,
        ("core.v1.ContainerPort", "containerPort") | ("core.v1.ServicePort", "port") => Shape::PortNumber,
        ("core.v1.ServicePort", "targetPort")
        | ("core.v1.HTTPGetAction" | "core.v1.TCPSocketAction", "port")
        | ("networking.v1.NetworkPolicyPort", "port") => Shape::Port,
        ("networking.v1.ServiceBackendPort", "name") => Shape::PortName,
        ("networking.v1.ServiceBackendPort", "number") => Shape::PortNumber,
        ("core.v1.EnvVar", "name") => Shape::Variable,
        ("core.v1.SecretKeySelector" | "core.v1.ConfigMapKeySelector" | "core.v1.KeyToPath", "key") => Shape::DataKey,
        ("core.v1.PodSpec", "serviceAccountName") => Shape::Subdomain,
        ("policy.v1.PodDisruptionBudgetSpec", "minAvailable" | "maxUnavailable")
        | ("apps.v1.RollingUpdateDeployment" | "apps.v1.RollingUpdateDaemonSet", "maxSurge" | "maxUnavailable")
        | ("apps.v1.RollingUpdateStatefulSetStrategy", "maxUnavailable") => Shape::CountOrShare,
        _ => return None,
    })
}

/// The shapes of the keys and values of a field that is a map.
pub(super) fn of_map(definition: &str, field: &str) -> (Option<Shape>, Option<Shape>) {
    match (definition, field) {
        ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "labels")
        | ("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector", "matchLabels")
        | ("io.k8s.api.core.v1.PodSpec", "nodeSelector") => (Some(Shape::QualifiedName), Some(Shape::LabelValue)),
        ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "annotations") => (Some(Shape::QualifiedName), None),
        ("io.k8s.api.core.v1.Secret", "data" | "stringData")
        | ("io.k8s.api.core.v1.ConfigMap", "data" | "binaryData") => (Some(Shape::DataKey), None),
        _ => (None, None),
    }
}

/// The shape of `metadata.name`.
pub(super) fn of_name(api_version: &str, kind: &str) -> Shape {
    match (api_version.split_once('/').map_or("", |(group, _)| group), kind) {
        ("", "Service") => Shape::ServiceName,
        ("", "Namespace") => Shape::Label,
        ("rbac.authorization.k8s.io", _) => Shape::PathSegment,
        _ => Shape::Subdomain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_takes_what_the_api_server_takes_and_nothing_else() {
        let long = "a".repeat(64);
        for (shape, good, bad) in [
            (Shape::Label, vec!["a", "web-1", "1web"], vec!["", "Web", "-a", "a-", "a.b", "a_b", long.as_str(), "ä"]),
            (
                Shape::Subdomain,
                vec!["a", "a.b", "1.2", "web-1.example"],
                vec!["", "A", "a..b", ".a", "a.", "a.-b", "a_b"],
            ),
            (Shape::ServiceName, vec!["a", "web-1"], vec!["1web", "a.b", "", "-a"]),
            (Shape::PathSegment, vec!["system:node", "a.b", "A"], vec!["", ".", "..", "a/b", "a%b"]),
            (
                Shape::PortName,
                vec!["http", "h2c-1", "a"],
                vec!["", "80", "http--x", "a-name-too-long-", "sixteen-letters-", "HTTP"],
            ),
            (Shape::Port, vec!["http"], vec!["8288", "", "http_1"]),
            (Shape::CountOrShare, vec!["25%", "0%"], vec!["25", "%", "a%", "2.5%", "-1%"]),
            (Shape::Variable, vec!["A_B", "a.b", "1", "a b"], vec!["", "A=B", "Ä", "a\nb"]),
            (Shape::DataKey, vec!["a", "config.yaml", ".hidden", "A_b-c"], vec!["", ".", "..", "..a", "a/b", "a b"]),
            (
                Shape::QualifiedName,
                vec!["app", "app.kubernetes.io/name", "A_b"],
                vec!["", "/a", "a/", "a/b/c", "A.io/x", "-a", "a b"],
            ),
            (Shape::LabelValue, vec!["", "v1.2", "A_b"], vec!["-a", "a-", "a b", "a/b", long.as_str()]),
        ] {
            good.iter().for_each(|text| assert!(shape.fits(text), "{shape:?} must take {text:?}"));
            bad.iter().for_each(|text| assert!(!shape.fits(text), "{shape:?} must refuse {text:?}"));
        }
        assert!(Shape::Port.fits_number(1) && Shape::Port.fits_number(65535));
        assert!(!Shape::Port.fits_number(0) && !Shape::PortNumber.fits_number(65536));
    }
}
