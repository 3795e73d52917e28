//! A NetworkPolicy that lets out some traffic and forgets the name service.

use serde_json::{Value, json};

use crate::lint::explain::Explanation;
use crate::lint::rendered::Seen;
use crate::lint::spots::Spot;
use crate::object::Object;

use super::{Broken, Rule, objects};

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "POLICY_WITHOUT_DNS",
        title: "a policy without DNS",
        text: "A NetworkPolicy with Egress in policyTypes forbids all that it does not name, the lookup of names too, and then no Service is found. Let port 53 out, UDP and TCP. A policy that lets nothing out at all is taken to mean it.",
    },
    judge,
};

fn judge(seen: &Seen, _: &[Spot]) -> Vec<Broken> {
    let policies = objects(seen).map(|(object, _)| object).filter(|object| object.kind() == "NetworkPolicy");
    let cut = policies.filter(|policy| cuts_dns(policy));
    let said = cut.map(|policy| {
        let what = "it restricts what goes out and leaves port 53 closed";
        Broken::new(policy.id().short(), what, "add an egress rule with the ports 53/UDP and 53/TCP")
    });
    said.collect()
}

fn cuts_dns(policy: &Object) -> bool {
    let rules = policy.list(&["spec", "egress"]);
    if rules.is_empty() {
        return false;
    }
    !rules.iter().any(|rule| match rule.get("ports").and_then(Value::as_array) {
        None => true,
        Some(ports) => ports.is_empty() || ports.iter().any(lets_dns),
    })
}

fn lets_dns(port: &Value) -> bool {
    let first = port.get("port").and_then(Value::as_i64);
    let last = port.get("endPort").and_then(Value::as_i64).or(first);
    port.get("protocol") == Some(&json!("UDP"))
        && (port.get("port").is_none()
            || (first <= Some(53) && last >= Some(53))
            || port.get("port") == Some(&json!("dns")))
}
