use std::collections::{BTreeMap, BTreeSet};

use handstamp_core::Context;
use handstamp_core::model::{PasswordHash, User, UserId, UserStatus};
use handstamp_core::password::Password;
use handstamp_core::store::{Applied, Change, Changes};
use jiff::Timestamp;

use crate::{Outcome, failed};

/// Adds so many people, `user-0` and on, who all have one password.
pub async fn add_people(context: &Context, count: usize, password: &str) -> Outcome {
    let hash = context.hasher.hash(&Password::new(password), &*context.entropy).await;
    let hash = hash.map_err(failed("hashing the password"))?;
    let now = Timestamp::now();
    let mut changes = Changes::default();
    for number in 0..count {
        changes = changes.and(Change::CreateUser(new_user(context, number, Some(hash.clone()), now)?));
    }
    match context.store.apply(changes).await.map_err(failed("adding people"))? {
        Applied::Committed { .. } => Ok(()),
        Applied::Conflict(conflict) => Err(format!("adding people: {conflict}")),
    }
}

/// Returns somebody who buys things, as the database keeps them.
pub fn new_user(
    context: &Context,
    number: usize,
    password: Option<PasswordHash>,
    now: Timestamp,
) -> Outcome<User> {
    Ok(User {
        id: UserId::random(&*context.entropy),
        username: format!("user-{number}").parse().map_err(failed("a user name"))?,
        email: Some(format!("user-{number}@example.org").parse().map_err(failed("an address"))?),
        org_id: None,
        roles: BTreeSet::from(["buyer".parse().map_err(failed("a role"))?]),
        claims: BTreeMap::new(),
        status: UserStatus::Active,
        password,
        origin: None,
        created_at: now,
        version: 1,
    })
}
