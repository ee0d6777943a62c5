//! The way of a request: is it for us, who answers, may it pass, what became of it.

use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::{CSRF_HEADER, ErrorCode};
use handstamp_listen::Peer;
use handstamp_verify::forward_auth::{self, Question};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use tokio::time::{Instant, timeout};

use crate::admit::Admitted;
use crate::body::{ReplyBody, RequestBody, ServiceBody};
use crate::forward::{self, Outgoing};
use crate::gateway::Gateway;
use crate::headers::{forwarded, hop_by_hop, spoofable};
use crate::path::CanonicalPath;
use crate::refusal::Refusal;
use crate::request::Arrived;
use crate::routes::{Destination, Route, Service, ServiceLimits};
use crate::session_end::SessionEnd;
use crate::target::{InFlight, Speak};
use crate::web_socket::Tunnel;

/// How much of a refused body is taken off the wire, and for how long: many clients look for a reply only after they have sent everything.
const MOST_DISCARDED: u64 = 2 * 1024 * 1024;
const LONGEST_DISCARDING: Duration = Duration::from_secs(5);

impl Gateway {
    /// Answers one request.
    pub(crate) async fn answer(self: Arc<Self>, mut request: Request<Incoming>) -> Response<ReplyBody> {
        let started = Instant::now();
        let upgrade =
            hop_by_hop::wants_web_socket(request.headers()).then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        let mut body = Some(body);
        let Some(arrived) = Arrived::new(parts, &self) else {
            return Refusal::new(ErrorCode::Internal, "The request came through no listener.").into_reply("");
        };
        let (method, id) = (arrived.parts.method.clone(), arrived.id.clone());
        let strict_transport = self.strict_transport.as_ref().filter(|_| arrived.way.is_by_https());
        let expects = arrived.parts.headers.contains_key(header::EXPECT);
        let (route, outcome) = match self.route(&arrived) {
            Ok((route, org)) => {
                let outcome = self.pass(arrived, org.as_deref(), &mut body, &route, upgrade).await;
                (Some(route), outcome)
            }
            Err(refusal) => (None, Err(refusal)),
        };
        let mut reply = match outcome {
            Ok(reply) => reply,
            Err(refusal) => {
                if let Some(body) = body.filter(|_| !expects) {
                    discard(body).await;
                }
                refusal.into_reply(id.as_str())
            }
        };
        id.clone().tell(reply.headers_mut());
        if let Some(value) = strict_transport {
            reply.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert_with(|| value.clone());
        }
        let (status, took) = (reply.status().as_u16(), started.elapsed());
        let figures = route.as_ref().map_or(&self.unmatched, |route| &route.figures);
        figures.observe(status, took);
        let route = route.as_ref().map_or("unmatched", |route| route.label.as_str());
        // The route, not the address: addresses hold ids, and some day somebody puts a token into a query.
        tracing::info!(id = id.as_str(), %method, route, status, ms = (took.as_secs_f64() * 1e6).round() / 1e3, "answered");
        reply
    }

    /// Finds the route, and the organisation that the path names.
    fn route(&self, arrived: &Arrived) -> Result<(Arc<Route>, Option<String>), Refusal> {
        let parts = &arrived.parts;
        self.check_host(parts)?;
        if matches!(parts.method, Method::CONNECT | Method::TRACE) {
            return Err(Refusal::new(ErrorCode::MethodNotAllowed, "A gateway neither tunnels nor echoes."));
        }
        let not_found = |error: &dyn std::error::Error| Refusal::new(ErrorCode::NotFound, error.to_string());
        let path = CanonicalPath::new(parts.uri.path()).map_err(|error| not_found(&error))?;
        let taken = self.routes.find(&path).map_err(|error| not_found(&error))?;
        Ok((taken.route, taken.org.map(str::to_owned)))
    }

    /// A page elsewhere can have its own name lead to this address (DNS rebinding), and believe what it reads.
    fn check_host(&self, parts: &http::request::Parts) -> Result<(), Refusal> {
        let mut hosts = parts.headers.get_all(header::HOST).iter();
        let host = hosts.next();
        // RFC 9112 §3.2: whatever stands in front may have taken the other one for it.
        if hosts.next().is_some() {
            return Err(Refusal::new(ErrorCode::Misdirected, "The request names its host more than once."));
        }
        let named = match parts.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => host.and_then(|host| host.to_str().ok()),
        };
        let ours = self.place.host.to_str().unwrap_or_default();
        let default_port = if self.place.scheme == "https" { ":443" } else { ":80" };
        let named = named.map(|named| named.strip_suffix(default_port).unwrap_or(named));
        if named.is_some_and(|named| named.eq_ignore_ascii_case(ours)) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::Misdirected,
            format!("This gateway answers for {ours} alone: see gateway.public_url."),
        ))
    }

    async fn pass(
        &self,
        arrived: Arrived,
        org: Option<&str>,
        body: &mut Option<Incoming>,
        route: &Route,
        upgrade: Option<OnUpgrade>,
    ) -> Result<Response<ReplyBody>, Refusal> {
        match &route.to {
            Destination::Check => Ok(self.answer_proxy(&arrived, Question::of_proxy(&arrived.parts)).await),
            Destination::CheckForEnvoy => {
                Ok(self.answer_proxy(&arrived, Question::of_envoy(&arrived.parts)).await)
            }
            Destination::Auth => self.pass_to_auth(arrived, body).await,
            Destination::Service(service) => self.pass_to_service(arrived, org, body, service, upgrade).await,
        }
    }

    /// What a request says of itself, a script can say too, and a proxy that merely stands in front passes it on: only the address of one
    /// that is known to ask speaks for it.
    async fn answer_proxy(&self, arrived: &Arrived, question: Question<'_>) -> Response<ReplyBody> {
        let peer = arrived.parts.extensions.get::<Peer>().map(|peer| peer.address.ip());
        let asks = |ip| self.forward_auth_proxies.iter().any(|network| network.contains(ip));
        match self.check.check(&question).await {
            Ok(passed) if peer.is_some_and(asks) => passed.response(),
            Ok(passed) => passed.without_cookie().response(),
            Err(refused) => refused.response(),
        }
    }

    /// The auth service sees what the browser has sent, cookies under its own names, and judges for itself.
    async fn pass_to_auth(
        &self,
        arrived: Arrived,
        body: &mut Option<Incoming>,
    ) -> Result<Response<ReplyBody>, Refusal> {
        let limits = self.auth_limits;
        let body = limited(body, limits)?;
        let path = path_behind(&arrived, None)?;
        let marked = arrived.parts.headers.get(CSRF_HEADER).cloned();
        let (method, mut headers) = self.cleared(arrived);
        if let Some(marked) = marked {
            headers.insert(HeaderName::from_static(CSRF_HEADER), marked);
        }
        self.cookies.translate(&mut headers);
        let outgoing = Outgoing { method, path, headers, body, speak: self.auth.speak };
        // Whatever it was asked can be asked again: a refresh, a sign-in and a sign-out come to the same when repeated.
        let forwarded = forward::forward(&self.client, &self.auth, limits, outgoing).await;
        let (reply, in_flight) = forwarded.map_err(|refusal| refusal.or_unavailable(forward::RETRY_AFTER))?;
        let (mut parts, body) = reply.into_parts();
        tidy(&mut parts);
        self.cookies.translate_reply(&mut parts.headers);
        let body = ServiceBody::new(body, in_flight).idle_after(limits.idle_timeout);
        Ok(Response::from_parts(parts, ReplyBody::Service(Box::new(body))))
    }

    async fn pass_to_service(
        &self,
        arrived: Arrived,
        org: Option<&str>,
        body: &mut Option<Incoming>,
        service: &Service,
        upgrade: Option<OnUpgrade>,
    ) -> Result<Response<ReplyBody>, Refusal> {
        let admitted = self.admit(&arrived, &service.rule, org).await?;
        let id = arrived.id.clone();
        let passed = self.pass_on(arrived, &admitted, body, service, upgrade).await;
        passed.map_err(|refusal| admitted.or_refused(refusal, &id))
    }

    async fn pass_on(
        &self,
        arrived: Arrived,
        admitted: &Admitted,
        body: &mut Option<Incoming>,
        service: &Service,
        upgrade: Option<OnUpgrade>,
    ) -> Result<Response<ReplyBody>, Refusal> {
        let body = limited(body, service.limits)?;
        let path = path_behind(&arrived, service.strip_prefix.as_deref())?;
        let (method, mut headers) = self.cleared(arrived);
        self.cookies.strip(&mut headers);
        if !service.rule.is_public() {
            // What was not verified here, or was refused, is not for the service to believe: it may know nothing of revocations.
            headers.remove(header::AUTHORIZATION);
        }
        if let Some(authorization) = &admitted.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if service.identity_headers {
            // Nobody, where nobody is signed in: what a client has made up is overwritten either way.
            forward_auth::identify(admitted.caller.as_ref(), &mut headers);
        }
        if upgrade.is_some() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        let speak = if upgrade.is_some() { Speak::Upgrade } else { service.targets.speak };
        let outgoing = Outgoing { method, path, headers, body, speak };
        let (reply, in_flight) =
            forward::forward(&self.client, &service.targets, service.limits, outgoing).await?;
        match (upgrade, reply.status()) {
            (Some(upgrade), StatusCode::SWITCHING_PROTOCOLS) => {
                Ok(self.tunnel(reply, upgrade, in_flight, admitted))
            }
            (None, StatusCode::SWITCHING_PROTOCOLS) => Err(Refusal::new(
                ErrorCode::ServiceFailed,
                "The service behind switched to a protocol that nobody had asked for.",
            )),
            _ => Ok(self.service_reply(reply, in_flight, admitted, service)),
        }
    }

    /// Takes out of a request what ends here, and what nobody outside may say; says what services have to know.
    fn cleared(&self, arrived: Arrived) -> (Method, HeaderMap) {
        let Arrived { parts, way, id } = arrived;
        let mut headers = parts.headers;
        hop_by_hop::remove(&mut headers);
        spoofable::remove(&mut headers);
        // The reply to it is ours: the body is asked for when the service wants it.
        headers.remove(header::EXPECT);
        forwarded::tell(&mut headers, &way, &self.place, parts.version);
        id.tell(&mut headers);
        (parts.method, headers)
    }

    fn service_reply(
        &self,
        reply: Response<Incoming>,
        in_flight: InFlight,
        admitted: &Admitted,
        service: &Service,
    ) -> Response<ReplyBody> {
        let (mut parts, body) = reply.into_parts();
        tidy(&mut parts);
        self.add_cookies(&mut parts.headers, admitted);
        let is_stream = is_event_stream(&parts.headers);
        let caller = admitted.caller.as_ref();
        let mut body = ServiceBody::new(body, in_flight);
        if is_stream {
            let session = caller.map(|caller| SessionEnd::of_stream(&self.verifier, caller));
            body = body.with_session(SessionEnd::or_stop(session, self.stopper.listener()), true);
        } else {
            // The session first: it is looked at when the timer of the body goes off for the first time, and not a moment before.
            if let Some(caller) = caller {
                body = body.with_session(SessionEnd::of_reply(&self.verifier, caller, &self.clock), false);
            }
            body = body.idle_after(service.limits.idle_timeout);
        }
        Response::from_parts(parts, ReplyBody::Service(Box::new(body)))
    }

    fn tunnel(
        &self,
        mut reply: Response<Incoming>,
        client: OnUpgrade,
        in_flight: InFlight,
        admitted: &Admitted,
    ) -> Response<ReplyBody> {
        let service = hyper::upgrade::on(&mut reply);
        let session = admitted.caller.as_ref().map(|caller| SessionEnd::of_stream(&self.verifier, caller));
        tokio::spawn(Tunnel { client, service, session, stop: self.stopper.listener(), in_flight }.run());
        let (mut parts, _) = reply.into_parts();
        tidy(&mut parts);
        self.add_cookies(&mut parts.headers, admitted);
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        parts.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        Response::from_parts(parts, ReplyBody::Ours(None))
    }

    /// Hands out the new cookies, and nobody else's.
    fn add_cookies(&self, headers: &mut HeaderMap, admitted: &Admitted) {
        if self.cookies.strip_reply(headers) {
            tracing::warn!(
                "a service tried to set or to clear a cookie of the auth service: that was left out"
            );
        }
        if let Some(fresh) = &admitted.fresh {
            fresh.hand_out(headers);
        } else if admitted.caller.is_some() && !headers.contains_key(header::CACHE_CONTROL) {
            // The service was asked with an Authorization header, which keeps shared caches away (RFC 9111 §3.5). We were asked with a
            // cookie, which does not.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
        }
    }
}

/// Takes out of a reply what ends here.
fn tidy(parts: &mut http::response::Parts) {
    hop_by_hop::remove(&mut parts.headers);
    // About a service that nobody reaches from outside.
    parts.headers.remove(header::ALT_SVC);
    parts.version = http::Version::HTTP_11;
    parts.extensions = http::Extensions::new();
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Takes the body out of a request that may pass. One that says it is too large is not even begun.
fn limited(body: &mut Option<Incoming>, limits: ServiceLimits) -> Result<RequestBody, Refusal> {
    if body.as_ref().is_some_and(|body| body.size_hint().lower() > limits.max_body) {
        return Err(forward::too_large(limits.max_body));
    }
    let Some(body) = body.take() else { return Ok(RequestBody::Empty) };
    Ok(RequestBody::of_client(body, limits.max_body, limits.idle_timeout))
}

/// Returns the path as the service is to see it: the one that was judged.
fn path_behind(arrived: &Arrived, strip_prefix: Option<&str>) -> Result<PathAndQuery, Refusal> {
    let uri = &arrived.parts.uri;
    let no_path = || Refusal::new(ErrorCode::NotFound, "This is no address that a service could have.");
    let path = CanonicalPath::new(uri.path()).map_err(|_| no_path())?;
    if path.is_as_sent()
        && strip_prefix.is_none()
        && let Some(as_sent) = uri.path_and_query()
    {
        return Ok(as_sent.clone());
    }
    let rest = strip_prefix.map_or(Some(path.as_str()), |prefix| path.as_str().strip_prefix(prefix));
    let rest = rest.ok_or_else(no_path)?;
    let slash = if rest.starts_with('/') { "" } else { "/" };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{slash}{rest}{query}").parse().map_err(|_| no_path())
}

/// Reads what is left of a refused body and keeps none of it.
async fn discard(mut body: Incoming) {
    if body.is_end_stream() || body.size_hint().lower() > MOST_DISCARDED {
        return;
    }
    let mut left = MOST_DISCARDED;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match left.checked_sub(length) {
                Some(less) => left = less,
                None => break,
            }
        }
    };
    // Slow or broken, the refusal is the same.
    let _ = timeout(LONGEST_DISCARDING, rest).await;
}
