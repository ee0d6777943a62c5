use handstamp_core::model::{Profile, Role, UpstreamLink, UpstreamName, User, UserStatus};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table};

/// Returns what machines read of a user.
pub(super) fn to_json(user: &User) -> Value {
    json!({
        "sub": user.id.to_string(),
        "username": user.username,
        "email": user.email,
        "org_id": user.org_id,
        "roles": user.roles,
        "claims": user.claims,
        "status": status(user),
        "has_password": user.password.is_some(),
        "made_through": user.origin.as_ref().map(UpstreamName::as_str),
        "created_at": user.created_at.as_second(),
    })
}

/// Prints one user.
pub(super) fn print(user: &User, output: OutputArgs) -> Result<(), Failure> {
    if output.json { output::json(&to_json(user)) } else { print_table(std::slice::from_ref(user)) }
}

/// Prints one user, and what was set for them.
pub(super) fn print_with_profile(user: &User, profile: &Profile, output: OutputArgs) -> Result<(), Failure> {
    if output.json {
        let mut shown = to_json(user);
        shown["profile"] = profile.members().clone().into();
        return output::json(&shown);
    }
    print_table(std::slice::from_ref(user))?;
    if profile.is_empty() {
        return Ok(());
    }
    output::line(format_args!("\nProfile: {}", output::readable_json(profile.members())?))
}

/// Prints one user, who they are at upstreams, and what was set for them.
pub(super) fn print_with_links(
    user: &User,
    links: &[UpstreamLink],
    profile: &Profile,
    output: OutputArgs,
) -> Result<(), Failure> {
    if output.json {
        let mut shown = to_json(user);
        shown["links"] = links.iter().map(link_to_json).collect();
        shown["profile"] = profile.members().clone().into();
        return output::json(&shown);
    }
    print_with_profile(user, profile, output)?;
    if links.is_empty() {
        return Ok(());
    }
    output::line(format_args!(""))?;
    let mut table = Table::new(&["UPSTREAM", "ISSUER", "WHO THEY ARE THERE"]);
    for link in links {
        let [issuer, sub] = [link.subject.issuer(), link.subject.sub()].map(str::to_owned);
        table.row([link.upstream.to_string(), issuer, sub]);
    }
    table.print(&mut output::stdout())?;
    Ok(())
}

fn link_to_json(link: &UpstreamLink) -> Value {
    json!({
        "upstream": link.upstream.as_str(),
        "issuer": link.subject.issuer(),
        "sub": link.subject.sub(),
        "linked_at": link.linked_at.as_second(),
    })
}

/// Prints users as a table.
pub(super) fn print_table(users: &[User]) -> Result<(), Failure> {
    let mut table = Table::new(&["NAME", "E-MAIL", "ORGANISATION", "ROLES", "STATUS"]);
    for user in users {
        table.row([
            user.username.to_string(),
            user.email.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            user.org_id.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            roles(user),
            status(user).to_owned(),
        ]);
    }
    table.print(&mut output::stdout())?;
    Ok(())
}

fn roles(user: &User) -> String {
    let roles: Vec<_> = user.roles.iter().map(Role::as_str).collect();
    if roles.is_empty() { "-".to_owned() } else { roles.join(" ") }
}

fn status(user: &User) -> &'static str {
    match user.status {
        UserStatus::Active => "active",
        UserStatus::Disabled { .. } => "disabled",
    }
}
