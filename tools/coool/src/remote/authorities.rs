//! Who vouches for certificates besides those whom the machine trusts.

use anyhow::{Context, Result, ensure};
use reqwest::Certificate;

/// Certificates of authorities.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    certificates: Vec<Certificate>,
}

impl Authorities {
    /// Those of a PEM file.
    pub fn of_pem(pem: &[u8]) -> Result<Self> {
        let blocks: Vec<_> = x509_parser::pem::Pem::iter_from_buffer(pem)
            .collect::<Result<_, _>>()
            .context("it is no PEM file")?;
        let mut certificates = Vec::new();
        for block in blocks.iter().filter(|block| block.label == "CERTIFICATE") {
            block.parse_x509().context("it holds a certificate that cannot be read")?;
            certificates.push(Certificate::from_der(&block.contents)?);
        }
        ensure!(!certificates.is_empty(), "it holds no certificate");
        Ok(Self { certificates })
    }

    pub(super) fn certificates(&self) -> Vec<Certificate> {
        self.certificates.clone()
    }
}
