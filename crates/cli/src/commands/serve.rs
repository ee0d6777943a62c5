use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use handstamp_server::config::{Config, Override, PublicUrl};
use handstamp_server::{AppState, Parts, Sockets};
use handstamp_settings::address;
use handstamp_store_sqlite::{OpenMode, ShareMode};

use crate::edge::clock::SystemClock;
use crate::edge::house::{self, House, Missing};
use crate::edge::listen::Reached;
use crate::edge::settings::SettingsArgs;
use crate::edge::{certificates, listen, logging, logo, runtime, shared, signals, upstream_credentials};
use crate::failure::Failure;
use crate::output;

/// Run the auth service
///
/// Prints `listening on http://…` or `https://…` on stdout when it is ready, and logs to stderr. Ctrl-C or SIGTERM stops it in
/// good order. The first start makes the database, its keys, and offers a one-time way to the first administrator.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp serve
  handstamp serve --listen 127.0.0.1:0 --data /var/lib/handstamp
  HANDSTAMP_SERVER_PUBLIC_URL=https://auth.example.org handstamp serve --config /etc/handstamp.toml

Secrets:
  The root key, which everything at rest is sealed under, comes from HANDSTAMP_ROOT_KEY, or from the
  file root.key in the data folder (made at the first start, readable by its owner alone).
  Without it the database cannot be used.")]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one: `[server] listen`
    #[arg(long, value_name = "ADDR", value_parser = address::parse)]
    listen: Option<SocketAddr>,

    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs the service until it is told to stop.
pub(crate) fn run(command: &Serve) -> Result<(), Failure> {
    let flag = command.listen.map(|address| Override::flag("--listen", "server.listen", address.to_string()));
    let mut config = command.settings.load_with(flag.as_slice())?;
    config.pages.logo = logo::load(&config)?;
    upstream_credentials::load(&mut config)?;
    logging::start(&config.log)?;
    runtime::serve(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let stop = signals::stop()?;
    let main = listen::bind(config.server.listen, "--listen").await?;
    let address = listen::address(&main)?;
    let redirect = listen::bind_if(config.server.tls.redirect_listen, "server.tls.redirect_listen").await?;
    let envoys = listen::bind_if(config.ext_authz.listen, "ext_authz.listen").await?;
    let public_url = house::public_url(&config, address)?;
    let certificate = certificates::open(&config.server.tls.certificate(), Some(&public_url.host()))?;
    let for_envoys = certificates::open(&config.ext_authz.tls, None)?;
    let reached = Reached {
        section: "server",
        address,
        public_url: &public_url,
        speaks_tls: certificate.is_some(),
        trusted_proxies: &config.server.trusted_proxies,
    };
    reached.warn_of_plain_http();
    let share = if config.storage.share { ShareMode::Shared } else { ShareMode::Exclusive };
    let house = House::open(&config, &public_url, OpenMode::Serve(share), Missing::Create).await?;
    offer_first_administrator(&house, &public_url).await?;

    let store = house.store();
    let shared = shared::open(&config, Arc::clone(&house.context.entropy), &store)?;
    let app = AppState::new(Parts {
        context: Arc::new(house.context),
        config,
        public_url,
        clock: Arc::new(SystemClock),
        root_key: house.root_key,
        shared,
    })
    .map_err(|cause| Failure::because("the service cannot start", &cause))?;

    let scheme = if certificate.is_some() { "https" } else { "http" };
    output::line(format_args!("listening on {scheme}://{address}"))?;
    if let Some(redirect) = &redirect {
        let (plain, public_url) = (listen::address(redirect)?, app.public_url());
        output::notice(format_args!("http://{plain} sends everybody to {public_url}."));
    }
    let tls = certificate.as_ref().map(|certificate| certificate.tls().clone());
    let sockets = Sockets { main, tls, redirect };
    let tls_for_envoys = for_envoys.as_ref().map(|certificate| certificate.tls().clone());
    if let Some(envoys) = &envoys {
        let (address, how) = (listen::address(envoys)?, if for_envoys.is_some() { " over TLS" } else { "" });
        output::notice(format_args!("Envoy may ask at {address}, by gRPC{how}."));
    }
    let envoys = async {
        match envoys {
            Some(listener) => handstamp_server::serve_ext_authz(listener, tls_for_envoys, app.clone()).await,
            None => Ok(()),
        }
    };
    let follows = certificates::follow(certificate.into_iter().chain(for_envoys));
    let served = tokio::try_join!(handstamp_server::serve(sockets, app.clone(), stop), envoys).map(|_| ());
    drop(follows);
    store.close().await?;
    served.map_err(|cause| Failure::because("the service stopped", &cause))
}

/// While there is no user, whoever holds the setup secret may make the first one. It goes where only the operator looks.
async fn offer_first_administrator(house: &House, public_url: &PublicUrl) -> Result<(), Failure> {
    let has_users = house
        .context
        .store
        .has_users()
        .await
        .map_err(|cause| Failure::because("cannot ask the database for its users", &cause))?;
    if !has_users {
        let secret = house.root_key.setup_secret();
        output::notice(format_args!(
            "There is no user yet. Make the first administrator at {public_url}/auth/setup with this secret, good for one:\n\n    {}\n\n\
             or run `handstamp user add NAME --email ADDRESS --role admin`.\n",
            secret.reveal()
        ));
    }
    Ok(())
}
