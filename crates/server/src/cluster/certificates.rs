//! Certificates for the nodes of a cluster: an authority of its own, and one certificate for each node's name.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A key or certificate cannot be made, or the authority's files hold none.
    #[error("{what}: {source}")]
    Unusable {
        /// The node, or the file.
        what: String,
        /// The library's reason.
        source: rcgen::Error,
    },
}

/// Makes certificates for these nodes in a directory; the files that were written. An authority that is there already
/// signs them, and files that are there already stay.
pub fn init(directory: &Path, nodes: &[String]) -> Result<Vec<PathBuf>, CertificateError> {
    std::fs::create_dir_all(directory).map_err(|source| file_error(directory, source))?;
    let mut written = Vec::new();
    let authority = directory.join("authority.pem");
    let authority_key = directory.join("authority-key.pem");
    if !authority.exists() && !authority_key.exists() {
        let (certificate, key) = make_authority()?;
        write(&authority, &certificate, 0o644)?;
        write(&authority_key, &key, 0o600)?;
        written.extend([authority.clone(), authority_key.clone()]);
    }
    let issuer = read_authority(&authority_key)?;
    for node in nodes {
        let certificate = directory.join(format!("{node}.pem"));
        let key = directory.join(format!("{node}-key.pem"));
        if certificate.exists() && key.exists() {
            continue;
        }
        let (certificate_pem, key_pem) = make_node(node, &issuer)?;
        write(&certificate, &certificate_pem, 0o644)?;
        write(&key, &key_pem, 0o600)?;
        written.extend([certificate, key]);
    }
    Ok(written)
}

/// The authority's properties. They are the same each time, so that it can be read again from its key alone.
fn authority_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    let name = "Authority of a Sideroom cluster";
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn make_authority() -> Result<(String, String), CertificateError> {
    let made = || {
        let key = KeyPair::generate()?;
        let certificate = authority_params()?.self_signed(&key)?;
        Ok((certificate.pem(), key.serialize_pem()))
    };
    made().map_err(|source| unusable("the authority", source))
}

fn make_node(
    name: &str,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(String, String), CertificateError> {
    let made = || {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Each node calls the others and is called by them.
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let certificate = params.signed_by(&key, issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    };
    made().map_err(|source| unusable(name, source))
}

fn read_authority(path: &Path) -> Result<Issuer<'static, KeyPair>, CertificateError> {
    let pem = std::fs::read_to_string(path).map_err(|source| file_error(path, source))?;
    let read = || Ok(Issuer::new(authority_params()?, KeyPair::from_pem(&pem)?));
    read().map_err(|source| unusable(&path.display().to_string(), source))
}

/// A new file: one that is there already is not replaced.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: io::Error) -> CertificateError {
    CertificateError::File {
        path: path.to_owned(),
        source,
    }
}

fn unusable(what: &str, source: rcgen::Error) -> CertificateError {
    CertificateError::Unusable {
        what: what.to_owned(),
        source,
    }
}
