use handstamp_core::model::{Organization, OrganizationStatus};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table};

/// Returns what machines read of an organisation.
pub(super) fn to_json(organization: &Organization) -> Value {
    json!({
        "org_id": organization.id,
        "name": organization.name,
        "status": status(organization),
        "created_at": organization.created_at.as_second(),
    })
}

/// Prints one organisation.
pub(super) fn print(organization: &Organization, output: OutputArgs) -> Result<(), Failure> {
    if output.json {
        output::json(&to_json(organization))
    } else {
        print_table(std::slice::from_ref(organization))
    }
}

/// Prints organisations as a table.
pub(super) fn print_table(organizations: &[Organization]) -> Result<(), Failure> {
    let mut table = Table::new(&["ORGANISATION", "NAME", "STATUS"]);
    for organization in organizations {
        let status = status(organization).to_owned();
        table.row([organization.id.to_string(), organization.name.clone(), status]);
    }
    table.print(&mut output::stdout())?;
    Ok(())
}

fn status(organization: &Organization) -> &'static str {
    match organization.status {
        OrganizationStatus::Active => "active",
        OrganizationStatus::Suspended { .. } => "suspended",
    }
}
