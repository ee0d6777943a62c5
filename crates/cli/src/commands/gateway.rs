use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use handstamp_gateway::config::Config;
use handstamp_gateway::{Gateway, Parts};
use handstamp_listen::Listener;
use handstamp_settings::{Override, address};
use handstamp_token::PooledEntropy;
use handstamp_verify::SystemClock;

use crate::edge::listen::Reached;
use crate::edge::settings::Sources;
use crate::edge::{certificates, gateway_secrets, listen, logging, runtime, signals};
use crate::failure::Failure;
use crate::output;

/// Run the front on an app's own domain
///
/// What is below `/auth/` goes to the auth service, with cookies for this domain. Everything else goes to the services of
/// `[[gateway.routes]]`, with the cookie turned into a bearer token that is refreshed on the way. Prints `listening on http://…`
/// on stdout when it is ready, then where health and figures are, and logs to stderr. Ctrl-C or SIGTERM stops it in good order.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp gateway --config gateway.toml
  handstamp gateway --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0
  HANDSTAMP_GATEWAY_CLIENT_SECRET=… handstamp gateway --config /etc/handstamp.toml

The smallest file:
  [gateway]
  auth = \"http://127.0.0.1:8600\"
  [[gateway.routes]]
  path = \"/api/*\"
  to = [\"http://127.0.0.1:9000\"]
  access = \"signed_in\"")]
pub(crate) struct GatewayCommand {
    /// The configuration file (default: `handstamp.toml` in this folder, if there is one)
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,

    /// Address and port to listen on; port 0 takes a free one: `[gateway] listen`
    #[arg(long, value_name = "ADDR", value_parser = address::parse)]
    listen: Option<SocketAddr>,

    /// Address and port of health and figures: `[gateway] admin_listen`
    #[arg(long, value_name = "ADDR", value_parser = address::parse)]
    admin_listen: Option<SocketAddr>,
}

/// Runs the gateway until it is told to stop.
pub(crate) fn run(command: &GatewayCommand) -> Result<(), Failure> {
    let flags = [
        ("--listen", "gateway.listen", command.listen),
        ("--admin-listen", "gateway.admin_listen", command.admin_listen),
    ];
    let flags = flags
        .into_iter()
        .filter_map(|(flag, key, address)| Some(Override::flag(flag, key, address?.to_string())));
    let sources = Sources::read(command.config.as_deref())?;
    let config = sources.gateway(&flags.collect::<Vec<_>>())?;
    logging::start(&config.log)?;
    runtime::serve(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let stop = signals::stop()?;
    let settings = &config.gateway;
    let public = listen::bind(settings.listen, "--listen").await?;
    let admin = listen::bind(settings.admin_listen, "--admin-listen").await?;
    let redirect = listen::bind_if(settings.tls.redirect_listen, "gateway.tls.redirect_listen").await?;
    let (address, admin_address) = (listen::address(&public)?, listen::address(&admin)?);
    let public_url = settings
        .public_url(address)
        .map_err(|cause| Failure::because("gateway.public_url cannot be used", &cause))?;
    let certificate = certificates::open(&settings.tls.certificate(), Some(&public_url.host()))?;
    let reached = Reached {
        section: "gateway",
        address,
        public_url: &public_url,
        speaks_tls: certificate.is_some(),
        trusted_proxies: &settings.trusted_proxies,
    };
    reached.warn_of_plain_http();
    let limits = settings.limits();
    let gateway = Gateway::new(Parts {
        client_secret: gateway_secrets::client_secret(&config.gateway)?,
        decryption_keys: gateway_secrets::decryption_keys(&config.gateway)?,
        public_url: public_url.clone(),
        config,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(PooledEntropy),
    })
    .map_err(|cause| Failure::because("the gateway cannot start", &cause))?;
    for route in gateway.describe_routes() {
        tracing::info!("{route}");
    }

    let scheme = if certificate.is_some() { "https" } else { "http" };
    output::line(format_args!("listening on {scheme}://{address}"))?;
    output::line(format_args!("health and figures on http://{admin_address}"))?;
    let mut listeners = vec![match &certificate {
        Some(certificate) => Listener::tls(public, certificate.tls()),
        None => Listener::plain_with_http2(public),
    }];
    if let Some(redirect) = redirect {
        let plain = listen::address(&redirect)?;
        output::notice(format_args!("http://{plain} sends everybody to {public_url}."));
        listeners.push(Listener::redirect(redirect, public_url.as_str()));
    }
    let follows = certificates::follow(certificate);
    let served = handstamp_gateway::serve(listeners, admin, limits, gateway, stop).await;
    drop(follows);
    served.map_err(|cause| Failure::because("the gateway stopped", &cause))
}
