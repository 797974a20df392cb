//! Certificates made for a test.

use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
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
    let Papers { authority, certificate, key } = Papers::issue(name, year);
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .expect("a certificate with its key");
    (authority, TlsAcceptor::from(Arc::new(config)))
}

/// What a server proves its name with.
pub struct Papers {
    /// The authority's own certificate, as `ca_file` wants it.
    pub authority: String,
    pub certificate: Certificate,
    pub key: KeyPair,
}

impl Papers {
    /// For the server `name`, until the end of the year before `year`.
    pub fn issue(name: &str, year: i32) -> Self {
        let key = || KeyPair::generate().expect("a key");
        let params = |names: Vec<String>| CertificateParams::new(names).expect("names");
        let (ca_key, mut ca) = (key(), params(Vec::new()));
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = ca.self_signed(&ca_key).expect("a certificate").pem();
        let own = key();
        let mut about = params(vec![name.to_owned()]);
        about.not_after = date_time_ymd(year, 1, 1);
        let certificate = about.signed_by(&own, &Issuer::new(ca, ca_key)).expect("a certificate");
        Self { authority, certificate, key: own }
    }
}
