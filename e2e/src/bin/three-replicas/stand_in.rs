//! In the place of `handstamp`: what is meant for one service is done by three.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use handstamp_e2e::variable::variable;
use handstamp_testbed::Admin;
use serde_json::Value;

use crate::replicas::{Listeners, Replicas};

const PROGRAM: &str = "THREE_REPLICAS_PROGRAM";
const POSTGRES: &str = "THREE_REPLICAS_POSTGRES";
const REDIS: &str = "THREE_REPLICAS_REDIS";

/// Replicas share no folder that one of them could find it in.
const ROOT_KEY: (&str, &str) =
    ("HANDSTAMP_ROOT_KEY", "hsroot_5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f");

/// What the replicas stand on.
#[derive(Debug)]
pub(crate) struct Backing {
    /// The real binary.
    pub(crate) program: PathBuf,
    pub(crate) postgres: Admin,
    pub(crate) redis: String,
}

impl Backing {
    /// Returns what the launcher has told, if there is one.
    pub(crate) fn told() -> Option<Self> {
        let Ok(postgres) = variable(POSTGRES)?.into_string().ok()?.parse();
        Some(Self {
            program: variable(PROGRAM)?.into(),
            postgres,
            redis: variable(REDIS)?.into_string().ok()?,
        })
    }

    /// Returns the variables that tell it.
    pub(crate) fn told_as(&self) -> [(&'static str, OsString); 3] {
        let (program, redis) = (self.program.clone().into(), self.redis.clone().into());
        [(PROGRAM, program), (POSTGRES, self.postgres.to_string().into()), (REDIS, redis)]
    }
}

/// Does what `handstamp` was asked for, and returns how it ended.
pub(crate) fn run(backing: &Backing) -> Result<u8, String> {
    let asked = Asked { backing, arguments: std::env::args_os().skip(1).collect() };
    // The demo is one process for one person. Whoever names a database wants that one.
    let is_theirs =
        asked.value("--database-url").is_some() || variable("HANDSTAMP_STORAGE_DATABASE_URL").is_some();
    if is_theirs || asked.arguments.first().is_none_or(|command| command == "demo") {
        return Err(asked.real(&[]));
    }
    // Settings that cannot be are refused by the program itself, in its own words.
    let Some(settings) = asked.settings() else { return Err(asked.real(&[])) };
    let shared = asked.shared(&settings);
    // Who shares a folder starts several processes on it, and each of them is a replica here.
    let brings_replicas = settings["storage"]["share"] == true;
    if brings_replicas || asked.arguments.first().is_none_or(|command| command != "serve") {
        return Err(asked.real(&shared));
    }
    let Some(listeners) = asked.listeners(&settings) else { return Err(asked.real(&shared)) };
    Replicas { program: &backing.program, arguments: asked.without_listen(), variables: shared }
        .serve(listeners)
}

/// What somebody wants of `handstamp`.
struct Asked<'a> {
    backing: &'a Backing,
    arguments: Vec<OsString>,
}

impl Asked<'_> {
    /// Becomes the real program. Returns only if it cannot.
    fn real(&self, variables: &[(String, String)]) -> String {
        let mut command = Command::new(&self.backing.program);
        let cause = command.args(&self.arguments).envs(variables.iter().cloned()).exec();
        format!("{}: {cause}", self.backing.program.display())
    }

    /// Returns every setting as it counts, by the word of the program itself.
    fn settings(&self) -> Option<Value> {
        let mut show = Command::new(&self.backing.program);
        show.args(["config", "show", "--json"]);
        for flag in ["--config", "--data"] {
            if let Some(value) = self.value(flag) {
                show.arg(flag).arg(value);
            }
        }
        let shown = show.output().ok().filter(|shown| shown.status.success())?;
        serde_json::from_slice(&shown.stdout).ok()
    }

    /// Returns what replicas and commands of one installation have in common: an installation is a data folder, as in the tests.
    fn shared(&self, settings: &Value) -> Vec<(String, String)> {
        let mut name = DefaultHasher::new();
        let folder = settings["storage"]["data"].as_str().unwrap_or_default();
        std::env::current_dir().unwrap_or_default().join(folder).hash(&mut name);
        let name = format!("installation_{:016x}", name.finish());
        let mut shared = vec![("HANDSTAMP_STORAGE_DATABASE_URL", self.backing.postgres.database(&name))];
        if variable(ROOT_KEY.0).is_none() {
            shared.push((ROOT_KEY.0, ROOT_KEY.1.to_owned()));
        }
        if settings["redis"]["url"].is_null() {
            shared.push(("HANDSTAMP_REDIS_URL", self.backing.redis.clone()));
            shared.push(("HANDSTAMP_REDIS_PREFIX", name));
        }
        shared.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Takes the addresses that the service would take. Nothing, if one of them is taken: the program says it better.
    fn listeners(&self, settings: &Value) -> Option<Listeners> {
        let listen = match self.value("--listen") {
            Some(listen) => listen.into_string().ok()?,
            None => settings["server"]["listen"].as_str()?.to_owned(),
        };
        let address =
            |setting: &Value| setting.as_str().and_then(|address| address.parse::<SocketAddr>().ok());
        let tls = &settings["server"]["tls"];
        let bind = |address: SocketAddr| std::net::TcpListener::bind(address).ok();
        let main = bind(listen.parse().ok()?)?;
        let beside = [
            ("HANDSTAMP_SERVER_TLS_REDIRECT_LISTEN", address(&tls["redirect_listen"])),
            ("HANDSTAMP_EXT_AUTHZ_LISTEN", address(&settings["ext_authz"]["listen"])),
        ];
        let mut taken = Vec::new();
        for (name, address) in beside {
            if let Some(address) = address.filter(|address| address.port() != 0) {
                taken.push((name, bind(address)?));
            }
        }
        Some(Listeners {
            main,
            tls: !tls["certificate_file"].is_null(),
            has_public_url: !settings["server"]["public_url"].is_null(),
            beside: taken,
        })
    }

    fn without_listen(&self) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--listen" {
                arguments.next();
            } else {
                kept.push(argument.clone());
            }
        }
        kept
    }

    fn value(&self, flag: &str) -> Option<OsString> {
        self.arguments.iter().skip_while(|argument| *argument != flag).nth(1).cloned()
    }
}
