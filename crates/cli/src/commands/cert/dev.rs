use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::issue::{Host, Issued, issue};
use crate::edge::{clock, secret_file};
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Make a certificate for this machine, and an authority for browsers to trust
///
/// For development. The authority can vouch for the named hosts and for nothing else, and its key is thrown away: when the
/// certificate ends, after a year, make a new pair and trust that one instead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp cert dev
  handstamp cert dev --host app.test --host '*.app.test' --out ./certificates")]
pub(super) struct Dev {
    /// A further host besides this machine's own: a name, `*.` and a name, or an address. May be repeated
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<Host>,

    /// The folder for the three files. Files that are there are left alone
    #[arg(long, value_name = "DIR", default_value = "handstamp-certificates")]
    out: PathBuf,

    #[command(flatten)]
    output: OutputArgs,
}

/// Where the files are.
struct Files {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

pub(super) fn run(command: &Dev) -> Result<(), Failure> {
    let mut hosts = Host::local().to_vec();
    hosts.extend(command.hosts.iter().filter(|host| !Host::local().contains(host)).cloned());
    let files = Files::below(&command.out)?;
    files.refuse_old_ones()?;
    let issued = issue(&hosts, clock::now())?;
    files.write(&issued, &command.out)?;
    if command.output.json {
        return output::json(&json!({
            "authority": files.authority,
            "certificate": files.certificate,
            "key": files.key,
            "hosts": hosts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "ends": issued.ends,
        }));
    }
    let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    let date = issued.ends.strftime("%Y-%m-%d");
    output::line(format_args!("A certificate for {}, good until {date}.\n", hosts.join(", ")))?;
    output::line(files.instructions())
}

impl Files {
    fn below(folder: &Path) -> Result<Self, Failure> {
        let shown = folder.display();
        let folder = std::path::absolute(folder)
            .map_err(|cause| Failure::because(format_args!("cannot use the folder {shown}"), &cause))?;
        let file = |name| folder.join(name);
        Ok(Self {
            authority: file("authority.pem"),
            certificate: file("server.pem"),
            key: file("server.key"),
        })
    }

    /// Halves of two pairs would fit nowhere.
    fn refuse_old_ones(&self) -> Result<(), Failure> {
        match [&self.authority, &self.certificate, &self.key].into_iter().find(|file| file.exists()) {
            None => Ok(()),
            Some(file) => {
                let shown = file.display();
                Err(Failure::new(format!(
                    "{shown} is there already: name another folder with --out, or move it away"
                )))
            }
        }
    }

    fn write(&self, issued: &Issued, folder: &Path) -> Result<(), Failure> {
        let failed = |file: &Path, cause: io::Error| {
            Failure::because(format_args!("cannot write {}", file.display()), &cause)
        };
        fs::create_dir_all(folder).map_err(|cause| failed(folder, cause))?;
        secret_file::write_new(&self.key, issued.key.trim_end()).map_err(|cause| failed(&self.key, cause))?;
        for (file, text) in [(&self.certificate, &issued.certificate), (&self.authority, &issued.authority)] {
            fs::write(file, text).map_err(|cause| failed(file, cause))?;
        }
        Ok(())
    }

    fn instructions(&self) -> String {
        let toml = |file: &Path| toml::Value::String(file.display().to_string()).to_string();
        let (certificate, key, authority) =
            (toml(&self.certificate), toml(&self.key), self.authority.display());
        format!(
            "Say in handstamp.toml:\n\n\
             [server.tls]\n\
             certificate_file = {certificate}\n\
             key_file = {key}\n\n\
             Tell this machine to trust the authority, which can vouch for these hosts alone:\n\n\
             Debian, Ubuntu    sudo cp '{authority}' /usr/local/share/ca-certificates/handstamp-dev.crt && sudo update-ca-certificates\n\
             Fedora            sudo trust anchor '{authority}'\n\
             macOS             security add-trusted-cert -k ~/Library/Keychains/login.keychain-db '{authority}'\n\
             Windows           certutil -user -addstore Root '{authority}'\n\
             Firefox, Chromium on Linux: import it under Certificates, Authorities\n\
             curl              curl --cacert '{authority}' …\n\
             Node.js           NODE_EXTRA_CA_CERTS='{authority}'\n\
             Handstamp itself  SSL_CERT_FILE='{authority}' on Linux, for services that fetch keys and news"
        )
    }
}
