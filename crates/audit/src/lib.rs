//! Attacks every operation of a running service with every bad token there is, and tells which got in.
//!
//! [`Audit`] reads an `OpenAPI` description, makes a request of each operation, and sends a *control* with a good token first: only
//! where that is let in does a refusal mean anything. Then come forged and stripped tokens, wrong keys, wrong times, wrong people, odd
//! spellings of the address, other origins, tokens that were taken back; and the control again, because only then is it known
//! that what was refused could have been let in. Any 2xx is a finding, and so is a crash. What could not be judged is *inconclusive*,
//! never a pass.
//!
//! It speaks to one host and follows no redirect. A host that is not this machine has to be allowed by name.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use handstamp_audit::{Audit, Document, KeySource, Person, Plain, Quiet, Target, Verdict};
//! use handstamp_token::{Algorithm, SigningKey};
//! use handstamp_verify::SystemClock;
//!
//! # async fn audit() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::from_pem(Algorithm::Es256, &std::fs::read_to_string("key.pem")?)?;
//! let ada = Person { sub: "ada".to_owned(), org_id: Some("acme".to_owned()), ..Person::default() };
//! let emil = Person { sub: "emil".to_owned(), org_id: Some("globex".to_owned()), ..Person::default() };
//! let clock = Arc::new(SystemClock);
//! let tokens = KeySource::new(key, "https://auth.example", "orders", ada, clock.clone()).outsider(emil);
//!
//! let target = Target::parse("http://127.0.0.1:8080", &[])?;
//! let document = Document::parse(&std::fs::read("openapi.yaml")?)?;
//! let report = Audit::new(target, document, Arc::new(tokens), clock).run(&Quiet).await?;
//!
//! assert_eq!(report.verdict(), Verdict::Closed, "{}", report.to_text(&Plain));
//! # Ok(())
//! # }
//! ```

mod carrier;
mod cases;
mod engine;
mod openapi;
mod options;
mod report;
mod source;
mod synthesis;
mod wire;

pub use carrier::Carrier;
pub use engine::{Audit, AuditError, Progress, Quiet};
pub use openapi::{Document, DocumentError, OperationName, OperationNameError};
pub use options::Options;
pub use report::{
    CaseReport, Finding, Located, OperationReport, Outcome, Paint, Plain, Received, Report, Sent, Severity,
    Standing, TokenView, Totals, Verdict,
};
pub use source::{
    DevIssuerSource, Ending, GivenTokens, GoodToken, KeySource, Login, Person, SignInSource, SourceError,
    TokenSource, Who,
};
pub use wire::{Target, TargetError, WireError};
