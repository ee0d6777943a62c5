//! What the members of a token mean, in a few words each.

/// Returns what a member of the header means; nothing for one that no specification names.
pub(super) fn of_header(name: &str) -> &'static str {
    match name {
        "alg" => "how it is signed",
        "kid" => "which key signed it",
        "typ" => "what kind of token it is",
        "cty" => "what kind of payload it carries",
        "crit" => "what a verifier must understand or refuse",
        "jku" | "jwk" | "x5u" | "x5c" => "a key the token brings itself: never to be trusted",
        "x5t" | "x5t#S256" => "which certificate signed it",
        "b64" => "whether the payload is base64url-encoded",
        _ => "",
    }
}

/// Returns what a claim means; nothing for one that is the issuer's own.
pub(super) fn of_claim(name: &str) -> &'static str {
    match name {
        "iss" => "who issued it",
        "sub" => "who it is about: the stable id",
        "aud" => "who may accept it",
        "exp" => "dead from then on",
        "nbf" => "not valid before",
        "iat" => "when it was issued",
        "jti" => "the token's own id",
        "client_id" => "which client it was issued to",
        "sid" => "which session it belongs to",
        "auth_time" => "when the user last proved who they are",
        "amr" => "how they proved it",
        "acr" => "how strong the proof was",
        "preferred_username" => "the user name, for show",
        "email" => "the e-mail address",
        "roles" => "system-wide roles",
        "org_id" => "the organisation whose data it opens",
        "scope" => "what the client may do",
        "rev" => "how much of the revocation log was known when it was issued",
        "status" => "where a status list says whether it is over",
        _ => "",
    }
}
