//! Users.

use super::{Fields, Unreadable, column};
use crate::model::{Email, OrgId, PasswordHash, Role, UpstreamName, User, UserId, UserStatus};

/// The columns of a user that are not the member as it stands.
pub struct UserColumns<'a> {
    /// The address.
    pub email: Option<&'a str>,
    /// The organisation.
    pub org_id: Option<&'a str>,
    /// A JSON list.
    pub roles: String,
    /// A JSON object.
    pub claims: String,
    /// Since when the account is disabled.
    pub disabled_at: Option<i64>,
    /// The hash.
    pub password: Option<&'a str>,
    /// The upstream that the user comes from.
    pub origin: Option<&'a str>,
    /// How often the user was changed.
    pub version: i64,
}

impl<'a> UserColumns<'a> {
    /// Returns the columns of a user.
    pub fn of(user: &'a User) -> Self {
        let claims = user.claims.iter().map(|(name, value)| (name.clone(), value.clone()));
        Self {
            email: user.email.as_ref().map(Email::as_str),
            org_id: user.org_id.as_ref().map(OrgId::as_str),
            roles: column::texts(user.roles.iter().map(Role::as_str)),
            claims: claims.collect::<serde_json::Value>().to_string(),
            disabled_at: match user.status {
                UserStatus::Active => None,
                UserStatus::Disabled { at } => Some(column::time(at)),
            },
            password: user.password.as_ref().map(PasswordHash::as_phc),
            origin: user.origin.as_ref().map(UpstreamName::as_str),
            version: column::number(user.version),
        }
    }
}

/// Takes a user's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<User, Unreadable> {
    let fields = fields.of("users");
    Ok(User {
        id: UserId::from_bytes(fields.id("id")?),
        username: fields.parsed("username")?,
        email: fields.optional_parsed("email")?,
        org_id: fields.optional_parsed("org_id")?,
        roles: fields.texts("roles")?,
        claims: fields.object("claims")?,
        status: match fields.optional_time("disabled_at")? {
            None => UserStatus::Active,
            Some(at) => UserStatus::Disabled { at },
        },
        password: fields.optional_text("password")?.map(|phc| PasswordHash::from_phc(phc.to_owned())),
        origin: fields.optional_parsed("origin")?,
        created_at: fields.time("created_at")?,
        version: fields.number("version")?,
    })
}
