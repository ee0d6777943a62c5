//! An issuer, a service and an attack, all in this process and over real connections.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use handstamp_audit::{
    Audit, DevIssuerSource, Document, Options, Person, Quiet, Report, Standing, Target, TokenSource,
};
use handstamp_testkit::TestIssuer;
use handstamp_testkit::http::ServedIssuer;
use handstamp_verify::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The name that every attacked service goes by.
pub(crate) const AUDIENCE: &str = "lamps";

/// Starts an issuer that services of any language can follow.
pub(crate) async fn issuer() -> ServedIssuer {
    TestIssuer::builder().audience(AUDIENCE).serve().await.expect("an issuer")
}

/// A service that runs. It stops when this is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves a router on a free port.
pub(crate) async fn serve(router: Router) -> Running {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    Running { address, task }
}

/// Attacks what runs at an address: Ada of acme may do everything, Emil of globex has the same role elsewhere.
pub(crate) async fn attack(issuer: &ServedIssuer, url: &str, description: &str, options: Options) -> Report {
    let people = [person("ada", "acme"), person("emil", "globex")];
    attack_as(people, issuer, url, description, options).await
}

/// Returns somebody who keeps lamps.
pub(crate) fn person(sub: &str, org: &str) -> Person {
    Person {
        sub: sub.to_owned(),
        roles: vec!["keeper".to_owned()],
        org_id: Some(org.to_owned()),
        ..Person::default()
    }
}

/// Attacks what runs at an address, with tokens of an owner and an outsider.
pub(crate) async fn attack_as(
    [owner, outsider]: [Person; 2],
    issuer: &ServedIssuer,
    url: &str,
    description: &str,
    options: Options,
) -> Report {
    let source = DevIssuerSource::connect(issuer.url(), None, owner, Some(outsider), Arc::new(SystemClock));
    let source = source.await.expect("the issuer answers");
    let clock = source.clock();
    attack_with(Arc::new(source), clock, url, description, options).await
}

/// Attacks what runs at an address, with tokens from this source.
pub(crate) async fn attack_with(
    source: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    url: &str,
    description: &str,
    options: Options,
) -> Report {
    let target = Target::parse(url, &["0.0.0.0".to_owned()]).expect("a service of this machine");
    let document = Document::parse(description.as_bytes()).expect("a description");
    let audit = Audit::new(target, document, source, clock).options(options);
    audit.run(&Quiet).await.expect("the service can be attacked")
}

/// Returns the rules that are broken, each with its operation, without notes and without repetition.
pub(crate) fn broken(report: &Report) -> Vec<(String, String)> {
    let mut broken: Vec<_> = report
        .findings()
        .filter(|located| located.finding.severity > handstamp_audit::Severity::Note)
        .map(|located| (located.operation.to_owned(), located.finding.rule.clone()))
        .collect();
    broken.sort();
    broken.dedup();
    broken
}

/// Returns the operations that could not be judged, and why.
pub(crate) fn unjudged(report: &Report) -> Vec<(&str, &str)> {
    let standing = report.operations.iter().filter_map(|operation| match &operation.standing {
        Standing::Inconclusive { because } => Some((operation.operation.as_str(), because.as_str())),
        _ => None,
    });
    standing.collect()
}
