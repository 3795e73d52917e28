//! What a run makes beside its steps: the Namespace and the key Secret. The review lists them, and the end counts them.

use super::{Action, Plan};

impl Plan {
    /// The Namespace is none of the steps.
    pub fn namespace_beside(&self) -> bool {
        !self.lists("Namespace", &self.target.namespace)
    }

    /// There is a key Secret, and it is none of the steps.
    pub fn keys_beside(&self) -> bool {
        self.has_secrets() && !self.lists("Secret", &self.target.key_secret_name(self.keys.generation.max(1)))
    }

    /// How many objects it writes or deletes, and how many it keeps, as the review lists them.
    pub fn counted(&self) -> (usize, usize) {
        let kept = self.steps.iter().filter(|step| matches!(step.action, Action::Keep)).count();
        let keys = usize::from(self.keys_beside());
        let (made, there) = if self.keys.exists { (0, keys) } else { (keys, 0) };
        let namespace = usize::from(!self.namespace_exists && self.namespace_beside());
        (self.steps.len() - kept + namespace + made, kept + there)
    }

    fn lists(&self, kind: &str, name: &str) -> bool {
        let mut objects = self.steps.iter().map(|step| &step.wanted.object);
        objects.any(|object| object.kind() == kind && object.name() == name)
    }
}
