//! What of Membrane nobody but its operator can answer, for tests and benches.

use std::process::Command;

/// As `--set` takes it, by profile. Its secrets are variables, which [`secrets`] sets.
pub(crate) fn answers(profile: &str) -> Vec<&'static str> {
    let mut answers = vec![
        "pull.user=robot$core+acme",
        "pull.password=env:MEMBRANE_PASSWORD",
        "mongo.url=env:MEMBRANE_MONGO",
        "storage.region=eu-central-1",
        "storage.tmp=t-mp",
        "storage.connectors=c-onn",
        "storage.static=s-tat",
        "storage.staticUrl=https://static.acme.io",
        "identity.role=arn:aws:iam::123456789012:role/membrane",
    ];
    answers.extend_from_slice(match profile {
        "development" => &["smtp.host=s.acme.io", "email.from=a@acme.io"],
        "staging" => &["redis.url=env:MEMBRANE_REDIS", "exposure.host=staging.acme.io"],
        _ => &["redis.url=env:MEMBRANE_REDIS", "exposure.host=api.acme.io"],
    });
    if profile != "development" {
        answers.extend([
            "exposure.issuer=ClusterIssuer/testbed",
            "exposure.ingressClass=nginx",
            "auth0.domain=acme.auth0.com",
            "auth0.clientId=abc",
            "auth0.clientSecret=env:MEMBRANE_PASSWORD",
        ]);
    }
    answers
}

/// The variables that those answers name; the password is one that breaks every shell and line that does not quote it.
pub(crate) fn secrets(command: &mut Command) -> &mut Command {
    command
        .env("MEMBRANE_PASSWORD", "p\"a\\s$s${x}$(y)%")
        .env("MEMBRANE_MONGO", "mongodb+srv://u:p%40@c.mongodb.net/membrane")
        .env("MEMBRANE_REDIS", "rediss://:p@r.acme.io:7443")
}
