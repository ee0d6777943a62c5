use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Apple's systems refuse certificates that are good for longer than 398 days.
const LIFETIME: SignedDuration = SignedDuration::from_hours(397 * 24);
/// Other machines' clocks may be behind.
const BACKDATED: SignedDuration = SignedDuration::from_hours(24);

/// A host that a certificate is made out to: a name, `*.` and a name, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host(String);

/// What was issued, as PEM.
pub(super) struct Issued {
    /// What browsers are told to trust.
    pub(super) authority: String,
    /// What the server shows.
    pub(super) certificate: String,
    pub(super) key: Zeroizing<String>,
    pub(super) ends: Timestamp,
}

/// Issues a certificate for these hosts, and an authority that vouches for it and for nothing else.
///
/// The authority's key is gone when this returns, and the authority is bound to the hosts: whoever gets hold of the files
/// cannot impersonate anybody else to a browser that trusts it.
pub(super) fn issue(hosts: &[Host], now: Timestamp) -> Result<Issued, Failure> {
    let failed = |cause: rcgen::Error| Failure::because("cannot make the certificate", &cause);
    let (begins, ends) = (now - BACKDATED, now + LIFETIME);
    let authority_key = KeyPair::generate().map_err(failed)?;
    let params = authority(hosts, begins, ends);
    let authority = params.self_signed(&authority_key).map_err(failed)?;
    let issuer = Issuer::from_params(&params, &authority_key);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate =
        server(hosts, begins, ends).map_err(failed)?.signed_by(&key, &issuer).map_err(failed)?;
    Ok(Issued {
        authority: authority.pem(),
        certificate: certificate.pem(),
        key: Zeroizing::new(key.serialize_pem()),
        ends: day(ends),
    })
}

fn authority(hosts: &[Host], begins: Timestamp, ends: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Handstamp development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // RFC 5280 §4.2.1.10: a kind of name that no subtree speaks of is not bound. The local hosts are of both kinds.
    let permitted_subtrees = hosts.iter().map(Host::subtree).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    within(&mut params, begins, ends);
    params
}

fn server(hosts: &[Host], begins: Timestamp, ends: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts.iter().map(|host| host.0.clone()).collect::<Vec<_>>())?;
    params.distinguished_name = name("Handstamp development server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    within(&mut params, begins, ends);
    Ok(params)
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// Whole days: that is what the library takes.
fn within(params: &mut CertificateParams, begins: Timestamp, ends: Timestamp) {
    let day = |time: Timestamp| {
        let date = time.to_zoned(TimeZone::UTC).date();
        // Months and days of a date are positive.
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(begins);
    params.not_after = day(ends);
}

/// Returns the midnight before.
fn day(time: Timestamp) -> Timestamp {
    let midnight = time.to_zoned(TimeZone::UTC).start_of_day();
    midnight.map_or(time, |midnight| midnight.timestamp())
}

impl Host {
    /// This machine, as programs on it call it.
    pub(super) fn local() -> [Self; 3] {
        ["localhost", "127.0.0.1", "::1"].map(|host| Self(host.to_owned()))
    }

    fn subtree(&self) -> GeneralSubtree {
        match self.0.parse::<IpAddr>() {
            Ok(address) => {
                let whole = if address.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, whole))
            }
            Err(_) => GeneralSubtree::DnsName(self.0.trim_start_matches("*.").to_owned()),
        }
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no host: write a name such as app.test, *.app.test, or an address");
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self(address.to_string()));
        }
        let name = text.strip_prefix("*.").unwrap_or(text);
        match url::Host::parse(name) {
            // In its ASCII form, as browsers look it up. A star further inside is none that they know.
            Ok(url::Host::Domain(ascii)) if !ascii.contains('*') => {
                Ok(Self(if name == text { ascii } else { format!("*.{ascii}") }))
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use handstamp_listen::Certificate;

    use super::{Host, issue};

    fn host(text: &str) -> Option<String> {
        text.parse().ok().map(|host: Host| host.to_string())
    }

    #[test]
    fn hosts_are_taken_as_browsers_spell_them() {
        assert_eq!(host("App.Test").as_deref(), Some("app.test"));
        assert_eq!(host("*.app.test").as_deref(), Some("*.app.test"));
        assert_eq!(host("[::1]").as_deref(), Some("::1"));
        assert_eq!(host("bücher.test").as_deref(), Some("xn--bcher-kva.test"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for wrong in ["", "*", "*.", "a.*.test", "https://app.test", "app.test:443", "a b", "a/b"] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_certificate_is_for_the_hosts_and_good_for_a_year() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let hosts = [Host::local().to_vec(), vec!["*.app.test".parse().unwrap()]].concat();

        let issued = issue(&hosts, now).unwrap();

        let read = Certificate::from_pem(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
        assert_eq!(read.ends().to_string(), "2027-12-24T00:00:00Z");
        assert_eq!(read.ends(), issued.ends);
        for (host, is_for) in [("localhost", true), ("::1", true), ("a.app.test", true), ("app.test", false)]
        {
            assert_eq!(read.is_for(host), is_for, "{host}");
        }
    }
}
