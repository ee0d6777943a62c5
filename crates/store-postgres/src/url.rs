use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, TargetSessionAttrs};

/// Where the database is, and how it is known to be the right one.
#[derive(Clone)]
pub(crate) struct DatabaseUrl {
    pub(crate) config: tokio_postgres::Config,
    pub(crate) tls: TlsMode,
}

/// Whether the connection is encrypted. If it is, the server is checked: what is encrypted to nobody knows whom is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// No.
    Disabled,
    /// Yes. The certificate leads to one of these, and names the host.
    Verified(Roots),
}

/// Whom to trust with certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Whom the system trusts.
    System,
    /// The certificates in this PEM file.
    File(PathBuf),
}

/// The text is no database URL that can be used. Quotes nothing of the text but names: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseUrlError {
    /// Another kind of address.
    #[error("a database URL begins with postgres:// or postgresql://")]
    Scheme,
    /// Not a URL that the driver can read.
    #[error("the database URL cannot be read")]
    Unreadable(#[source] tokio_postgres::Error),
    /// There is no host in it.
    #[error("the database URL names no host")]
    NoHost,
    /// What stands where the host should be is the rest of a password.
    #[error(
        "the password in the database URL has a character in it that ends it early: write @ as %40, / as %2F, : as %3A, % as %25"
    )]
    PasswordNotEncoded,
    /// There is no user in it.
    #[error("the database URL names no user")]
    NoUser,
    /// There is no database in it.
    #[error("the database URL names no database: expected postgres://user@host/database")]
    NoDatabase,
    /// A way of encryption that falls back to none, or that nobody knows.
    #[error(
        "sslmode cannot be {given:?}: expected verify-full, or disable. A connection that falls back to plain text, or does not check \
         who is at the other end, protects nothing; require and verify-ca are taken for verify-full"
    )]
    SslMode {
        /// What was given.
        given: String,
    },
    /// Certificates for a connection without any.
    #[error("sslrootcert has no use with sslmode=disable")]
    RootsWithoutTls,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(DatabaseUrlError::Scheme);
        }
        let (url, ours) = split(text);
        let mut config: tokio_postgres::Config = url.parse().map_err(DatabaseUrlError::Unreadable)?;
        check_complete(&config)?;
        let tls = tls_mode(&ours, is_local(&config))?;
        config.ssl_mode(match tls {
            TlsMode::Disabled => SslMode::Disable,
            TlsMode::Verified(_) => SslMode::Require,
        });
        // The certificate was checked already; the driver cannot do both with every certificate.
        if config.get_channel_binding() == ChannelBinding::Prefer {
            config.channel_binding(ChannelBinding::Disable);
        }
        // A server that was the first and is now the second must not be talked to: it cannot write.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self { config, tls })
    }
}

/// The parameters that the driver does not know.
#[derive(Default)]
struct Ours {
    sslmode: Option<String>,
    sslrootcert: Option<String>,
}

/// Takes our parameters out of the query.
fn split(text: &str) -> (String, Ours) {
    let mut ours = Ours::default();
    let Some((base, query)) = text.split_once('?') else { return (text.to_owned(), ours) };
    let mut rest = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = || Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
        match name {
            "sslmode" => ours.sslmode = value(),
            "sslrootcert" => ours.sslrootcert = value(),
            _ => rest.push(pair),
        }
    }
    let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    (url, ours)
}

fn check_complete(config: &tokio_postgres::Config) -> Result<(), DatabaseUrlError> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(DatabaseUrlError::NoHost);
    }
    // What is taken for a host is told in messages and logs.
    if config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
        return Err(DatabaseUrlError::PasswordNotEncoded);
    }
    if config.get_user().is_none_or(str::is_empty) {
        return Err(DatabaseUrlError::NoUser);
    }
    if config.get_dbname().is_none_or(str::is_empty) {
        return Err(DatabaseUrlError::NoDatabase);
    }
    Ok(())
}

/// Returns whether nothing that is said leaves this machine.
fn is_local(config: &tokio_postgres::Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let addresses = config.get_hostaddrs();
    if addresses.is_empty() {
        config.get_hosts().iter().all(is_here)
    } else {
        addresses.iter().all(IpAddr::is_loopback)
    }
}

fn tls_mode(ours: &Ours, is_local: bool) -> Result<TlsMode, DatabaseUrlError> {
    let is_encrypted = match ours.sslmode.as_deref() {
        None => !is_local || ours.sslrootcert.is_some(),
        Some("disable") => false,
        Some("require" | "verify-ca" | "verify-full") => true,
        Some(other) => return Err(DatabaseUrlError::SslMode { given: other.chars().take(20).collect() }),
    };
    match (is_encrypted, ours.sslrootcert.as_deref()) {
        (false, None) => Ok(TlsMode::Disabled),
        (false, Some(_)) => Err(DatabaseUrlError::RootsWithoutTls),
        (true, None | Some("system")) => Ok(TlsMode::Verified(Roots::System)),
        (true, Some(file)) => Ok(TlsMode::Verified(Roots::File(file.into()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(url: &str) -> TlsMode {
        url.parse::<DatabaseUrl>().unwrap().tls
    }

    fn refused(url: &str) -> DatabaseUrlError {
        url.parse::<DatabaseUrl>().err().unwrap()
    }

    #[test]
    fn another_machine_is_talked_to_in_secret_unless_somebody_says_otherwise() {
        let system = TlsMode::Verified(Roots::System);
        assert_eq!(tls("postgres://ann@db.example/auth"), system);
        assert_eq!(tls("postgresql://ann@10.0.0.7/auth"), system);
        assert_eq!(tls("postgres://ann@localhost,db.example/auth"), system);
        assert_eq!(tls("postgres://ann@db.example/auth?sslmode=disable"), TlsMode::Disabled);
    }

    #[test]
    fn this_machine_is_talked_to_openly_unless_somebody_says_otherwise() {
        for url in
            ["postgres://ann@localhost/auth", "postgres://ann@127.0.0.1:1/auth", "postgres://ann@[::1]/auth"]
        {
            assert_eq!(tls(url), TlsMode::Disabled, "{url}");
        }
        assert_eq!(tls("postgres://ann@%2Frun%2Fpostgresql/auth"), TlsMode::Disabled);
        let verified = TlsMode::Verified(Roots::System);
        assert_eq!(tls("postgres://ann@localhost/auth?sslmode=verify-full"), verified);
    }

    #[test]
    fn every_way_of_encryption_checks_who_is_there() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let url = format!(
                "postgres://ann@db/auth?connect_timeout=3&sslmode={mode}&sslrootcert=%2Fetc%2Fca.pem"
            );
            assert_eq!(tls(&url), TlsMode::Verified(Roots::File("/etc/ca.pem".into())), "{mode}");
        }
    }

    #[test]
    fn an_encryption_that_falls_back_to_none_is_refused() {
        for mode in ["prefer", "allow", "", "on"] {
            let refused = refused(&format!("postgres://ann@db/auth?sslmode={mode}"));
            assert!(
                matches!(refused, DatabaseUrlError::SslMode { ref given } if given == mode),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn certificates_without_encryption_are_refused() {
        let refused = refused("postgres://ann@db/auth?sslmode=disable&sslrootcert=ca.pem");
        assert!(matches!(refused, DatabaseUrlError::RootsWithoutTls), "{refused:?}");
    }

    #[test]
    fn an_address_of_another_kind_is_refused() {
        for text in ["", "mysql://ann@db/auth", "host=db user=ann", "sqlite:auth.db"] {
            assert!(matches!(refused(text), DatabaseUrlError::Scheme), "{text:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(matches!(refused("postgres://"), DatabaseUrlError::NoHost));
        assert!(matches!(refused("postgres://db/auth"), DatabaseUrlError::NoUser));
        assert!(matches!(refused("postgres://ann@db"), DatabaseUrlError::NoDatabase));
        assert!(matches!(refused("postgres://ann@db/auth?colour=red"), DatabaseUrlError::Unreadable(_)));
    }

    #[test]
    fn a_password_that_ends_early_is_not_taken_for_a_host() {
        for url in ["postgres://ann:hun@ter2@db/auth", "postgres://ann:hun@ter2@db:5432,other/auth"] {
            let refused = refused(url);
            assert!(matches!(refused, DatabaseUrlError::PasswordNotEncoded), "{refused:?}");
            assert!(!format!("{refused} {refused:?}").contains("ter2"), "{refused:?}");
        }
        assert!("postgres://ann:hun%40ter2@db/auth".parse::<DatabaseUrl>().is_ok());
    }

    #[test]
    fn no_message_tells_the_password() {
        for url in
            ["postgres://ann:hunter2@db", "postgres://ann:hunter2@db/x?a=hunter2", "mysql://a:hunter2@db"]
        {
            let refused = refused(url);
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused:?}");
        }
    }
}
