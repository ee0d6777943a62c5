use std::time::Duration;

use redis::{Client, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates, io::tcp::TcpSettings};
use url::Url;

use crate::RedisOptions;

/// A connection on which nothing has come back for so long is given up by the system.
const DEAD_AFTER: Duration = Duration::from_secs(5);

/// A server cannot be used as it is configured. The URL is not part of the message: it holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// It is no URL.
    #[error("the URL cannot be read: {0}")]
    Malformed(#[from] url::ParseError),
    /// It is a URL of something else.
    #[error("the URL begins with {scheme}://, and must begin with redis:// or, for TLS, with rediss://")]
    Scheme {
        /// How it begins.
        scheme: String,
    },
    /// A fragment would switch off that the server's certificate is looked at.
    #[error("the URL ends with #…, which nothing may: the server's certificate is always checked")]
    Fragment,
    /// Certificates for a connection without TLS.
    #[error("root certificates are given, but the URL begins with redis://: write rediss:// for TLS")]
    CertificatesWithoutTls,
    /// It does not answer, or refuses.
    #[error("it does not answer as it should")]
    Unreachable(#[source] redis::RedisError),
    /// The client refuses it.
    #[error("the URL or the certificates cannot be used")]
    Refused(#[source] redis::RedisError),
}

/// Returns what connects to the server.
pub(crate) fn client(options: &RedisOptions) -> Result<Client, RedisError> {
    let url: Url = options.url.parse()?;
    let is_tls = match url.scheme() {
        "redis" | "valkey" => false,
        "rediss" | "valkeys" => true,
        scheme => return Err(RedisError::Scheme { scheme: scheme.to_owned() }),
    };
    if url.fragment().is_some() {
        return Err(RedisError::Fragment);
    }
    let mut info = url.into_connection_info().map_err(RedisError::Refused)?;
    if let Some(password) = &options.password {
        let settings = info.redis_settings().clone().set_password(password.as_str());
        info = info.set_redis_settings(settings);
    }
    match &options.root_certificates {
        Some(_) if !is_tls => Err(RedisError::CertificatesWithoutTls),
        Some(pem) => {
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) };
            let client = Client::build_with_tls(info, certificates).map_err(RedisError::Refused)?;
            // Building it takes the settings of the socket from nowhere.
            Client::open(tuned(client.get_connection_info().clone())).map_err(RedisError::Refused)
        }
        None => Client::open(tuned(info)).map_err(RedisError::Refused),
    }
}

/// Small questions, each waited for, and a connection that may die without a word.
fn tuned(info: ConnectionInfo) -> ConnectionInfo {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(DEAD_AFTER);
    info.set_tcp_settings(settings)
}

#[cfg(test)]
mod tests {
    use super::{RedisError, client};
    use crate::RedisOptions;

    fn refusal(url: &str) -> RedisError {
        client(&RedisOptions::new(url)).expect_err("it must be refused")
    }

    #[test]
    fn a_url_of_something_else_is_refused() {
        assert!(matches!(refusal("postgres://db/x"), RedisError::Scheme { scheme } if scheme == "postgres"));
        assert!(matches!(refusal("cache:"), RedisError::Scheme { .. }));
        assert!(matches!(refusal("no url"), RedisError::Malformed(_)));
        assert!(matches!(refusal("redis://cache/first"), RedisError::Refused(_)));
    }

    #[test]
    fn the_certificate_of_the_server_is_always_checked() {
        assert!(matches!(refusal("rediss://cache/#insecure"), RedisError::Fragment));
    }

    #[test]
    fn certificates_without_tls_are_a_mistake() {
        let root_certificates = Some(Vec::new());
        let options = RedisOptions { root_certificates, ..RedisOptions::new("redis://cache") };
        assert!(matches!(client(&options), Err(RedisError::CertificatesWithoutTls)));
    }

    #[test]
    fn a_password_is_in_no_message() {
        let options = RedisOptions::new("redis://:hunter2@cache/first");
        let error = client(&options).unwrap_err();

        assert!(!format!("{options:?} {error} {error:?}").contains("hunter2"));
    }
}
