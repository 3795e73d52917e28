//! The types of answers.

use indexmap::IndexMap;

use super::Question;

/// Type of an answer (language.md "Types").
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// One line of text.
    Text,
    /// Several lines.
    Multiline,
    /// A secret.
    Secret,
    /// One of several.
    Choice(IndexMap<String, String>),
    /// Several of several.
    Choices(IndexMap<String, String>),
    /// Yes or no.
    YesNo,
    /// A whole number between two bounds.
    Number {
        /// Least.
        min: Option<i64>,
        /// Most.
        max: Option<i64>,
    },
    /// A port, 1 to 65535.
    Port,
    /// A Kubernetes quantity.
    Quantity,
    /// A duration such as `90s` or `10m`.
    Duration,
    /// A host name (RFC 1123).
    Host,
    /// A URL with one of the schemes; any where the list is empty.
    Url {
        /// Schemes.
        schemes: Vec<String>,
    },
    /// Name of a StorageClass.
    StorageClass,
    /// Name of an IngressClass.
    IngressClass,
    /// `{kind, name}` of a cert-manager issuer.
    Issuer,
    /// `{name, keys}` of a Secret that exists.
    ExistingSecret,
    /// A list of one type.
    List(Box<Kind>),
    /// A list of items with fields.
    Items {
        /// The field that identifies an item.
        key: String,
        /// The fields.
        fields: Vec<Question>,
    },
    /// Text to text.
    Map,
    /// A Kubernetes structure, by the name of its schema.
    Object {
        /// Such as `io.k8s.api.core.v1.Affinity`.
        schema: String,
    },
}

impl Kind {
    /// Its name in the language.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Multiline => "multiline",
            Self::Secret => "secret",
            Self::Choice(_) => "choice",
            Self::Choices(_) => "choices",
            Self::YesNo => "yesno",
            Self::Number { .. } => "number",
            Self::Port => "port",
            Self::Quantity => "quantity",
            Self::Duration => "duration",
            Self::Host => "host",
            Self::Url { .. } => "url",
            Self::StorageClass => "storageClass",
            Self::IngressClass => "ingressClass",
            Self::Issuer => "issuer",
            Self::ExistingSecret => "existingSecret",
            Self::List(_) | Self::Items { .. } => "list",
            Self::Map => "map",
            Self::Object { .. } => "object",
        }
    }
}
