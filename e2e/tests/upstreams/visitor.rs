//! Somebody in front of a browser: follows links and redirects and sends forms, as far as HTML without scripts goes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use handstamp_e2e::browser::{Browser, Fetch, Transport};
use http::{Method, Response};
use serde_json::Value;
use url::Url;

use crate::support::now;

/// A sign-in takes six redirects; a loop takes more than anybody.
const PATIENCE: usize = 12;

/// A browser profile: what all tabs of it share.
#[derive(Clone)]
pub(crate) struct Profile(Arc<Mutex<Browser<()>>>);

/// One tab, and the road that its requests take.
pub(crate) struct Tab<T> {
    profile: Profile,
    road: T,
    /// Every address that the tab was sent to since somebody last did something, in order.
    pub(crate) hops: Vec<Url>,
    /// What it shows.
    pub(crate) page: Page,
    /// Whither the tab is not followed, whatever the query: being sent there is what counts.
    pub(crate) leaves_at: Option<Url>,
}

/// What a tab shows.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Profile {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Browser::new((), now()))))
    }

    /// Does something with what the tabs share.
    pub(crate) fn with<R>(&self, what: impl FnOnce(&mut Browser<()>) -> R) -> R {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the names of the cookies it holds that begin like this.
    pub(crate) fn cookies(&self, beginning: &str) -> Vec<String> {
        self.with(|browser| {
            let names = browser.jar.cookies().iter().map(|cookie| cookie.name.clone());
            names.filter(|name| name.starts_with(beginning)).collect()
        })
    }

    /// Sends a request; other tabs go on meanwhile.
    async fn send(&self, road: &impl Transport, fetch: &Fetch) -> Response<Bytes> {
        let request = self.with(|browser| browser.depart(fetch));
        let reply = road.send(request).await;
        self.with(|browser| browser.arrive(fetch, &reply));
        reply
    }
}

impl<T: Transport> Tab<T> {
    pub(crate) fn new(profile: &Profile, road: T) -> Self {
        let url = Url::parse("about:blank").expect("an address");
        let page = Page { url, status: 0, text: String::new() };
        Self { profile: profile.clone(), road, hops: Vec::new(), page, leaves_at: None }
    }

    /// Goes to an address that was typed.
    pub(crate) async fn open(&mut self, url: &str) -> &Page {
        self.go(Fetch::typed(url), url).await
    }

    /// Follows a link of the page that the tab shows.
    pub(crate) async fn follow(&mut self, link: &str) -> &Page {
        let url = self.page.join(link);
        self.go(Fetch::navigation(self.page.url.as_str(), Method::GET, url.as_str()), url.as_str()).await
    }

    /// Sends a form of the page that the tab shows.
    pub(crate) async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> &Page {
        let url = self.page.join(action);
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let fetch = Fetch::navigation(self.page.url.as_str(), Method::POST, url.as_str());
        self.go(fetch.form(form.finish()), url.as_str()).await
    }

    /// Does what `fetch(url)` does in a page of the server at this address, and returns the JSON it brings.
    pub(crate) async fn ask(&self, method: Method, url: &str) -> (u16, Value) {
        let fetch = Fetch::script(url, method, url);
        let reply = self.profile.send(&self.road, &fetch).await;
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
    }

    /// Sends one request, and follows nothing.
    pub(crate) async fn send(&self, fetch: &Fetch) -> Response<Bytes> {
        self.profile.send(&self.road, fetch).await
    }

    async fn go(&mut self, fetch: Fetch, url: &str) -> &Page {
        self.hops.clear();
        let mut fetch = fetch.header("accept", "text/html");
        let mut url = Url::parse(url).expect("an address");
        for _ in 0..PATIENCE {
            self.hops.push(url.clone());
            if self.leaves_at.as_ref().is_some_and(|place| is_same_place(place, &url)) {
                self.page = Page { url, status: 0, text: String::new() };
                return &self.page;
            }
            let reply = self.profile.send(&self.road, &fetch).await;
            let Some(next) = reply.headers().get("location").filter(|_| reply.status().is_redirection())
            else {
                let text = String::from_utf8_lossy(reply.body()).into_owned();
                self.page = Page { url, status: reply.status().as_u16(), text };
                return &self.page;
            };
            let next = url.join(next.to_str().expect("ASCII")).expect("an address");
            // The server that redirects counts as the page: what a stricter browser than today's would do.
            fetch = Fetch::navigation(url.as_str(), Method::GET, next.as_str()).header("accept", "text/html");
            url = next;
        }
        panic!("redirected for ever: {:?}", self.hops);
    }
}

impl Page {
    /// Returns the address of a link or form.
    fn join(&self, link: &str) -> Url {
        self.url.join(&unescape(link)).unwrap_or_else(|_| panic!("{link:?} leads nowhere"))
    }

    /// Returns where the first link goes whose text or address holds this.
    pub(crate) fn link(&self, part: &str) -> String {
        let links = self.text.split("<a ").skip(1).filter_map(|rest| rest.split("</a>").next());
        let link = links.into_iter().find(|link| link.contains(part));
        let link = link.unwrap_or_else(|| panic!("there is no link with {part:?} on {self:?}"));
        attribute(link, "href").unwrap_or_else(|| panic!("a link without an address: {link}"))
    }

    /// Returns where the first form goes.
    pub(crate) fn form(&self) -> String {
        let form = self.text.split("<form").nth(1).and_then(|rest| rest.split('>').next());
        form.and_then(|form| attribute(form, "action"))
            .unwrap_or_else(|| panic!("there is no form on {self:?}"))
    }

    /// Returns what a hidden field holds.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let field = self.text.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
        let field = field.into_iter().find(|field| attribute(field, "name").as_deref() == Some(name));
        field.and_then(|field| attribute(field, "value")).unwrap_or_else(|| panic!("no {name} on {self:?}"))
    }
}

fn is_same_place(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin() && one.path() == other.path()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
    Some(unescape(value))
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
