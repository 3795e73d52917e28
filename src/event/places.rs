//! What a run leaves behind that somebody will ask for: keys and the product's own door. Names, never values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a key is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyPlace {
    /// Name of the Secret, in the release's namespace.
    pub secret: String,
    /// Its key in the Secret.
    pub key: String,
}

/// The Service that answers for the product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServicePlace {
    /// Name of the Service, in the release's namespace.
    pub service: String,
    /// Name or number of its port.
    pub port: String,
}
