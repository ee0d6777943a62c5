use handstamp_core::model::{Login, User, UserId, Username};
use handstamp_core::store::rows;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query;

/// The columns in the order that [`rows::users::decode`] takes them.
macro_rules! columns {
    () => {
        "users.id, users.username, users.email, users.org_id, users.roles, users.claims, users.disabled_at, \
         users.password, users.origin, users.created_at, users.version"
    };
}
pub(crate) use columns;

/// Every user.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM users");

/// Returns a user by id.
pub(crate) fn by_id(connection: &Connection, id: UserId) -> Result<Option<User>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM users WHERE id = ?1");
    query::optional(connection, sql, [id.as_bytes()], rows::users::decode)
}

/// Returns a user by name or address.
pub(crate) fn by_login(connection: &Connection, login: &Login) -> Result<Option<User>, Failure> {
    match login {
        Login::Username(username) => {
            let sql = concat!("SELECT ", columns!(), " FROM users WHERE username = ?1");
            query::optional(connection, sql, [username.as_str()], rows::users::decode)
        }
        Login::Email(email) => {
            let sql = concat!("SELECT ", columns!(), " FROM users WHERE email = ?1");
            query::optional(connection, sql, [email.as_str()], rows::users::decode)
        }
    }
}

/// Returns users in the order of their names.
pub(crate) fn list(
    connection: &Connection,
    after: Option<&Username>,
    limit: u32,
) -> Result<Vec<User>, Failure> {
    // No name is empty, so all of them come after the empty one.
    let after = after.map_or("", Username::as_str);
    let sql = concat!("SELECT ", columns!(), " FROM users WHERE username > ?1 ORDER BY username LIMIT ?2");
    query::list(connection, sql, params![after, limit], rows::users::decode)
}

/// Returns whether there is any user.
pub(crate) fn has_any(connection: &Connection) -> Result<bool, Failure> {
    query::exists(connection, "SELECT 1 FROM users WHERE username > '' LIMIT 1", [])
}
