use std::io::Write;
use std::path::Path;

use handstamp_demo::page::Services;
use handstamp_demo::{PEOPLE, Person};
use serde::Serialize;

use super::commands::Commands;
use super::system::Places;
use super::tour;
use crate::failure::Failure;
use crate::output::{self, Table};

/// The one line that tools start from.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    auth: &'a str,
    app: &'a str,
    services: Services,
    people: &'static [Person],
}

/// Returns what tools are told.
pub(super) fn for_machines(places: &Places) -> Told<'_> {
    let services = Services { orders: places.orders.clone(), profiles: places.profiles.clone() };
    Told { auth: &places.auth, app: &places.app, services, people: PEOPLE }
}

/// Prints addresses, people and what to try.
pub(super) fn print(places: &Places, commands: &Commands, data: Option<&Path>) -> Result<(), Failure> {
    let mut out = output::stdout();
    let style = out.style;
    let app = style.bold(&places.app);
    writeln!(out, "Sign in once, every service knows who you are. Open this in a browser:\n\n    {app}\n")?;

    let mut addresses = Table::new(&["SERVICE", "ADDRESS"]);
    let services = [
        ("page", &places.app),
        ("auth", &places.auth),
        ("orders", &places.orders),
        ("profiles", &places.profiles),
    ];
    for (name, address) in services {
        addresses.row([name.to_owned(), address.clone()]);
    }
    addresses.print(&mut out)?;
    writeln!(out)?;

    let mut people = Table::new(&["NAME", "PASSWORD", "ORGANISATION", "ROLES"]);
    for person in PEOPLE {
        let roles = if person.roles.is_empty() { "-".to_owned() } else { person.roles.join(" ") };
        people.row([person.username.to_owned(), person.password.to_owned(), person.org_id.to_owned(), roles]);
    }
    people.print(&mut out)?;

    writeln!(out, "\n{}", style.bold("To try in another terminal"))?;
    write!(out, "{}", tour::text(places, commands))?;
    match data {
        Some(folder) => writeln!(out, "\nData stays in {}. Ctrl-C stops.", folder.display())?,
        None => writeln!(out, "\nData is gone when you stop. Ctrl-C stops.")?,
    }
    out.flush()?;
    Ok(())
}
