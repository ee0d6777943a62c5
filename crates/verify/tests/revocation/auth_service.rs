//! A real auth service on this machine as far as the feed goes, with a network between that can be told to misbehave.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, BATCH_TYP, MAX_EVENTS_PER_BATCH, RevocationBatch, RevocationEvent, RevocationKind,
    RevocationLevel, RevocationReport, RevocationSnapshot, SelectorKeyText,
};
use handstamp_token::{Algorithm, KeySet, SigningKey, UnixTime};
use handstamp_verify::revocation::SelectorKey;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::now;

const KEY: [u8; 32] = [7; 32];
const HEARTBEAT: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(crate) struct AuthService {
    pub(crate) issuer: String,
    state: Arc<Mutex<ServiceState>>,
}

pub(crate) struct ServiceState {
    issuer: String,
    feed_key: SigningKey,
    epoch: u32,
    log: Vec<RevocationEvent>,
    subscribers: Vec<mpsc::UnboundedSender<Bytes>>,
    network: Network,
    /// A batch that the network holds back to send it after the next one.
    held_back: Option<Bytes>,
    /// What a client has to show, if anything.
    authorization: Option<String>,
    reports: Vec<RevocationReport>,
    streams_opened: usize,
    polls: usize,
}

/// What happens to messages on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Network {
    #[default]
    Good,
    /// Nothing gets through, and no connection is closed.
    Mute,
    /// New requests get 503.
    Down,
    /// Polls work, streams do not.
    NoStreams,
    /// Every event arrives twice.
    Doubling,
    /// Events arrive in pairs, the later one first.
    Reordering,
    /// Every other event of the stream is lost.
    Losing,
}

#[derive(Deserialize)]
struct Asked {
    nonce: Option<String>,
    after: Option<String>,
}

impl AuthService {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = ServiceState {
            issuer: issuer.clone(),
            feed_key: SigningKey::generate(Algorithm::Es256).unwrap(),
            epoch: 1,
            log: Vec::new(),
            subscribers: Vec::new(),
            network: Network::Good,
            held_back: None,
            authorization: None,
            reports: Vec::new(),
            streams_opened: 0,
            polls: 0,
        };
        let service = Self { issuer, state: Arc::new(Mutex::new(state)) };
        let app = Router::new()
            .route("/revocations", get(stream))
            .route("/revocations/snapshot", get(snapshot))
            .route("/revocations/jwks.json", get(jwks))
            .route("/revocations/report", post(report))
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let heart = service.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                heart.with(|state| {
                    let head = state.head();
                    let beat = state.signed(&state.batch(head, head));
                    state.send(&frame(&beat));
                });
            }
        });
        service
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut ServiceState) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Commits the end of a session and publishes it.
    pub(crate) fn revoke(&self, sid: &str) -> u64 {
        self.with(|state| {
            let seq = state.write(RevocationLevel::Session, sid, RevocationKind::Dead);
            state.publish(seq);
            seq
        })
    }

    /// Commits without publishing, as a replica does that is killed between the two.
    pub(crate) fn commit(&self, sid: &str) -> u64 {
        self.with(|state| state.write(RevocationLevel::Session, sid, RevocationKind::Dead))
    }

    pub(crate) fn network(&self, network: Network) {
        self.with(|state| state.network = network);
    }

    /// Closes every open stream.
    pub(crate) fn cut(&self) {
        self.with(|state| state.subscribers.clear());
    }

    /// Puts something into every open stream.
    pub(crate) fn inject(&self, jwt: &str) {
        self.with(|state| {
            for subscriber in &state.subscribers {
                let _ = subscriber.send(frame(jwt));
            }
        });
    }

    /// A log rebuilt from a backup that lacks the last events.
    pub(crate) fn fail_over(&self, lost: usize) {
        self.with(|state| {
            state.epoch += 1;
            state.log.truncate(state.log.len() - lost);
            let seq = state.head() + 1_000_000;
            state.log.push(event(seq, RevocationLevel::All, "", RevocationKind::Stale));
            state.subscribers.clear();
        });
    }

    pub(crate) fn rotate_feed_key(&self) {
        self.with(|state| state.feed_key = SigningKey::generate(Algorithm::Es256).unwrap());
    }

    pub(crate) fn demand(&self, authorization: &str) {
        self.with(|state| state.authorization = Some(authorization.to_owned()));
    }

    pub(crate) fn head(&self) -> u64 {
        self.with(|state| state.head())
    }

    pub(crate) fn reports(&self) -> Vec<RevocationReport> {
        self.with(|state| state.reports.clone())
    }

    pub(crate) fn streams_opened(&self) -> usize {
        self.with(|state| state.streams_opened)
    }

    pub(crate) fn polls(&self) -> usize {
        self.with(|state| state.polls)
    }
}

impl ServiceState {
    fn head(&self) -> u64 {
        self.log.last().map_or(0, |event| event.seq)
    }

    pub(crate) fn write(&mut self, level: RevocationLevel, value: &str, kind: RevocationKind) -> u64 {
        let seq = self.head() + 1;
        self.log.push(event(seq, level, value, kind));
        seq
    }

    fn publish(&mut self, seq: u64) {
        let delta = frame(&self.signed(&self.batch(seq - 1, seq)));
        match self.network {
            Network::Doubling => {
                self.send(&delta);
                self.send(&delta);
            }
            Network::Losing if seq.is_multiple_of(2) => {}
            Network::Reordering => match self.held_back.take() {
                Some(earlier) => {
                    self.send(&delta);
                    self.send(&earlier);
                }
                None => self.held_back = Some(delta),
            },
            _ => self.send(&delta),
        }
    }

    fn send(&mut self, frame: &Bytes) {
        if self.network != Network::Mute {
            self.subscribers.retain(|subscriber| subscriber.send(frame.clone()).is_ok());
        }
    }

    pub(crate) fn batch(&self, after: u64, through: u64) -> RevocationBatch {
        let events =
            self.log.iter().filter(|event| event.seq > after && event.seq <= through).cloned().collect();
        RevocationBatch {
            iss: self.issuer.clone(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: now(),
            exp: now().saturating_add(Duration::from_mins(10)),
            time_ms: milliseconds(),
            epoch: self.epoch,
            earlier: Vec::new(),
            after,
            through,
            head: self.head(),
            events,
            nonce: None,
            selector_key: None,
        }
    }

    pub(crate) fn signed(&self, batch: &RevocationBatch) -> String {
        self.signed_as(BATCH_TYP, batch)
    }

    pub(crate) fn signed_as(&self, typ: &str, batch: &RevocationBatch) -> String {
        self.feed_key.sign_document(typ, batch).unwrap()
    }

    /// The hello and everything after a position.
    fn answer(&self, nonce: Option<String>, position: Option<&str>) -> Vec<String> {
        let head = self.head();
        let hello = RevocationBatch {
            selector_key: nonce.is_some().then_some(SelectorKeyText(KEY)),
            nonce,
            ..self.batch(head, head)
        };
        let mut batches = vec![self.signed(&hello)];
        let position = position.and_then(|position| position.parse::<Rev>().ok());
        let known = position.filter(|position| position.epoch == self.epoch && position.seq <= head);
        let mut after = known.map_or(0, |position| position.seq);
        let rest: Vec<u64> = self.log.iter().map(|event| event.seq).filter(|seq| *seq > after).collect();
        for part in rest.chunks(MAX_EVENTS_PER_BATCH) {
            let through = part.last().copied().unwrap_or(after);
            batches.push(self.signed(&self.batch(after, through)));
            after = through;
        }
        batches
    }
}

/// The first event of a log: the end of a session.
pub(crate) fn event_for(sid: &str) -> RevocationEvent {
    event(1, RevocationLevel::Session, sid, RevocationKind::Dead)
}

fn event(seq: u64, level: RevocationLevel, value: &str, kind: RevocationKind) -> RevocationEvent {
    RevocationEvent {
        seq,
        level,
        sel: (level != RevocationLevel::All).then(|| SelectorKey::from_bytes(KEY).hash(level, value)),
        kind,
        reason: "operator".to_owned(),
        at: now(),
        forget_at: UnixTime::from_secs(now().as_secs() + 660),
        sub: None,
        org: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "the issuer's clock, to the millisecond")]
fn milliseconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

fn frame(jwt: &str) -> Bytes {
    format!("event: batch\nid: 1.0\ndata: {jwt}\n\n").into()
}

async fn stream(
    State(service): State<AuthService>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    service.with(|state| {
        if let Some(refused) = refuse(state, &headers) {
            return refused;
        }
        if state.network == Network::NoStreams {
            return StatusCode::NOT_FOUND.into_response();
        }
        state.streams_opened += 1;
        let (sender, receiver) = mpsc::unbounded_channel();
        let position = headers.get("last-event-id").and_then(|id| id.to_str().ok());
        for jwt in state.answer(asked.nonce, position) {
            if state.network != Network::Mute {
                let _ = sender.send(frame(&jwt));
            }
        }
        state.subscribers.push(sender);
        let body = futures_util::stream::unfold(receiver, |mut receiver| async {
            let bytes = receiver.recv().await?;
            Some((Ok::<_, Infallible>(bytes), receiver))
        });
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response()
    })
}

async fn snapshot(
    State(service): State<AuthService>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let muted = service.with(|state| state.network == Network::Mute);
    if muted {
        std::future::pending::<()>().await;
    }
    service.with(|state| {
        if let Some(refused) = refuse(state, &headers) {
            return refused;
        }
        state.polls += 1;
        let batches = state.answer(asked.nonce, asked.after.as_deref());
        axum::Json(RevocationSnapshot { batches }).into_response()
    })
}

async fn jwks(State(service): State<AuthService>) -> Response {
    let keys = service.with(|state| KeySet::new([state.feed_key.verifying_key()]).unwrap().to_jwks());
    axum::Json(keys).into_response()
}

async fn report(
    State(service): State<AuthService>,
    headers: HeaderMap,
    axum::Json(report): axum::Json<RevocationReport>,
) -> Response {
    service.with(|state| {
        refuse(state, &headers).unwrap_or_else(|| {
            state.reports.push(report);
            StatusCode::NO_CONTENT.into_response()
        })
    })
}

fn refuse(state: &ServiceState, headers: &HeaderMap) -> Option<Response> {
    if state.network == Network::Down {
        return Some(StatusCode::SERVICE_UNAVAILABLE.into_response());
    }
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_known = state.authorization.as_deref().is_none_or(|demanded| shown == Some(demanded));
    (!is_known).then(|| StatusCode::UNAUTHORIZED.into_response())
}
