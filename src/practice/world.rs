//! Everything that a practice cluster is at a moment: the store, the clock, the scenario, and what controllers remember.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{Clock, seconds};
use super::kinds::{self, Kind};
use super::pods::Life;
use super::scenario::Scenario;
use super::store::{Key, Store};
use super::validate::UnknownFields;
use crate::object::Object;

/// The cluster.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) scenario: Scenario,
    /// Knows the fields of each kind.
    pub(crate) fields: Option<UnknownFields>,
    /// Where each pod is on its way, by UID.
    pub(crate) lives: BTreeMap<String, Life>,
    /// Counts what is made, for UIDs, names and addresses.
    pub(crate) made: u64,
    /// Makes UIDs of one cluster differ from those of the next.
    pub(crate) seed: u64,
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The next number, and 64 bits that look random and are the same for the same seed.
    fn next(&mut self) -> (u64, u64) {
        self.made += 1;
        // splitmix64
        let mut bits = self.seed.wrapping_add(self.made.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (self.made, bits ^ (bits >> 31))
    }

    pub(crate) fn uid(&mut self) -> String {
        let (_, high) = self.next();
        let (_, low) = self.next();
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff
        )
    }

    /// Five letters, as generated names end.
    pub(crate) fn suffix(&mut self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let (_, mut bits) = self.next();
        let mut suffix = String::new();
        for _ in 0..5 {
            let pick = usize::try_from(bits % LETTERS.len() as u64).unwrap_or(0);
            suffix.push(char::from(LETTERS[pick]));
            bits /= LETTERS.len() as u64;
        }
        suffix
    }

    /// Two bytes of an address.
    pub(crate) fn address(&mut self) -> (u64, u64) {
        let (made, _) = self.next();
        ((made / 250) % 250, made % 250 + 1)
    }

    /// Makes an object on behalf of a controller, unless it is there.
    pub(crate) fn make(&mut self, kind: &Kind, mut object: Object) -> Option<Arc<Object>> {
        let key = Key::new(&kind.table(), object.namespace(), object.name());
        if self.store.get(&key).is_some() {
            return None;
        }
        object.set(&["apiVersion"], kind.api_version().into());
        object.set(&["kind"], kind.kind.as_str().into());
        object.set(&["metadata", "uid"], self.uid().into());
        object.set(&["metadata", "creationTimestamp"], seconds(self.now()).into());
        if kind.fields.iter().any(|field| field == "spec") && kind.has("status") {
            object.set(&["metadata", "generation"], 1.into());
        }
        super::defaults::fill(kind, &mut object);
        Some(self.store.put(key, object))
    }

    /// Makes an object of a built-in kind.
    pub(crate) fn make_built_in(&mut self, group: &str, kind: &str, object: Value) -> Option<Arc<Object>> {
        let kind = kinds::by_name(&self.store, group, kind)?;
        self.make(&kind, Object(object))
    }

    /// Writes `change` into an object, if that changes it.
    pub(crate) fn change(&mut self, key: &Key, change: impl FnOnce(&mut Object)) {
        let Some(live) = self.store.get(key) else { return };
        let mut object = Object::clone(live);
        change(&mut object);
        if object != **live {
            self.store.put(key.clone(), object);
        }
    }

    /// Writes an event about an object unless it was written before.
    pub(crate) fn tell_once(&mut self, about: &Object, warning: bool, reason: &str, message: &str, source: &str) {
        let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
        let told = self.store.list("events", namespace).any(|event| {
            event.text(&["involvedObject", "uid"]) == about.uid()
                && event.text(&["reason"]) == reason
                && event.text(&["message"]) == message
        });
        if !told {
            self.tell(about, warning, reason, message, source);
        }
    }

    /// Writes an event about an object, or counts it again.
    pub(crate) fn tell(&mut self, about: &Object, warning: bool, reason: &str, message: &str, source: &str) {
        let now = seconds(self.now());
        let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
        let same = self.store.list("events", namespace).find(|event| {
            event.text(&["involvedObject", "uid"]) == about.uid()
                && event.text(&["reason"]) == reason
                && event.text(&["message"]) == message
        });
        if let Some(event) = same {
            let key = Key::new("events", namespace, event.name());
            self.change(&key, |event| {
                event.set(&["count"], (event.integer(&["count"]).unwrap_or(1) + 1).into());
                event.set(&["lastTimestamp"], now.into());
            });
            return;
        }
        let (_, bits) = self.next();
        let event = json!({
            "metadata": {"name": format!("{}.{bits:016x}", about.name()), "namespace": namespace},
            "involvedObject": {
                "apiVersion": about.api_version(),
                "kind": about.kind(),
                "namespace": about.namespace(),
                "name": about.name(),
                "uid": about.uid(),
                "resourceVersion": about.resource_version(),
            },
            "reason": reason,
            "message": message,
            "type": if warning { "Warning" } else { "Normal" },
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": source},
            "reportingComponent": source,
            "reportingInstance": "",
        });
        self.make_built_in("", "Event", event);
    }
}
