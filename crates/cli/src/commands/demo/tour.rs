use handstamp_demo::PEOPLE;

use super::commands::Commands;
use super::system::Places;

/// Returns what to try in another terminal, each line ready to be pasted.
pub(super) fn text(places: &Places, commands: &Commands) -> String {
    [with_a_token(places, commands), under_the_page(commands)].concat()
}

fn with_a_token(places: &Places, commands: &Commands) -> String {
    let (auth, orders) = (&places.auth, &places.orders);
    let ben = PEOPLE.iter().find(|person| person.username == "ben");
    let (login, password) = ben.map(|person| (person.username, person.password)).unwrap_or_default();
    let explain = commands.anywhere("token explain -");
    format!(
        r#"
  # sign in as ben; the token goes into a variable, and lives some minutes
  TOKEN=$(curl -s {auth}/auth/sign-in -H 'Content-Type: application/json' -d '{{"login":"{login}","password":"{password}","delivery":"body"}}' \
      | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

  # what it says, and what acme has ordered
  echo $TOKEN | {explain}
  curl -s {orders}/orders -H "Authorization: Bearer $TOKEN"

  # an order of globex: not for ben. Deleting: not for a buyer. Without a token: nobody
  curl -s {orders}/orders/4 -H "Authorization: Bearer $TOKEN"
  curl -s -X DELETE {orders}/orders/1 -H "Authorization: Bearer $TOKEN"
  curl -s {orders}/orders

  # orders as they come; the stream ends with the session
  curl -sN {orders}/orders/events -H "Authorization: Bearer $TOKEN"

  # taken back: signed out at the auth service, the orders service knows before you can ask
  curl -s {auth}/auth/sign-out -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"scope":"everywhere"}}'
  curl -s {orders}/orders -H "Authorization: Bearer $TOKEN"
"#
    )
}

fn under_the_page(commands: &Commands) -> String {
    let [set_roles, disable, enable, revoke] =
        ["set-roles cleo buyer", "disable cleo", "enable cleo", "revoke cleo"]
            .map(|arguments| commands.on_data(&format!("user {arguments}")));
    format!(
        "
  # while cleo is signed in on the page: a new role arrives, the account goes and comes, every session ends
  {set_roles}
  {disable}
  {enable}
  {revoke}
"
    )
}
