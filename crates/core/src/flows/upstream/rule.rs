//! Who becomes whom: the rule for somebody from an upstream who is not linked to any account. See `docs/decisions/011`.

use crate::{
    model::{UpstreamLink, UpstreamName, User},
    settings::{LinkRule, UpstreamSettings},
};

/// What becomes of somebody who is not linked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unlinked {
    /// They are linked to the account that has their address.
    Link,
    /// An account is made for them.
    Create,
    /// An account has their address, and they may not be linked to it without its owner.
    EmailTaken,
    /// They have no account, and none is made.
    NotLinked,
}

/// The account that has the address which the upstream has verified.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) user: &'a User,
    /// To which upstreams it is linked.
    pub(super) links: &'a [UpstreamLink],
}

/// Decides. `holder` is the account with the *verified* address; an address that is not verified has none.
pub(super) fn decide(
    settings: &UpstreamSettings,
    upstream: &UpstreamName,
    holder: Option<Holder<'_>>,
) -> Unlinked {
    match holder {
        Some(holder) if may_link(settings, upstream, holder) => Unlinked::Link,
        Some(_) => Unlinked::EmailTaken,
        None if settings.create => Unlinked::Create,
        None => Unlinked::NotLinked,
    }
}

fn may_link(settings: &UpstreamSettings, upstream: &UpstreamName, holder: Holder<'_>) -> bool {
    settings.link == LinkRule::VerifiedEmail
        // The address of an account that an upstream made is only as good as that upstream's word.
        && holder.user.origin.is_none()
        // Somebody else of this upstream is this user: the upstream has given the address to another person.
        && holder.links.iter().all(|link| link.upstream != *upstream)
        && holder.user.roles.is_disjoint(&settings.link_except)
}
