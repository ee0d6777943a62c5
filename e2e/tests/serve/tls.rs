//! TLS with the clients that people have.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use handstamp_e2e::program::{Finished, Running, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PASSWORD, add_user};

/// A folder with a service's settings, its certificate, and the authority that vouches for it.
struct House {
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        let house = Self { folder: TempDir::new().expect("a folder") };
        house.issue("certificates").ok();
        house.settings("");
        house
    }

    /// Makes a certificate, with an authority of its own.
    fn issue(&self, folder: &str) -> Finished {
        run(self.path(), ["cert", "dev", "--out", folder, "--json"])
    }

    fn settings(&self, more: &str) {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n\
             [server.tls]\ncertificate_file = \"certificates/server.pem\"\nkey_file = \"certificates/server.key\"\n{more}"
        );
        fs::write(self.path().join("handstamp.toml"), text).expect("settings");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Puts the certificate of another folder where the service looks, one file after the other as people do.
    fn replace_by(&self, folder: &str) {
        for name in ["server.pem", "server.key"] {
            fs::copy(self.file(folder).join(name), self.file("certificates").join(name)).expect("a copy");
        }
    }

    fn start(&self) -> (Running, String) {
        let mut running = Running::start(self.path(), ["serve", "--data", "data"]);
        let address = running.address();
        assert!(address.starts_with("https://"), "{address}");
        (running, address)
    }

    fn curl(&self, authority: &str, arguments: &[&str]) -> Output {
        let authority = self.file(authority).join("authority.pem");
        let always = ["--silent", "--show-error", "--noproxy", "*", "--max-time", "30", "--cacert"];
        Command::new("curl").args(always).arg(authority).args(arguments).output().expect("curl runs")
    }

    /// Returns a client that believes this authority and no other.
    fn client(&self, authority: &str) -> reqwest::Client {
        let authority = fs::read(self.file(authority).join("authority.pem")).expect("an authority");
        let authority = reqwest::Certificate::from_pem(&authority).expect("a certificate");
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30));
        client.tls_certs_only([authority]).build().expect("a client")
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn curl_speaks_both_versions_and_is_told_to_come_by_https_alone() {
    let house = House::new();
    let (_running, address) = house.start();
    let url = format!("{address}/health/live");

    for (version, spoken) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let reply = house
            .curl("certificates", &[version, "--include", "--write-out", "spoken %{http_version}", &url]);
        let reply = text(&reply).to_ascii_lowercase();
        assert!(reply.starts_with(&format!("http/{spoken} 200")), "{reply}");
        assert!(reply.ends_with(&format!("spoken {spoken}")), "{reply}");
        assert!(reply.contains("strict-transport-security: max-age=63072000; includesubdomains"), "{reply}");
    }
}

#[test]
fn who_does_not_trust_the_authority_is_warned() {
    let house = House::new();
    let (_running, address) = house.start();
    house.issue("another").ok();

    let refused = house.curl("another", &[&address]);

    assert_eq!(
        refused.status.code(),
        Some(60),
        "curl's word for a certificate it does not believe: {}",
        text(&refused)
    );
}

#[test]
fn node_believes_the_development_authority_once_it_is_told_to() {
    let house = House::new();
    let (_running, address) = house.start();
    let script = format!(
        "fetch('{address}/health/live').then(r => console.log(r.status), e => console.log(e.cause.code))"
    );
    let ask = |authority: Option<PathBuf>| {
        let mut node = Command::new("node");
        node.args(["-e", &script]).env_remove("NODE_EXTRA_CA_CERTS");
        let output = node.envs(authority.map(|file| ("NODE_EXTRA_CA_CERTS", file))).output();
        text(&output.expect("node runs")).trim().to_owned()
    };

    assert_eq!(ask(Some(house.file("certificates/authority.pem"))), "200");
    assert_ne!(ask(None), "200");
}

/// The authority's key is gone; its certificate must be of no use for anything but the named hosts. OpenSSL is the judge.
#[test]
fn the_development_authority_can_vouch_for_its_hosts_alone() {
    let house = House::new();
    let shown = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in"])
        .arg(house.file("certificates/authority.pem"))
        .output();
    let shown = text(&shown.expect("openssl runs"));

    for line in
        ["Name Constraints: critical", "DNS:localhost", "IP:127.0.0.1/255.255.255.255", "CA:TRUE, pathlen:0"]
    {
        assert!(shown.contains(line), "{line} is missing in {shown}");
    }
    let names: Vec<_> = fs::read_dir(house.file("certificates")).expect("a folder").collect();
    assert_eq!(names.len(), 3, "authority, certificate and the certificate's key: {names:?}");
}

#[test]
fn the_settings_that_are_shown_with_a_development_certificate_work() {
    let house = House::new();
    let shown = run(house.path(), ["cert", "dev", "--out", "shown"]).ok().stdout;
    let settings =
        shown.split_once("Say in handstamp.toml:").and_then(|(_, rest)| rest.split_once("Tell this"));
    let (settings, _) = settings.unwrap_or_else(|| panic!("{shown}"));
    fs::write(house.file("handstamp.toml"), format!("[server]\nlisten = \"127.0.0.1:0\"\n{settings}"))
        .expect("settings");

    let (running, _) = house.start();

    running.stop();
}

#[test]
fn a_development_certificate_is_not_overwritten() {
    let house = House::new();

    let again = house.issue("certificates");

    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("is there already"), "{again:?}");
}

#[tokio::test]
async fn cookies_are_for_this_host_and_for_tls_alone() {
    let house = House::new();
    add_user(house.path(), "ann").ok();
    let (_running, address) = house.start();

    let sign_in =
        house.client("certificates").post(format!("{address}/auth/sign-in")).header("x-handstamp", "1");
    let reply = sign_in.json(&json!({ "login": "ann", "password": PASSWORD })).send().await.expect("a reply");

    assert_eq!(reply.status(), 200);
    let cookies: Vec<_> =
        reply.headers().get_all("set-cookie").iter().filter_map(|line| line.to_str().ok()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-")), "{cookies:?}");
    assert!(cookies.iter().all(|cookie| cookie.contains("; Secure")), "{cookies:?}");
}

#[tokio::test]
async fn a_new_certificate_is_shown_while_connections_are_open() {
    let house = House::new();
    let (running, address) = house.start();
    let live = format!("{address}/health/live");
    let before = house.client("certificates");
    assert_eq!(before.get(&live).send().await.expect("a reply").status(), 200);
    house.issue("renewed").ok();

    house.replace_by("renewed");
    running.stderr_with("a new certificate is shown");

    // A client that knows the new authority alone cannot have seen the old certificate.
    let after = house.client("renewed").get(&live).send().await.expect("the new certificate");
    assert_eq!(after.status(), 200);
    // The connection from before is still open: a new one would be refused.
    assert_eq!(before.get(&live).send().await.expect("the open connection").status(), 200);
    assert!(house.client("certificates").get(&live).send().await.is_err(), "the old certificate is gone");
}

#[tokio::test]
async fn a_new_certificate_that_cannot_be_used_is_told_of_and_the_old_one_stays() {
    let house = House::new();
    let (running, address) = house.start();
    house.issue("other").ok();

    // The certificate of one pair, the key of another.
    fs::copy(house.file("other/server.pem"), house.file("certificates/server.pem")).expect("a copy");

    let told = running.stderr_with("the old one is shown on");
    assert!(told.contains("the key belongs to another certificate"), "{told}");
    let reply = house.client("certificates").get(format!("{address}/health/live")).send().await;
    assert_eq!(reply.expect("the old certificate").status(), 200);
}

#[test]
fn a_key_of_another_pair_is_one_sentence_at_start() {
    let house = House::new();
    house.issue("other").ok();
    fs::copy(house.file("other/server.key"), house.file("certificates/server.key")).expect("a copy");

    let refused = run(house.path(), ["serve", "--data", "data"]);

    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    assert!(refused.stderr.contains("the key belongs to another certificate"), "{refused:?}");
}

#[cfg(unix)]
#[test]
fn a_key_that_everybody_can_read_is_refused_and_one_for_a_group_is_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let allow = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(house.file("certificates/server.key"), permissions).expect("permissions");
    };

    allow(0o644);
    let refused = run(house.path(), ["serve", "--data", "data"]);
    assert!(refused.stderr.contains("can be read by others (mode 644)"), "{refused:?}");

    allow(0o640);
    house.start();
}

#[test]
fn who_comes_by_plain_http_is_sent_to_https() {
    let house = House::new();
    house.settings("redirect_listen = \"127.0.0.1:0\"\n");
    let (running, address) = house.start();
    let told = running.stderr_with("sends everybody to");
    let plain =
        told.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();

    let reply =
        text(&house.curl("certificates", &["--include", &format!("{plain}/auth/sign-in?return_to=%2F")]));
    assert!(reply.starts_with("HTTP/1.1 308"), "{reply}");
    assert!(reply.contains(&format!("location: {address}/auth/sign-in?return_to=%2F")), "{reply}");

    let followed = house.curl("certificates", &["--location", "--include", &format!("{plain}/health/live")]);
    assert!(text(&followed).contains("HTTP/2 200"), "{}", text(&followed));
    let sent =
        house.curl("certificates", &["--include", "--data", "secret=1", &format!("{plain}/auth/sign-in")]);
    assert!(text(&sent).starts_with("HTTP/1.1 403"), "{}", text(&sent));
}

#[test]
fn programs_of_ours_believe_an_authority_that_the_system_is_told_of() {
    let house = House::new();
    let (_running, address) = house.start();
    let authority = house.file("certificates/authority.pem");
    let listen = address.trim_start_matches("https://").to_owned();
    let variables =
        [("SSL_CERT_FILE", authority.to_string_lossy().into_owned()), ("HANDSTAMP_SERVER_LISTEN", listen)];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();

    let mut doctor = Running::start_with(house.path(), ["doctor", "--json", "--data", "nowhere"], &variables);

    let findings: Value = serde_json::from_str(&doctor.line()).expect("JSON");
    assert_eq!(status(&findings, "service"), "good", "{findings}");
    assert_eq!(status(&findings, "certificate"), "good", "{findings}");
}

#[test]
fn doctor_says_when_a_certificate_ends_and_what_is_wrong_with_it() {
    let house = House::new();
    let findings = |not_after: &str, host: &str| {
        openssl(&house.file("certificates"), not_after, host);
        run(house.path(), ["doctor", "--json"]).json()
    };

    let ended = findings("20200102000000Z", "127.0.0.1");
    assert_eq!(status(&ended, "certificate"), "bad");
    assert!(detail(&ended).contains("it ended on 2020-01-02"), "{ended}");

    let foreign = findings("20990102000000Z", "192.0.2.1");
    assert_eq!(status(&foreign, "certificate"), "bad");
    assert!(detail(&foreign).contains("it is not for 127.0.0.1"), "{foreign}");

    let good = findings("20990102000000Z", "127.0.0.1");
    assert_eq!(status(&good, "certificate"), "good");
    assert!(detail(&good).contains("until 2099-01-02"), "{good}");
}

/// An expired certificate is no reason to be away: who trusts us all the same is served, and the log says why others are not.
#[test]
fn an_expired_certificate_is_shown_with_a_warning() {
    let house = House::new();
    openssl(&house.file("certificates"), "20200102000000Z", "127.0.0.1");

    let (running, address) = house.start();

    running.stderr_with("the certificate has expired");
    let refused = house.curl("certificates", &[&address]);
    assert_eq!(refused.status.code(), Some(60), "{}", text(&refused));
}

fn finding<'a>(findings: &'a Value, check: &str) -> &'a Value {
    let all = findings.as_array().expect("a list");
    all.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("no {check} in {findings}"))
}

fn status<'a>(findings: &'a Value, check: &str) -> &'a str {
    finding(findings, check)["status"].as_str().expect("a status")
}

fn detail(findings: &Value) -> &str {
    finding(findings, "certificate")["detail"].as_str().expect("a detail")
}

#[test]
fn a_taken_address_names_the_setting_that_chose_it() {
    let house = House::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");

    for (more, setting) in [
        (format!("redirect_listen = \"{address}\"\n"), "server.tls.redirect_listen"),
        (format!("[ext_authz]\nlisten = \"{address}\"\n"), "ext_authz.listen"),
    ] {
        house.settings(&more);
        let refused = run(house.path(), ["serve", "--data", "data"]);
        let told = format!("{address} is taken by another process: choose another address with {setting}");
        assert!(refused.code == Some(1) && refused.stderr.contains(&told), "{refused:?}");
    }
}

/// Makes a certificate with OpenSSL that ends when it is told to. `openssl ca` is the one command of it that can.
fn openssl(folder: &Path, not_after: &str, host: &str) {
    let scratch = TempDir::new().expect("a folder");
    let file = |name: &str| scratch.path().join(name).to_string_lossy().into_owned();
    let settings = format!(
        "[ca]\ndefault_ca = own\n[own]\ndatabase = {index}\nnew_certs_dir = {dir}\nrand_serial = yes\ndefault_md = sha256\n\
         policy = any\nx509_extensions = server\n[any]\ncommonName = supplied\n[req]\ndistinguished_name = name\n[name]\n\
         [server]\nsubjectAltName = IP:{host}\nbasicConstraints = CA:FALSE\n",
        index = file("index"),
        dir = scratch.path().display(),
    );
    fs::write(file("settings"), settings).expect("settings");
    fs::write(file("index"), "").expect("an index");
    let (key, request) = (folder.join("server.key").to_string_lossy().into_owned(), file("request"));
    let certificate = folder.join("server.pem").to_string_lossy().into_owned();
    let steps: [&[&str]; 2] = [
        &[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=test",
        ],
        &["ca", "-batch", "-notext", "-selfsign", "-startdate", "20190102000000Z", "-enddate", not_after],
    ];
    let config = file("settings");
    let run = |arguments: Vec<&str>| {
        let output = Command::new("openssl").args(&arguments).args(["-config", &config]).output();
        let output = output.expect("openssl runs");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    };
    run([steps[0], &["-keyout", &key, "-out", &request]].concat());
    run([steps[1], &["-keyfile", &key, "-in", &request, "-out", &certificate]].concat());
}
