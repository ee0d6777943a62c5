//! Redis behind TLS, as the servers that one rents have it.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use handstamp_core::test_support::SeededEntropy;
use handstamp_store_redis::{Redis, RedisOptions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::world::{connected, is_there, until};

/// A server with a certificate for `localhost`, by an authority of its own.
struct TlsServer {
    process: Child,
    port: u16,
    root: Vec<u8>,
    _folder: TempDir,
}

impl TlsServer {
    fn start() -> Self {
        let folder = TempDir::with_prefix("handstamp-redis-tls-").unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &root).unwrap();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (certificate, key) = (file("own.pem", own.pem()), file("key.pem", key.serialize_pem()));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = start(folder.path(), port, &certificate, &key);
        Self { process, port, root: root.pem().into_bytes(), _folder: folder }
    }

    fn options(&self, host: &str) -> RedisOptions {
        let url = format!("rediss://{host}:{}/0", self.port);
        RedisOptions {
            root_certificates: Some(self.root.clone()),
            timeout: crate::world::PATIENT,
            ..RedisOptions::new(url)
        }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn start(folder: &Path, port: u16, certificate: &Path, key: &Path) -> Child {
    let program = ["redis-server", "valkey-server"]
        .into_iter()
        .find(|program| Command::new(program).arg("--version").output().is_ok())
        .expect("Redis or Valkey is installed");
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port.to_string()])
        .args(["--tls-auth-clients", "no", "--save", "", "--appendonly", "no"])
        .arg("--tls-cert-file")
        .arg(certificate)
        .arg("--tls-key-file")
        .arg(key)
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_reached_by_tls_with_news_and_all() {
    let server = TlsServer::start();
    let redis = connected(&server.options("localhost")).await;

    let fan_out = redis.fan_out();

    until(async || handstamp_core::shared::FanOut::is_listening(&fan_out)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let server = TlsServer::start();
    connected(&server.options("localhost")).await;

    let stranger = RedisOptions {
        root_certificates: Some(TlsServer::start().root.clone()),
        ..server.options("localhost")
    };

    never_connects(&stranger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_host_is_refused() {
    let server = TlsServer::start();
    connected(&server.options("localhost")).await;

    never_connects(&server.options("127.0.0.1")).await;
}

async fn never_connects(options: &RedisOptions) {
    let redis = Redis::open(options, Arc::new(SeededEntropy::new(1))).unwrap();
    for _ in 0..20 {
        assert!(!is_there(&redis).await);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
