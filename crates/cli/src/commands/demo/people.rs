use futures_util::future::try_join_all;
use handstamp_core::Context;
use handstamp_core::flows::organizations::{self, OrganizationsError};
use handstamp_core::flows::profiles;
use handstamp_core::flows::users::{self, NewUser, UsersError};
use handstamp_core::model::{Email, Login, OrgId, Profile, Role, User, Username};
use handstamp_core::password::Password;
use handstamp_demo::{PEOPLE, Person, Subjects};

use crate::edge::clock;
use crate::failure::Failure;

/// Adds everybody and their organisations, unless an earlier run has.
pub(super) async fn move_in(context: &Context) -> Result<Subjects, Failure> {
    for (id, name) in [("acme", "Acme Ltd"), ("globex", "Globex Ltd")] {
        let added =
            organizations::add(context, parsed::<OrgId>(id)?, Some(name.to_owned()), None, clock::now())
                .await;
        match added {
            Ok(_) | Err(OrganizationsError::Taken) => {}
            Err(cause) => return Err(Failure::because(format_args!("cannot add {id}"), &cause)),
        }
    }
    // Hashing passwords is what takes time: all cores at once.
    let users = try_join_all(PEOPLE.iter().map(|person| add(context, person))).await?;
    for (person, user) in PEOPLE.iter().zip(&users) {
        tell(context, person, user).await?;
    }
    Ok(users.into_iter().map(|user| (user.username.to_string(), user.id.to_string())).collect())
}

async fn add(context: &Context, person: &Person) -> Result<User, Failure> {
    let failed = |cause: UsersError| Failure::because(format_args!("cannot add {}", person.username), &cause);
    let username: Username = parsed(person.username)?;
    let login = Login::Username(username.clone());
    let known = context.store.user_by_login(&login).await.map_err(|cause| failed(cause.into()))?;
    if let Some(user) = known {
        return Ok(user);
    }
    let roles: Result<_, Failure> = person.roles.iter().map(|role| parsed::<Role>(role)).collect();
    let new = NewUser {
        username,
        email: Some(parsed::<Email>(&format!("{}@{}.example", person.username, person.org_id))?),
        roles: roles?,
        org_id: Some(parsed(person.org_id)?),
        password: Some(Password::new(person.password)),
    };
    users::add(context, new, None, clock::now()).await.map_err(failed)
}

/// Says who somebody is, unless something is said of them already.
async fn tell(context: &Context, person: &Person, user: &User) -> Result<(), Failure> {
    let failed = |cause: UsersError| {
        Failure::because(format_args!("cannot set the profile of {}", person.username), &cause)
    };
    let known = profiles::find(context, user.id).await.map_err(|cause| failed(cause.into()))?;
    if known.is_some_and(|known| known.profile.is_empty()) {
        let profile: Profile = parsed(&person.profile().to_string())?;
        profiles::set(context, user.id, profile, None, clock::now()).await.map_err(failed)?;
    }
    Ok(())
}

fn parsed<T: std::str::FromStr<Err: std::error::Error + 'static>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|cause| Failure::because("the demo's people cannot move in", &cause))
}
