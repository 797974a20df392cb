//! Who the far side of an encrypted connection must prove itself to.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// Connections whose far side proves itself to the authorities in `ca_file`, or where it names none to those of the machine.
///
/// # Errors
/// What is wrong with the certificates.
pub fn trusting(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let config = match ca_file {
        None => builder.with_platform_verifier().map_err(|error| error.to_string())?.with_no_client_auth(),
        Some(file) => builder.with_root_certificates(authorities(file)?).with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// The certificates in a file, one at least: a list of nobody would refuse every peer without saying why.
fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let wrong = |error: String| format!("the certificates in {} cannot be used: {error}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("it holds none".to_owned())) } else { Ok(roots) }
}
