//! A client that treats cookies, origins and CORS as Chromium and Firefox do.

mod cookie;
mod cors;
mod jar;
mod site;

use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use url::Url;

pub use cookie::{Cookie, Dropped, SameSite};
pub use jar::Jar;
pub use site::{Relation, is_trustworthy};

/// What carries a request to the server: a socket, or a function call.
pub trait Transport {
    /// Sends one request and returns the reply. Redirects are the browser's business.
    fn send(&self, request: Request<Bytes>) -> impl Future<Output = Response<Bytes>> + Send;
}

/// A browser with one profile: one cookie jar, and a clock that tests move.
#[derive(Debug)]
pub struct Browser<T> {
    transport: T,
    /// The cookies it keeps.
    pub jar: Jar,
    /// The time it believes in, in Unix seconds. Only the lifetime of cookies depends on it.
    pub now: i64,
    /// `Set-Cookie` lines it refused, and why: what a developer would see in the console.
    pub dropped: Vec<Dropped>,
}

/// A request that a page makes, or that the user makes by going somewhere.
#[derive(Debug, Clone)]
pub struct Fetch {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    from: Initiator,
    credentials: Credentials,
}

/// Who starts a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Initiator {
    /// A script of a page.
    Script(Url),
    /// A link or form of a page, which the browser follows.
    Navigation(Url),
    /// The user, by the address bar or a bookmark.
    User,
}

/// Whether a script's request carries cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// To the page's own origin alone (the default of `fetch`).
    SameOrigin,
    /// To every origin (`credentials: 'include'`).
    Include,
}

/// Why a script may not see a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// The preflight was not answered with a permission, so the request itself was never sent.
    Preflight(&'static str),
    /// The request was sent, its reply stays hidden.
    Reply(&'static str),
}

impl Fetch {
    /// Returns what `fetch(url, { method })` does in a page at `page`.
    pub fn script(page: &str, method: Method, url: &str) -> Self {
        Self::new(Initiator::Script(parse(page)), method, url)
    }

    /// Returns what following a link (GET) or sending a form (POST) in a page at `page` does.
    pub fn navigation(page: &str, method: Method, url: &str) -> Self {
        Self::new(Initiator::Navigation(parse(page)), method, url)
    }

    /// Returns what typing an address does.
    pub fn typed(url: &str) -> Self {
        Self::new(Initiator::User, Method::GET, url)
    }

    fn new(from: Initiator, method: Method, url: &str) -> Self {
        Self {
            method,
            url: parse(url),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            from,
            credentials: Credentials::SameOrigin,
        }
    }

    /// Adds a header. Panics, as tests do, on one that a browser does not let scripts set.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let name = HeaderName::from_static(name);
        assert!(!cors::is_forbidden(&name), "a browser lets no script set {name}");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }

    /// Sets a form body.
    #[must_use]
    pub fn form(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Says that cookies go along to other origins too.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        self.credentials = Credentials::Include;
        self
    }

    fn relation(&self) -> Relation {
        match &self.from {
            Initiator::User => Relation::User,
            Initiator::Script(page) | Initiator::Navigation(page) => Relation::between(page, &self.url),
        }
    }

    fn is_navigation(&self) -> bool {
        !matches!(self.from, Initiator::Script(_))
    }

    /// Says whether cookies go along, and come back.
    fn carries_cookies(&self) -> bool {
        self.is_navigation()
            || self.credentials == Credentials::Include
            || self.relation() == Relation::SameOrigin
    }
}

impl<T> Browser<T> {
    /// Returns a browser with an empty profile.
    pub fn new(transport: T, now: i64) -> Self {
        Self { transport, jar: Jar::default(), now, dropped: Vec::new() }
    }

    /// Returns the request that leaves, with the cookies of this moment. Tabs of one profile that are busy at the same time are sent
    /// by whoever keeps them, and come back with [`arrive`](Self::arrive).
    pub fn depart(&self, fetch: &Fetch) -> Request<Bytes> {
        let relation = fetch.relation();
        let mut request = Request::builder().method(fetch.method.clone()).uri(fetch.url.as_str());
        let headers = request.headers_mut().expect("a method and a URL");
        headers.extend(fetch.headers.clone());
        headers.insert(header::HOST, value(&host(&fetch.url)));
        if !fetch.body.is_empty() || fetch.method == Method::POST {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(fetch.body.len()));
        }
        // Browsers send fetch metadata to trustworthy addresses alone.
        if is_trustworthy(&fetch.url) {
            headers.insert("sec-fetch-site", HeaderValue::from_static(relation.sec_fetch_site()));
            let mode = if fetch.is_navigation() { "navigate" } else { "cors" };
            headers.insert("sec-fetch-mode", HeaderValue::from_static(mode));
        }
        let names_origin = fetch.method != Method::GET && fetch.method != Method::HEAD;
        match &fetch.from {
            Initiator::Script(page) if names_origin || relation != Relation::SameOrigin => {
                headers.insert(header::ORIGIN, value(&origin(page)));
            }
            Initiator::Navigation(page) if names_origin => {
                headers.insert(header::ORIGIN, value(&origin(page)));
            }
            _ => {}
        }
        if fetch.carries_cookies() {
            let cookies =
                self.jar.header(&fetch.url, relation, fetch.is_navigation(), &fetch.method, self.now);
            if let Some(cookies) = cookies {
                headers.insert(header::COOKIE, value(&cookies));
            }
        }
        request.body(fetch.body.clone()).expect("a request")
    }

    /// Takes in what a reply sets.
    pub fn arrive(&mut self, fetch: &Fetch, reply: &Response<Bytes>) {
        if !fetch.carries_cookies() {
            return;
        }
        let relation = fetch.relation();
        for line in reply.headers().get_all(header::SET_COOKIE) {
            let stored = self.jar.store(line, &fetch.url, relation, fetch.is_navigation(), self.now);
            self.dropped.extend(stored.err());
        }
        let clears =
            reply.headers().get("clear-site-data").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if clears.contains("\"cookies\"") || clears.contains("\"*\"") {
            self.jar.clear_site(&fetch.url);
        }
    }

    /// Returns what `document.cookie` shows to a page at `url`.
    pub fn document_cookie(&self, url: &str) -> String {
        self.jar.document_cookie(&parse(url), self.now)
    }
}

impl<T: Transport> Browser<T> {
    /// Does what a browser does: preflight, cookies, fetch metadata, the request, cookies again, and the CORS check.
    pub async fn fetch(&mut self, fetch: Fetch) -> Result<Response<Bytes>, Blocked> {
        let relation = fetch.relation();
        let cross_origin_script = !fetch.is_navigation() && relation != Relation::SameOrigin;
        if cross_origin_script && cors::needs_preflight(&fetch.method, &fetch.headers) {
            self.preflight(&fetch).await?;
        }
        let reply = self.transport.send(self.depart(&fetch)).await;
        self.arrive(&fetch, &reply);
        if cross_origin_script {
            let Initiator::Script(page) = &fetch.from else { return Ok(reply) };
            cors::may_read(&origin(page), fetch.credentials, reply.headers()).map_err(Blocked::Reply)?;
        }
        Ok(reply)
    }

    async fn preflight(&self, fetch: &Fetch) -> Result<(), Blocked> {
        let Initiator::Script(page) = &fetch.from else { return Ok(()) };
        let asked = cors::unsafe_headers(&fetch.headers).join(",");
        let mut request = Request::builder()
            .method(Method::OPTIONS)
            .uri(fetch.url.as_str())
            .header(header::HOST, host(&fetch.url))
            .header(header::ORIGIN, origin(page))
            .header("sec-fetch-site", fetch.relation().sec_fetch_site())
            .header("sec-fetch-mode", "cors")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, fetch.method.as_str());
        if !asked.is_empty() {
            request = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, asked);
        }
        let reply = self.transport.send(request.body(Bytes::new()).expect("a preflight")).await;
        cors::permits(&origin(page), fetch.credentials, &fetch.method, &fetch.headers, &reply)
            .map_err(Blocked::Preflight)
    }
}

fn parse(url: &str) -> Url {
    Url::parse(url).expect("an absolute URL")
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a header value")
}
