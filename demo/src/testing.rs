//! What the tests of both services begin with: an issuer that listens, and a service set up as anybody would set up theirs.

use std::time::Duration;

use handstamp_testkit::TestIssuer;
use handstamp_testkit::http::ServedIssuer;
use handstamp_verify::revocation::ClientSecret;
use handstamp_verify::token_source::ClientCredentials;
use handstamp_verify::{DEFAULT_COOKIE_NAME, Verifier};
use tempfile::TempDir;

use crate::{FrontDoor, ServiceSetup, Subjects};

/// An issuer, and what a service is told about it.
pub(crate) struct House {
    pub(crate) issuer: ServedIssuer,
    pub(crate) setup: ServiceSetup,
    _data: TempDir,
}

impl House {
    pub(crate) async fn start(audience: &str) -> Self {
        let issuer = TestIssuer::builder().audience(audience).serve().await.unwrap();
        let data = TempDir::new().unwrap();
        let setup = ServiceSetup {
            issuer: issuer.url().to_owned(),
            cookie_name: DEFAULT_COOKIE_NAME.to_owned(),
            front_door: FrontDoor::new("http://localhost:8801"),
            data: data.path().to_owned(),
            subjects: Subjects::default(),
        };
        Self { issuer, setup, _data: data }
    }

    /// Returns the service's own verifier, once it has keys and news.
    pub(crate) async fn verifier(&self, audience: &str) -> Verifier {
        let verifier = self.setup.verifier(audience).unwrap();
        for _ in 0..500 {
            if verifier.is_ready() {
                return verifier;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the verifier has heard nothing of its issuer");
    }
}

/// The test issuer knows no clients: what asks it for a token goes without.
pub(crate) fn credentials() -> ClientCredentials {
    ClientCredentials::secret("demo", ClientSecret::new("not-known-to-anybody"))
}
