//! Certificates made for a test.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// An authority of our own: its certificate as `ca_file` wants it, and a server's, for `name`.
pub fn certified(name: &str) -> (String, TlsAcceptor) {
    certified_until(name, 4000)
}

/// The same for a server whose certificate ends with a year.
pub fn certified_until(name: &str, year: i32) -> (String, TlsAcceptor) {
    let key = || KeyPair::generate().expect("a key");
    let params = |names: Vec<String>| CertificateParams::new(names).expect("names");
    let (ca_key, mut ca) = (key(), params(Vec::new()));
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = ca.self_signed(&ca_key).expect("a certificate").pem();
    let own = key();
    let mut about = params(vec![name.to_owned()]);
    about.not_after = date_time_ymd(year, 1, 1);
    let certificate = about.signed_by(&own, &Issuer::new(ca, ca_key)).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(own.serialize_der()).into())
        .expect("a certificate with its key");
    (pem, TlsAcceptor::from(Arc::new(config)))
}
