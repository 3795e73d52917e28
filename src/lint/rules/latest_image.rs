//! An image that names no version.

use serde_json::Value;

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;

use super::{Broken, Rule, containers, name_of, objects};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "LATEST_IMAGE",
        title: "an image that names no version",
        text: "`latest`, or no tag at all, is another program after each restart, and no rollback brings the former one back. Name a version or a digest.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (object, _) in objects(seen) {
        for container in containers(object, true) {
            let image = container.get("image").and_then(Value::as_str).unwrap_or("");
            if !image.is_empty() && !names_a_version(image) {
                let at = format!("{}/{}", object.id().short(), name_of(container));
                let what = format!("the image {image} names no version");
                broken.push(Broken::new(at, what, "write a tag such as :1.2.3, or a digest"));
            }
        }
    }
    broken
}

/// Whether a reference has a digest, or a tag that is not `latest`. A colon before the last slash is a port.
fn names_a_version(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or(image);
    image.contains("@sha256:") || last.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_version_and_a_digest_is_one() {
        for (image, names) in [
            ("redis", false),
            ("redis:latest", false),
            ("registry.example.com:5000/redis", false),
            ("registry.example.com:5000/redis:7", true),
            ("redis@sha256:0123", true),
            ("redis:latest@sha256:0123", true),
        ] {
            assert_eq!(names_a_version(image), names, "{image}");
        }
    }
}
