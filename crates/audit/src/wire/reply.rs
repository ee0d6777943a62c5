use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};

/// What came back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A reply.
    Reply(Reply),
    /// The connection was cut in the middle.
    Cut,
    /// Nothing came in time.
    Silent,
    /// Nobody listens there.
    Nobody,
    /// The request could not even be written: this client refuses it, so nothing was sent.
    Unsendable,
    /// The run was over, before the request was sent or before its answer came.
    Late,
}

/// A reply, as much of it as was read.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the media type, without its parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let essence = self.header(header::CONTENT_TYPE)?.split(';').next()?.trim();
        Some(essence.to_ascii_lowercase())
    }

    /// Returns the body as text, whatever it is.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body's JSON, where it is that.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the value of `code` in a problem, or of `error` in an OAuth error.
    pub(crate) fn code(&self) -> Option<String> {
        let body = self.json()?;
        let code = body.get("code").or_else(|| body.get("error"))?;
        Some(code.as_str()?.chars().filter(|c| !c.is_control()).take(60).collect())
    }

    /// Returns whether it asks for what anybody may know: no credentials, come back later.
    pub(crate) fn asks_for_patience(&self) -> bool {
        matches!(self.status, StatusCode::TOO_MANY_REQUESTS)
            || (self.status == StatusCode::SERVICE_UNAVAILABLE
                && self.headers.contains_key(header::RETRY_AFTER))
    }

    /// Returns after how many seconds to come back.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.header(header::RETRY_AFTER)?.trim().parse().ok()
    }
}

impl Answer {
    pub(crate) fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Reply(reply) => Some(reply),
            _ => None,
        }
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.reply().map(|reply| reply.status)
    }

    /// Returns whether the service has said nothing: no answer, or to come back later, again and again.
    pub(crate) fn says_nothing(&self) -> bool {
        match self {
            Self::Silent => true,
            Self::Reply(reply) => reply.asks_for_patience(),
            _ => false,
        }
    }

    /// Returns whether the service did what it was asked.
    pub(crate) fn is_success(&self) -> bool {
        self.status().is_some_and(|status| status.is_success())
    }

    /// Returns what came back, in a few words.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Reply(reply) => match reply.code() {
                Some(code) => format!("{} ({code})", reply.status),
                None => reply.status.to_string(),
            },
            Self::Cut => "the connection was cut".to_owned(),
            Self::Silent => "no answer in time".to_owned(),
            Self::Nobody => "nobody listens there any more".to_owned(),
            Self::Unsendable => "not sent: no HTTP client could".to_owned(),
            Self::Late => "no answer before the run was over".to_owned(),
        }
    }
}
