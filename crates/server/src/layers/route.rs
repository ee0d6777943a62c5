use axum::extract::{MatchedPath, Request};

/// Which route answers.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// The one with this path.
    Of(&'static str),
    /// The one that the router has found, for another method; or none.
    Found,
}

/// The same for one request.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Of(&'static str),
    Found(MatchedPath),
    Unmatched,
}

impl Route {
    /// Returns what the route of a request is called: its path with the names of what varies, not the address. Addresses hold
    /// ids, and there is no end of them.
    pub(super) fn of(&self, request: &Request) -> Named {
        match self {
            Self::Of(path) => Named::Of(path),
            Self::Found => request.extensions().get().cloned().map_or(Named::Unmatched, Named::Found),
        }
    }
}

impl Named {
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::Of(path) => Some(path),
            Self::Found(path) => Some(path.as_str()),
            Self::Unmatched => None,
        }
    }

    /// Returns what it is called in logs and figures.
    pub(super) fn label(&self) -> &str {
        self.path().unwrap_or("unmatched")
    }
}
