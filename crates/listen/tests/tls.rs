use std::{io, sync::Arc, time::Duration};

use handstamp_listen::{Certificate, CertificateError, Limits, Listener, Tls};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{PLAIN_GET, Server, ask, in_time};

/// A certificate that vouches for itself, and its key.
struct Pair {
    certificate: CertificateDer<'static>,
    chain: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        Self::ending(2099)
    }

    fn ending(year: i32) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 3, 4);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), chain: certificate.pem(), key: key.serialize_pem() }
    }

    fn read(&self) -> Certificate {
        Certificate::from_pem(self.chain.as_bytes(), self.key.as_bytes()).unwrap()
    }

    /// Connects as a client that believes this certificate and no other.
    async fn connect(&self, server: &Server, versions: &[&[u8]]) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = versions.iter().map(|version| version.to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
    }
}

async fn start(pair: &Pair) -> (Server, Tls) {
    let tls = Tls::new(pair.read()).unwrap();
    let server = Server::start(Limits::default(), |tcp| Listener::tls(tcp, &tls)).await;
    (server, tls)
}

async fn say(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(PLAIN_GET.as_bytes()).await.unwrap();
    let mut reply = [0; 4096];
    let read = stream.read(&mut reply).await.unwrap();
    String::from_utf8_lossy(&reply[..read]).into_owned()
}

fn agreed(stream: &TlsStream<TcpStream>) -> Option<&[u8]> {
    stream.get_ref().1.alpn_protocol()
}

#[tokio::test]
async fn requests_over_tls_say_so() {
    let pair = Pair::new();
    let (server, _) = start(&pair).await;
    let mut stream = in_time(pair.connect(&server, &[])).await.unwrap();

    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let reply = in_time(say(&mut stream)).await;

    assert!(reply.contains("HTTP/1.1 from 127.0.0.1") && reply.ends_with("tls true"), "{reply}");
}

#[tokio::test]
async fn http_2_is_preferred_and_nothing_unknown_is_spoken() {
    let pair = Pair::new();
    let (server, _) = start(&pair).await;

    let both = in_time(pair.connect(&server, &[b"http/1.1", b"h2"])).await.unwrap();
    assert_eq!(agreed(&both), Some(&b"h2"[..]));
    let old = in_time(pair.connect(&server, &[b"http/1.1"])).await.unwrap();
    assert_eq!(agreed(&old), Some(&b"http/1.1"[..]));

    assert!(in_time(pair.connect(&server, &[b"smtp"])).await.is_err(), "RFC 7301 §3.2");
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_open_ones_go_on() {
    let (old, new) = (Pair::new(), Pair::new());
    let (server, tls) = start(&old).await;
    let mut open = in_time(old.connect(&server, &[])).await.unwrap();

    tls.replace(new.read());

    assert!(in_time(say(&mut open)).await.starts_with("HTTP/1.1 200"));
    in_time(new.connect(&server, &[])).await.unwrap();
    assert!(in_time(old.connect(&server, &[])).await.is_err(), "the old one is gone");
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_hung_up_on_and_holds_a_place_until_then() {
    let pair = Pair::new();
    let tls = Tls::new(pair.read()).unwrap();
    let limits =
        Limits { max_connections: 1, handshake_timeout: Duration::from_millis(600), ..Limits::default() };
    let server = Server::start(limits, |tcp| Listener::tls(tcp, &tls)).await;
    let mut silent = server.connect().await;
    // The first bytes of a greeting, and no more.
    silent.write_all(b"\x16\x03\x01").await.unwrap();

    let waited = timeout(Duration::from_millis(200), pair.connect(&server, &[])).await;
    assert!(waited.is_err(), "the only place is taken");

    let ended = in_time(silent.read(&mut [0; 64])).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    in_time(pair.connect(&server, &[])).await.unwrap();
}

#[tokio::test]
async fn plain_http_is_not_answered_where_tls_is_spoken() {
    let (server, _) = start(&Pair::new()).await;

    let reply = in_time(ask(&mut server.connect().await, PLAIN_GET)).await;

    assert!(!reply.contains("HTTP"), "{reply}");
}

#[test]
fn a_certificate_tells_when_it_ends_and_whose_it_is() {
    let certificate = Pair::ending(2061).read();

    assert_eq!(certificate.ends().to_string(), "2061-03-04T00:00:00Z");
    for (host, is_for) in
        [("localhost", true), ("127.0.0.1", true), ("example.org", false), ("127.0.0.2", false), ("", false)]
    {
        assert_eq!(certificate.is_for(host), is_for, "{host}");
    }
}

#[test]
fn the_key_of_another_certificate_is_refused() {
    let (one, other) = (Pair::new(), Pair::new());

    let refused = Certificate::from_pem(one.chain.as_bytes(), other.key.as_bytes()).unwrap_err();

    assert!(matches!(refused, CertificateError::KeyMismatch), "{refused:?}");
}

#[test]
fn what_is_missing_is_told() {
    let pair = Pair::new();
    let read = |chain: &str, key: &str| Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();

    assert!(matches!(read("", &pair.key), CertificateError::NoCertificate));
    assert!(matches!(read(&pair.key, &pair.key), CertificateError::NoCertificate), "a key is none");
    assert!(matches!(read(&pair.chain, ""), CertificateError::NoKey));
    assert!(matches!(read(&pair.chain, &pair.chain), CertificateError::NoKey), "a certificate is none");
}

#[test]
fn broken_files_are_told_apart() {
    let pair = Pair::new();
    let broken =
        |label: &str, content: &str| format!("-----BEGIN {label}-----\n{content}\n-----END {label}-----\n");
    let read = |chain: &str, key: &str| Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();

    let refused = read(&broken("CERTIFICATE", "!!!!"), &pair.key);
    assert!(matches!(refused, CertificateError::MalformedCertificate(_)), "{refused:?}");
    let refused = read(&broken("CERTIFICATE", "AAAA"), &pair.key);
    assert!(matches!(refused, CertificateError::NoEnd), "{refused:?}");
    let refused = read(&pair.chain, &broken("PRIVATE KEY", "!!!!"));
    assert!(matches!(refused, CertificateError::MalformedKey(_)), "{refused:?}");
    let refused = read(&pair.chain, &broken("PRIVATE KEY", "AAAA"));
    assert!(matches!(refused, CertificateError::Unusable(_)), "{refused:?}");
}
