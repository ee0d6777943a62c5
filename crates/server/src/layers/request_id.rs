use std::sync::{Mutex, PoisonError};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use handstamp_api_types::Problem;
use handstamp_listen::request_id::{self, X_REQUEST_ID};
use handstamp_token::Entropy;

use crate::{AppState, problem};

/// The generator takes as long for one id as for thirty.
const DRAWN_AT_ONCE: usize = 64;

/// The id of a request, which stands in its log lines, in its reply and in the body of a problem.
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes the id that a proxy in front has given, or draws one. Whatever handles the request sees the same.
    pub(super) fn of(request: &mut Request, state: &AppState) -> Self {
        let headers = request.headers_mut();
        if let Some(given) = request_id::given(headers) {
            return Self(given.clone());
        }
        let drawn = request_id::of(state.request_ids().draw(&*state.core().entropy));
        headers.insert(&X_REQUEST_ID, drawn.clone());
        Self(drawn)
    }

    pub(super) fn as_str(&self) -> &str {
        // It is of letters, digits and marks.
        self.0.to_str().unwrap_or_default()
    }

    /// Names the request in its reply.
    pub(super) fn name(self, response: &mut Response) {
        if let Some(problem) = problem::take_problem(response) {
            let body = problem::body(&Problem { request_id: Some(self.as_str().to_owned()), ..problem });
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::from(body);
        }
        response.headers_mut().insert(&X_REQUEST_ID, self.0);
    }
}

/// Random ids in stock. They are no secrets.
#[derive(Debug, Default)]
pub(crate) struct RequestIds(Mutex<Vec<[u8; 8]>>);

impl RequestIds {
    fn draw(&self, entropy: &dyn Entropy) -> [u8; 8] {
        let mut stock = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = stock.pop() {
            return id;
        }
        let mut bytes = [0; 8 * DRAWN_AT_ONCE];
        entropy.fill(&mut bytes);
        stock.extend(bytes.as_chunks().0);
        stock.pop().unwrap_or_default()
    }
}

/// Returns the id of a request, as handlers see it.
pub(crate) fn id_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(&X_REQUEST_ID)?.to_str().ok()
}
