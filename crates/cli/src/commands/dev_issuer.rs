use std::net::SocketAddr;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use handstamp_testkit::TestIssuer;
use handstamp_token::Algorithm;
use serde::Serialize;

use crate::edge::{listen, runtime, signals};
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Run an issuer for tests, in any language: real keys, real tokens, good and bad
///
/// Publishes what the auth service publishes to services: metadata, keys, the revocation feed, a status list. Below /dev/ a test
/// makes tokens, takes them back and moves the clock. Whoever reaches it makes any token, so it listens on this machine alone, and
/// nothing that matters may ever trust it. Everything is gone when it stops. Prints `listening on http://…` when it is ready.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp dev-issuer --audience orders
  handstamp dev-issuer --audience orders --algorithm RS256 --listen 127.0.0.1:0 --json

Then, for a token of ann's, and for all that must not pass:
  curl -s http://127.0.0.1:8650/dev/tokens --json '{\"sub\":\"ann\",\"roles\":[\"admin\"],\"org_id\":\"acme\"}'
  curl -s http://127.0.0.1:8650/dev/invalid-tokens")]
pub(crate) struct DevIssuer {
    /// Address and port to listen on, of this machine alone; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8650", value_parser = of_this_machine)]
    listen: SocketAddr,

    /// Whom tokens are for that say nothing else: the name that the tested service goes by
    #[arg(long, value_name = "NAME", default_value = "test-service", value_parser = NonEmptyStringValueParser::new())]
    audience: String,

    /// The algorithm of the keys
    #[arg(long, value_name = "ALG", default_value_t = Algorithm::Es256)]
    algorithm: Algorithm,

    #[command(flatten)]
    output: OutputArgs,
}

/// What `--json` prints when the issuer is ready.
#[derive(Serialize)]
struct Ready<'a> {
    issuer: &'a str,
    audience: &'a str,
    algorithm: Algorithm,
    jwks_uri: String,
}

/// Runs the issuer until it is told to stop.
pub(crate) fn run(command: &DevIssuer) -> Result<(), Failure> {
    runtime::serve(serve(command))
}

async fn serve(command: &DevIssuer) -> Result<(), Failure> {
    let stop = signals::stop()?;
    let listener = listen::bind(command.listen, "--listen").await?;
    let builder = TestIssuer::builder().audience(&command.audience).algorithm(command.algorithm);
    let issuer =
        builder.serve_on(listener).map_err(|cause| Failure::because("the issuer cannot start", &cause))?;
    output::notice(format_args!(
        "This issuer is for tests: whoever reaches it makes any token. Nothing that matters may trust it."
    ));
    if command.output.json {
        output::json_line(&Ready {
            issuer: issuer.url(),
            audience: issuer.audience(),
            algorithm: issuer.algorithm(),
            jwks_uri: format!("{}/.well-known/jwks.json", issuer.url()),
        })?;
    } else {
        output::line(format_args!("listening on {}", issuer.url()))?;
    }
    stop.await;
    Ok(())
}

fn of_this_machine(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, such as 127.0.0.1:8650".to_owned())?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err("other machines reach this address, and a test issuer makes any token for anybody: use 127.0.0.1"
        .to_owned())
}
