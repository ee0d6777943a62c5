use clap::Args;
use handstamp_core::flows::sessions;
use handstamp_core::model::{Login, Session};
use serde_json::{Value, json};

use super::find;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table, words};

/// List the devices a user is signed in on, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user sessions ann
  handstamp user sessions ann --json | jq length")]
pub(super) struct Sessions {
    /// The user name or e-mail address
    name: Login,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Sessions) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let now = clock::now();
        let sessions = sessions::list(context, user.id, now)
            .await
            .map_err(|cause| Failure::because("cannot list the sessions", &cause))?;
        if command.output.json {
            return output::json(&sessions.iter().map(to_json).collect::<Vec<Value>>());
        }
        let ago = |at: jiff::Timestamp| format!("{} ago", words::length(now.duration_since(at)));
        let mut table = Table::new(&["SESSION", "DEVICE", "SIGNED IN", "LAST SEEN"]);
        for session in sessions {
            let device = session.device.clone();
            table.row([session.id.to_string(), device, ago(session.created_at), ago(session.last_seen_at)]);
        }
        table.print(&mut output::stdout())?;
        Ok(())
    })
}

fn to_json(session: &Session) -> Value {
    json!({
        "sid": session.id.to_string(),
        "device": session.device,
        "created_at": session.created_at.as_second(),
        "last_seen_at": session.last_seen_at.as_second(),
        "expires_at": session.absolute_expiry.min(session.idle_expiry).as_second(),
    })
}
