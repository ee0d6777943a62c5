//! Who is at the other end, and that nobody between can read.

use std::sync::Arc;

use handstamp_core::store::Store;
use handstamp_store_postgres::{OpenError, PostgresStore};
use handstamp_testbed::Postgres;
use handstamp_token::SystemEntropy;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::kit::{database_name, open, patient};

/// A server with a certificate for these names, and the file with the authority that it leads to.
fn server(names: &[&str]) -> (Postgres, String, TempDir) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();

    let postgres = Postgres::start();
    for (file, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        // The server writes it itself, where it reads it and as whom.
        let lines = pem.trim().replace('\n', "','");
        let write = format!("COPY (SELECT unnest(ARRAY['{lines}'])) TO PROGRAM 'umask 077; cat > {file}'");
        postgres.sql("postgres", &write);
    }
    postgres.sql("postgres", "ALTER SYSTEM SET ssl = on");
    postgres.restart();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority_certificate.pem()).unwrap();
    let url = postgres.database();
    (postgres, url, folder)
}

fn verified(url: &str, folder: &TempDir) -> String {
    format!("{url}?sslmode=verify-full&sslrootcert={}", folder.path().join("ca.pem").display())
}

async fn refused(url: &str) -> String {
    let refused = PostgresStore::open(&patient(url), Arc::new(SystemEntropy)).await.unwrap_err();
    assert!(matches!(refused, OpenError::Connect { .. }), "{refused:?}");
    format!("{refused:?}")
}

#[tokio::test]
async fn every_connection_is_encrypted_to_a_server_that_is_known() {
    let (postgres, url, folder) = server(&["127.0.0.1"]);
    let store = open(&patient(&verified(&url, &folder))).await;
    assert!(!store.has_users().await.unwrap());
    let open_ones = format!(
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = '{}' AND NOT ssl",
        database_name(&url)
    );
    assert_eq!(postgres.sql("postgres", &open_ones).trim(), "0");
}

#[tokio::test]
async fn a_server_whose_authority_is_not_known_is_refused() {
    let (_postgres, url, _folder) = server(&["127.0.0.1"]);
    let (_, _, others) = server(&["127.0.0.1"]);
    assert!(refused(&verified(&url, &others)).await.contains("BadSignature"));
    // The system knows nothing of it either.
    assert!(refused(&format!("{url}?sslmode=require")).await.contains("UnknownIssuer"));
}

#[tokio::test]
async fn a_server_of_another_name_is_refused() {
    let (_postgres, url, folder) = server(&["db.example"]);
    assert!(refused(&verified(&url, &folder)).await.contains("NotValidForName"));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_refused() {
    let url = Postgres::shared().database();
    assert!(refused(&format!("{url}?sslmode=verify-full")).await.contains("does not support TLS"));
}
