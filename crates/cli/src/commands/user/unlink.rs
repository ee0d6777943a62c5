use clap::Args;
use handstamp_core::flows::upstream::{UnlinkUpstream, unlink_upstream};
use handstamp_core::model::{Login, UpstreamName};
use serde_json::json;

use super::find;
use crate::edge::clock;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Remove a user's link to an upstream, and end the sessions that began through it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user unlink ann corp
  handstamp user unlink ann@example.org corp --json")]
pub(super) struct Unlink {
    /// The user name or e-mail address
    name: Login,

    /// The upstream, as the configuration calls it or called it
    upstream: UpstreamName,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Unlink) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let user = find(context, &command.name).await?;
        let upstream = command.upstream.clone();
        let unlink = UnlinkUpstream { user: user.id, upstream, keep: None, actor: None, address: None };
        let link = unlink_upstream(context, &unlink, clock::now())
            .await
            .map_err(|cause| Failure::because(format_args!("cannot unlink {}", user.username), &cause))?;
        if command.output.json {
            return output::json(&json!({
                "unlinked": user.username,
                "upstream": link.upstream.as_str(),
                "issuer": link.subject.issuer(),
                "sub": link.subject.sub(),
            }));
        }
        output::line(format_args!("{} is not linked to {} any more.", user.username, link.upstream))
    })
}
