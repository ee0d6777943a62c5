use handstamp_core::model::{Login, User, UserId, Username};
use handstamp_core::store::rows;

use super::user_id;
use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::users;

/// Returns a user by id.
pub(crate) async fn by_id(pool: &Pool, id: UserId) -> Result<Option<User>, Failure> {
    pool.optional(users::BY_ID, &[&user_id(id)], rows::users::decode).await
}

/// Returns a user by name or address.
pub(crate) async fn by_login(pool: &Pool, login: &Login) -> Result<Option<User>, Failure> {
    let (sql, name) = match login {
        Login::Username(username) => (users::BY_USERNAME, username.as_str()),
        Login::Email(email) => (users::BY_EMAIL, email.as_str()),
    };
    pool.optional(sql, &[&name], rows::users::decode).await
}

/// Returns users in the order of their names.
pub(crate) async fn list(pool: &Pool, after: Option<&Username>, limit: u32) -> Result<Vec<User>, Failure> {
    // No name is empty, so all of them come after the empty one.
    let after = after.map_or("", Username::as_str);
    pool.list(users::LIST, &[&after, &i64::from(limit)], rows::users::decode).await
}

/// Returns whether there is any user.
pub(crate) async fn has_any(pool: &Pool) -> Result<bool, Failure> {
    Ok(pool.optional(users::ANY, &[], |_| Ok(())).await?.is_some())
}
