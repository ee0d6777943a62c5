use std::io::Write;
use std::path::Path;

use handstamp_demo::page::Services;
use handstamp_demo::{PEOPLE, Person};
use serde::Serialize;

use super::system::Places;
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
pub(super) fn print(places: &Places, data: Option<&Path>) -> Result<(), Failure> {
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
    write!(out, "{}", tour(places))?;
    match data {
        Some(folder) => writeln!(out, "\nData stays in {}. Ctrl-C stops.", folder.display())?,
        None => writeln!(out, "\nData is gone when you stop. Ctrl-C stops.")?,
    }
    out.flush()?;
    Ok(())
}

fn tour(places: &Places) -> String {
    let (auth, orders) = (&places.auth, &places.orders);
    let ben = PEOPLE.iter().find(|person| person.username == "ben");
    let (login, password) = ben.map(|person| (person.username, person.password)).unwrap_or_default();
    format!(
        r#"
  # sign in as ben; the token goes into a variable
  TOKEN=$(curl -s {auth}/auth/sign-in -H 'Content-Type: application/json' -d '{{"login":"{login}","password":"{password}","delivery":"body"}}' \
      | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

  # what it says, and what acme has ordered
  echo $TOKEN | handstamp token explain -
  curl -s {orders}/orders -H "Authorization: Bearer $TOKEN"

  # an order of globex: not for ben. Deleting: not for a buyer. Without a token: nobody
  curl -s {orders}/orders/4 -H "Authorization: Bearer $TOKEN"
  curl -s -X DELETE {orders}/orders/1 -H "Authorization: Bearer $TOKEN"
  curl -s {orders}/orders

  # taken back: signed out at the auth service, the orders service knows before you can ask
  curl -s {auth}/auth/sign-out -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"scope":"everywhere"}}'
  curl -s {orders}/orders -H "Authorization: Bearer $TOKEN"
"#
    )
}
