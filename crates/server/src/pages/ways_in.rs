use handstamp_core::model::UpstreamLink;
use maud::{Markup, html};

use super::{View, account::AccountPage, ago, texts::fill};
use crate::upstreams::Upstream;

/// A way in that the account page shows: an upstream, and since when the account is linked to it.
#[derive(Debug)]
pub(crate) struct WayIn<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) link: Option<&'a UpstreamLink>,
}

impl<'a> WayIn<'a> {
    /// Returns what there is to say of an upstream, to somebody who has these links.
    pub(crate) fn of(upstream: &'a Upstream, links: &'a [UpstreamLink]) -> Self {
        let link = links.iter().find(|link| link.upstream == *upstream.name());
        Self { name: upstream.name().as_str(), label: upstream.label(), link }
    }
}

impl View<'_> {
    /// Returns the part of the account page about upstreams; nothing where there are none.
    pub(super) fn ways_in(&self, page: &AccountPage<'_>) -> Markup {
        let texts = &self.texts.account_ways;
        if page.ways_in.is_empty() {
            return Markup::default();
        }
        html! {
            section.card aria-labelledby="ways-in" {
                h2 #ways-in { (texts.title) }
                p.quiet { (texts.hint) }
                ul.devices { @for way in page.ways_in { (self.way_in(way, page)) } }
                @if !page.may_link { p.quiet { (texts.sign_in_again) } }
            }
        }
    }

    fn way_in(&self, way: &WayIn<'_>, page: &AccountPage<'_>) -> Markup {
        let texts = &self.texts.account_ways;
        let named = |text: &str| fill(text, &[("name", &way.label)]);
        html! {
            li {
                div.device {
                    div {
                        strong { (way.label) }
                        @if let Some(link) = way.link {
                            span.quiet {
                                (fill(&texts.connected, &[("when", &ago::words(self.texts, link.linked_at, page.now))]))
                            }
                        } @else {
                            span.quiet { (texts.not_connected) }
                        }
                    }
                    @if way.link.is_some() {
                        form method="post" action="/auth/account/unlink-upstream" {
                            input type="hidden" name="upstream" value=(way.name);
                            button.small type="submit" aria-label=(named(&texts.disconnect_label)) { (texts.disconnect) }
                        }
                    } @else if page.may_link {
                        a.button.small href={ "/auth/login/" (way.name) "?link=1" } aria-label=(named(&texts.connect_label)) {
                            (texts.connect)
                        }
                    }
                }
            }
        }
    }
}
