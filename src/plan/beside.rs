//! What a run makes beside its steps: the Namespace and the key Secret. The review lists them, and the end counts them.

use super::Plan;

impl Plan {
    /// The Namespace is none of the steps.
    pub fn namespace_beside(&self) -> bool {
        !self.lists("Namespace", &self.target.namespace)
    }

    /// There is a key Secret, and it is none of the steps.
    pub fn keys_beside(&self) -> bool {
        self.has_secrets() && !self.lists("Secret", &self.target.key_secret_name(self.keys.generation.max(1)))
    }

    fn lists(&self, kind: &str, name: &str) -> bool {
        let mut objects = self.steps.iter().map(|step| &step.wanted.object);
        objects.any(|object| object.kind() == kind && object.name() == name)
    }
}
