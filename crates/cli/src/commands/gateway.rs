use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use handstamp_gateway::config::Config;
use handstamp_gateway::{Gateway, Parts};
use handstamp_listen::Listener;
use handstamp_settings::Override;
use handstamp_token::SystemEntropy;
use handstamp_verify::SystemClock;
use handstamp_verify::revocation::ClientSecret;

use crate::edge::settings::Sources;
use crate::edge::{
    certificates, encryption_key, environment, listen, logging, runtime, secret_file, signals,
};
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
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// Address and port of health and figures: `[gateway] admin_listen`
    #[arg(long, value_name = "ADDR")]
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
    let (public, admin) = (listen::bind(settings.listen).await?, listen::bind(settings.admin_listen).await?);
    let redirect = match settings.tls.redirect_listen {
        Some(address) => Some(listen::bind(address).await?),
        None => None,
    };
    let (address, admin_address) = (listen::address(&public)?, listen::address(&admin)?);
    let public_url = settings
        .public_url(address)
        .map_err(|cause| Failure::because("gateway.public_url cannot be used", &cause))?;
    let certificate = certificates::open(&settings.tls, &public_url)?;
    let limits = settings.limits();
    let gateway = Gateway::new(Parts {
        client_secret: client_secret(&config)?,
        decryption_keys: decryption_keys(&config)?,
        public_url: public_url.clone(),
        config,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
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
    let follows = tokio::spawn(certificates::follow(certificate));
    let served = handstamp_gateway::serve(listeners, admin, limits, gateway, stop).await;
    follows.abort();
    served.map_err(|cause| Failure::because("the gateway stopped", &cause))
}

/// Returns the secret that the gateway shows the auth service.
fn client_secret(config: &Config) -> Result<Option<ClientSecret>, Failure> {
    const WHAT: &str = "the secret of gateway.client_id";
    if let Some(secret) = environment::text(environment::GATEWAY_CLIENT_SECRET) {
        return Ok(Some(ClientSecret::new(secret)));
    }
    let Some(path) = &config.gateway.client_secret_file else { return Ok(None) };
    let text = secret_file::read(path, WHAT)?
        .ok_or_else(|| Failure::new(format!("{WHAT} {} is missing", path.display())))?;
    Ok(Some(ClientSecret::new(text.trim())))
}

fn decryption_keys(config: &Config) -> Result<Vec<handstamp_verify::DecryptionKey>, Failure> {
    let file = config.gateway.encryption_key_file.as_deref();
    let keys = file.map(encryption_key::read).transpose()?;
    Ok(keys.map(|keys| keys.keys().to_vec()).unwrap_or_default())
}
