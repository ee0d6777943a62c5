use clap::Args;
use handstamp_core::Context;
use handstamp_core::model::{OrgId, User};
use serde_json::Value;

use super::view;
use crate::edge::house::{self, Missing};
use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// List users, by name
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp user list
  handstamp user list --org acme --json | jq -r '.[].username'")]
pub(super) struct List {
    /// Only those of this organisation
    #[arg(long)]
    org: Option<OrgId>,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &List) -> Result<(), Failure> {
    house::visit(&command.settings, Missing::Refuse, async |context| {
        let mut users = everybody(context).await?;
        if let Some(org) = &command.org {
            users.retain(|user| user.org_id.as_ref() == Some(org));
        }
        if command.output.json {
            return output::json(&users.iter().map(view::to_json).collect::<Vec<Value>>());
        }
        view::print_table(&users)
    })
}

async fn everybody(context: &Context) -> Result<Vec<User>, Failure> {
    const PAGE: u32 = 500;
    let mut users: Vec<User> = Vec::new();
    loop {
        let last = users.last().map(|user| user.username.clone());
        let page = context
            .store
            .users(last.as_ref(), PAGE)
            .await
            .map_err(|cause| Failure::because("cannot list the users", &cause))?;
        if page.is_empty() {
            return Ok(users);
        }
        users.extend(page);
    }
}
