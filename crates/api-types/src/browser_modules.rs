use serde::{Deserialize, Serialize};

/// What `GET /auth/client.json` answers: the modules that the auth service serves for browsers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserModules {
    /// The modules.
    pub modules: Vec<BrowserModule>,
}

/// One module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserModule {
    /// Its name without a version, such as `client.js`.
    pub name: String,
    /// The address of exactly this version. It changes with the content, so that it can be kept for ever.
    pub url: String,
    /// The value of an `integrity` attribute for it ([SRI](https://www.w3.org/TR/SRI/)).
    pub integrity: String,
}
