//! Names become addresses: those of this machine without asking anybody.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use reqwest::dns;
use tower::Service;

/// Leads `localhost` and every name below it to this machine (RFC 6761 §6.3), whatever the system's resolver says of them.
///
/// A target of that name is attacked without permission because it is this machine, so it must be no other one. An issuer of that
/// name is sent passwords.
#[derive(Debug, Clone)]
pub(crate) struct Resolver(GaiResolver);

impl Resolver {
    pub(crate) fn new() -> Self {
        Self(GaiResolver::new())
    }
}

/// Returns whether a name means this machine.
pub(crate) fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

type Addresses = std::vec::IntoIter<SocketAddr>;

impl Service<Name> for Resolver {
    type Response = Addresses;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Addresses>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if is_loopback(name.as_str()) {
            // The connector puts in the port.
            let addresses = [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
            return Box::pin(std::future::ready(Ok(Vec::from(addresses).into_iter())));
        }
        let asked = self.0.call(name);
        Box::pin(async move { Ok(asked.await?.collect::<Vec<_>>().into_iter()) })
    }
}

/// The same for the client that asks issuers.
impl dns::Resolve for Resolver {
    fn resolve(&self, name: dns::Name) -> dns::Resolving {
        let mut asked = self.clone();
        Box::pin(async move {
            let addresses: dns::Addrs = Box::new(asked.call(name.as_str().parse()?).await?);
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use tower::Service as _;

    use super::Resolver;

    #[tokio::test]
    async fn names_of_this_machine_lead_nowhere_else() {
        for name in ["localhost", "api.localhost", "a.b.localhost"] {
            let found: Vec<_> = Resolver::new().call(name.parse().unwrap()).await.unwrap().collect();

            assert_eq!(found.len(), 2, "{name}");
            assert!(found.iter().all(|address| address.ip().is_loopback()), "{name}: {found:?}");
        }
    }

    #[tokio::test]
    async fn other_names_are_the_systems_to_tell() {
        // Under `.invalid` there is nothing (RFC 6761 §6.4).
        for name in ["localhost.invalid", "notlocalhost.invalid"] {
            assert!(Resolver::new().call(name.parse().unwrap()).await.is_err(), "{name}");
        }
    }
}
