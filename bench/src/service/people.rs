use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handstamp_core::Context;
use handstamp_core::flows::Issued;
use handstamp_core::flows::refresh::{Refresh, refresh};
use handstamp_core::model::{PasswordHash, User, UserId, UserStatus};
use handstamp_core::password::Password;
use handstamp_core::store::{Applied, Change, Changes};
use handstamp_server::Clock as _;
use jiff::Timestamp;

use super::{House, Sessions};
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
    commit(context, changes, "adding people").await
}

/// Applies changes that nobody else stands in the way of.
pub async fn commit(context: &Context, changes: Changes, doing: &str) -> Outcome {
    match context.store.apply(changes).await.map_err(failed(doing))? {
        Applied::Committed { .. } => Ok(()),
        Applied::Conflict(conflict) => Err(format!("{doing}: {conflict}")),
    }
}

/// Refreshes for so many people, and returns what each was handed: at the true time, by which verifiers elsewhere go. That is too soon for
/// a rotation, which is not the point of it.
pub async fn signed_in(house: &House, count: usize) -> Outcome<Vec<Issued>> {
    let sessions = Sessions::add(&house.context, count, house.clock.now()).await?;
    let mut all = Vec::new();
    for _ in 0..count {
        let draw = sessions.draw();
        let refresh_token = house.context.keyring.refresh_keys().mint(draw.id, draw.step);
        let command = Refresh { token: refresh_token.reveal(), beside: None, address: None };
        all.push(refresh(&house.context, command, house.clock.now()).await.map_err(failed("refreshing"))?);
    }
    Ok(all)
}

/// Returns the access tokens of so many people.
pub async fn access_tokens(house: &House, count: usize) -> Outcome<Arc<Vec<String>>> {
    let issued = signed_in(house, count).await?;
    Ok(Arc::new(issued.into_iter().map(|issued| issued.access.text).collect()))
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
