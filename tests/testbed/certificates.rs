//! One authority, one certificate for every server of the bed, one key for service accounts.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::Outcome;

pub(crate) fn write(folder: &Path) -> Outcome<()> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "slipway testbed");
    authority.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign];
    let root = authority.self_signed(&authority_key)?;
    std::fs::write(folder.join("ca.crt"), root.pem())?;
    std::fs::write(folder.join("ca.key"), authority_key.serialize_pem())?;

    // The last address is the node's of `tests/realnode`.
    let names = ["127.0.0.1", "10.96.0.1", "localhost", "kubernetes", "kubernetes.default.svc", "192.0.2.10"];
    let server_key = KeyPair::generate()?;
    let mut server = CertificateParams::new(names.map(String::from).to_vec())?;
    server.distinguished_name.push(DnType::CommonName, "testbed-server");
    server.distinguished_name.push(DnType::OrganizationName, "system:masters");
    // The API server is also the client of the simulated kubelet.
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let issued = server.signed_by(&server_key, &Issuer::new(authority, authority_key))?;
    std::fs::write(folder.join("server.crt"), issued.pem())?;
    std::fs::write(folder.join("server.key"), server_key.serialize_pem())?;
    let accounts = KeyPair::generate()?;
    std::fs::write(folder.join("accounts.key"), accounts.serialize_pem())?;
    Ok(std::fs::write(folder.join("accounts.pub"), accounts.public_key_pem())?)
}
