/// Variables of ours that are secrets, and no settings: they have no place in a file.
pub(crate) const SECRETS: &[&str] = &[
    ROOT_KEY,
    TOKEN_SECRET,
    GATEWAY_CLIENT_SECRET,
    AUDIT_TOKEN,
    AUDIT_OTHER_TOKEN,
    AUDIT_PASSWORD,
    AUDIT_OTHER_PASSWORD,
];

/// Holds the root key itself, where there is a better place for it than a file beside the data.
pub(crate) const ROOT_KEY: &str = "HANDSTAMP_ROOT_KEY";

/// Holds the secrets that access tokens are signed with, where `tokens.algorithm` is `HS256`.
pub(crate) const TOKEN_SECRET: &str = "HANDSTAMP_TOKENS_SECRET";

/// Holds the secret of the client that the gateway is at the auth service.
pub(crate) const GATEWAY_CLIENT_SECRET: &str = "HANDSTAMP_GATEWAY_CLIENT_SECRET";

/// Holds a good token for `handstamp audit`.
pub(crate) const AUDIT_TOKEN: &str = "HANDSTAMP_AUDIT_TOKEN";

/// Holds one of somebody in another organisation.
pub(crate) const AUDIT_OTHER_TOKEN: &str = "HANDSTAMP_AUDIT_OTHER_TOKEN";

/// Holds the password of who signs in for `handstamp audit`.
pub(crate) const AUDIT_PASSWORD: &str = "HANDSTAMP_AUDIT_PASSWORD";

/// Holds the password of somebody in another organisation.
pub(crate) const AUDIT_OTHER_PASSWORD: &str = "HANDSTAMP_AUDIT_OTHER_PASSWORD";

/// Returns whether a variable is there and not empty.
pub(crate) fn is_set(name: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this is the edge that reads the environment")]
    let value = std::env::var_os(name);
    value.is_some_and(|value| !value.is_empty())
}

/// Returns a variable that is there, not empty, and text.
pub(crate) fn text(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the edge that reads the environment")]
    let value = std::env::var(name);
    value.ok().filter(|value| !value.is_empty())
}
/// Returns every variable whose name starts like ours. What is not text cannot be a setting and is passed on mangled,
/// so that it is refused by name instead of being overlooked.
pub(crate) fn ours() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, _)| name.starts_with(handstamp_server::config::VARIABLE_PREFIX))
        .collect()
}
