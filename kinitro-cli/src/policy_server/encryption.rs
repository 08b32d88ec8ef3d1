//! TLS with the certificates that the system trusts.

use std::net::IpAddr;
use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::ServerName;
use url::Host;

use super::{Endpoint, Error};

/// Who encrypts. Named wherever it is needed, because a process in which two such libraries are linked has no default one.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Encryption with servers whose certificates the system trusts.
///
/// # Errors
/// [`Error::Encryption`] if the system's certificates cannot be read.
pub(super) fn with_trust_of_the_system() -> Result<Arc<ClientConfig>, Error> {
    let verifier = Verifier::new(provider()).map_err(|source| Error::Encryption { source })?;
    with_trust_by(Arc::new(verifier))
}

/// Encryption with servers whose certificates `verifier` accepts; nothing but HTTP/1.1 is negotiated.
///
/// # Errors
/// [`Error::Encryption`].
pub(super) fn with_trust_by(
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<Arc<ClientConfig>, Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::Encryption { source })?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Whom a server's certificate must name.
///
/// # Errors
/// [`Error::Endpoint`] for a host that no certificate can name.
pub(super) fn name(endpoint: &Endpoint) -> Result<ServerName<'static>, Error> {
    match endpoint.host() {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| Error::Endpoint {
            reason: "no certificate can name its host",
        }),
        Host::Ipv4(address) => Ok(IpAddr::from(address).into()),
        Host::Ipv6(address) => Ok(IpAddr::from(address).into()),
    }
}
