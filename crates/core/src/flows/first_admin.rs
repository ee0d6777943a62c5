//! The one-time way to the first administrator: the setup secret, good while there is no user.

use jiff::Timestamp;

use super::users::{self, NewUser, UsersError};
use crate::{
    Context,
    model::{Role, User},
    root_key::RootKey,
    store::Change,
};

/// The role that may administer this installation.
pub const ADMIN_ROLE: &str = "admin";

/// No administrator was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FirstAdminError {
    /// The setup secret is wrong, or there is a user already: nobody outside is told which.
    #[error("the setup secret is wrong, or was used already")]
    Refused,
    /// A first administrator without a password could never sign in.
    #[error("the first administrator needs a password")]
    PasswordMissing,
    /// The user could not be made.
    #[error(transparent)]
    User(UsersError),
}

/// Makes the first user, with the role `admin`. Of two who try at the same time, one succeeds.
pub async fn first_admin(
    ctx: &Context,
    setup_secret: &str,
    mut new: NewUser,
    root_key: &RootKey,
    now: Timestamp,
) -> Result<User, FirstAdminError> {
    if !root_key.setup_secret().matches(setup_secret) {
        return Err(FirstAdminError::Refused);
    }
    let has_users = ctx.store.has_users().await.map_err(|error| FirstAdminError::User(error.into()))?;
    if has_users {
        return Err(FirstAdminError::Refused);
    }
    if new.password.is_none() {
        return Err(FirstAdminError::PasswordMissing);
    }
    new.roles.extend(ADMIN_ROLE.parse::<Role>());
    let user = users::prepare(ctx, new, now).await.map_err(FirstAdminError::User)?;
    users::create(ctx, user, Change::CreateFirstUser, None, now).await.map_err(|error| match error {
        UsersError::NotFirstUser => FirstAdminError::Refused,
        other => FirstAdminError::User(other),
    })
}
