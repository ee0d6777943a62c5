use clap::Args;

use crate::edge::settings;
use crate::failure::Failure;
use crate::output;

/// Print the JSON Schema of `handstamp.toml`: every setting, its type, its default and what it does
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp config schema > handstamp.schema.json
  handstamp config schema --json | jq '.properties.tokens'")]
pub(super) struct Schema {
    /// Print JSON: what this command does anyway, for scripts that always say so
    #[arg(long)]
    json: bool,
}

pub(super) fn run(_: &Schema) -> Result<(), Failure> {
    output::json(&settings::schema())
}
