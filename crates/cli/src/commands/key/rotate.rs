use clap::Args;
use handstamp_core::Context;
use handstamp_core::flows::keys::{self, Rotated, When};
use handstamp_core::key_rotation::Outlook;
use handstamp_core::model::{ClientId, KeyPurpose};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::purpose::Purpose;
use super::words::{at, within};
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Let the next key sign and retire the active one, as soon as every service holds it
///
/// Nobody is signed out: a retired key is taken until the last token made with it is dead. Where the next key is not known to
/// every service yet, the switch is asked for, and a running `handstamp serve` makes it in time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp key rotate
  handstamp key rotate --now
  handstamp key rotate --purpose revocation-feed --json")]
pub(super) struct Rotate {
    /// Which key
    #[arg(long, value_enum, default_value_t = Purpose::AccessToken)]
    purpose: Purpose,

    /// Switch with this command, or fail and change nothing where a service may not hold the next key yet
    #[arg(long)]
    now: bool,

    /// Switch whoever does not hold the next key: their requests fail until they ask for the key set again
    #[arg(long, requires = "now")]
    force: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Rotate) -> Result<(), Failure> {
    let when = match (command.now, command.force) {
        (_, true) => When::Forced,
        (true, false) => When::Now,
        (false, false) => When::Ready,
    };
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let (purpose, now) = (KeyPurpose::from(command.purpose), clock::now());
        let rotated = keys::rotate(context, purpose, when, None, now)
            .await
            .map_err(|cause| Failure::because("cannot rotate the key", &cause))?;
        let kid = active(context, purpose).await?;
        if command.output.json {
            return output::json(&to_json(&rotated, kid.as_deref()));
        }
        output::line(told(&rotated, kid.as_deref(), now))
    })
}

/// Returns the key that signs now.
async fn active(context: &Context, purpose: KeyPurpose) -> Result<Option<String>, Failure> {
    let keys =
        context.store.keys().await.map_err(|cause| Failure::because("cannot read the keys", &cause))?;
    let active = handstamp_core::key_rotation::active(keys.iter().filter(|key| key.purpose == purpose));
    Ok(active.map(|key| key.id.to_string()))
}

fn to_json(rotated: &Rotated, active: Option<&str>) -> Value {
    let Rotated::Waits(outlook) = rotated else { return json!({ "switched": true, "active": active }) };
    let behind = outlook.behind.iter().map(|report| {
        json!({ "service": report.client.as_ref().map(ClientId::as_str), "instance": report.instance.as_str() })
    });
    json!({
        "switched": false,
        "active": active,
        "next": outlook.kid.as_str(),
        "signs_from": outlook.switches_at().map(Timestamp::as_second),
        "signs_at_the_latest": outlook.waits_until.as_second(),
        "behind": behind.collect::<Vec<_>>(),
    })
}

fn told(rotated: &Rotated, active: Option<&str>, now: Timestamp) -> String {
    match rotated {
        Rotated::Switched => format!("{} signs now.", active.unwrap_or("-")),
        Rotated::Waits(outlook) => format!("{} signs {}.", outlook.kid, waits(outlook, now)),
    }
}

fn waits(outlook: &Outlook, now: Timestamp) -> String {
    let known = if now < outlook.known_from {
        format!(
            "in {} ({}), when every service has asked for the keys again",
            within(outlook.known_from, now),
            at(outlook.known_from)
        )
    } else {
        "as soon as every service holds it".to_owned()
    };
    match outlook.behind.len() {
        0 => format!("{known}: a running `handstamp serve` switches by itself"),
        n => format!(
            "{known}; {n} that report do not hold it (`handstamp key list` shows them), and are waited for until {}",
            at(outlook.waits_until)
        ),
    }
}
