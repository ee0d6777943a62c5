//! The tokens that no service may take, as a recipe: data that says how each is made from a good one.
//!
//! The [file](FILE) is language-neutral. What it can say is written down in
//! `docs/reference/invalid-tokens.md`; [`Case::make`] is the runner for Rust, and the HTTP interface of `handstamp dev-issuer` the
//! one for everybody else.
//!
//! ```
//! use handstamp_testkit::recipe::{Material, Recipe};
//! use handstamp_token::{Algorithm, SigningKey, SystemEntropy, TokenBuilder, UnixTime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixTime::from_secs(1_800_000_000);
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let good = TokenBuilder::access_token("https://auth.example", "orders").subject("ada").lifetime("10 minutes");
//! let good = good.sign(&key, now, &SystemEntropy)?.into_string();
//!
//! let material = Material::of_token(&good, now)?.signing_key(key);
//! for case in Recipe::built_in().cases() {
//!     match case.make(&material) {
//!         Ok(forged) => println!("{}: {} characters", case.name(), forged.token().len()),
//!         Err(missing) => println!("{}: left out, {missing}", case.name()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod case;
mod certificate;
mod der;
mod each;
mod expression;
mod forged;
mod make;
mod material;
mod public_key;
mod reference;
mod sign;
mod steps;

pub use case::{Case, CaseClass, Mode, Severity};
pub use forged::Forged;
#[cfg(feature = "http")]
pub(crate) use forged::carried;
pub use material::{Material, Missing};
pub use reference::reference_page;

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

/// The recipe as it is published, for runners in other languages.
pub const FILE: &str = include_str!("../../recipe/invalid-tokens.json");

/// The version of the recipe's form that this runner understands.
pub const FORM: u32 = 1;

/// A set of tokens that must not pass.
#[derive(Debug, Clone)]
pub struct Recipe {
    classes: Vec<Arc<CaseClass>>,
    cases: Vec<Case>,
}

/// Why a recipe cannot be read. Whoever wrote it is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// It is not JSON of a recipe's form.
    #[error("it is not a recipe: {0}")]
    Form(#[from] serde_json::Error),
    /// It is of another version of the form.
    #[error("it is a recipe of form {found}, this runner reads form {FORM}")]
    Version {
        /// The version it says.
        found: u32,
    },
    /// A case names a class that is not there.
    #[error("the case {case:?} is of the class {class:?}, which is not there")]
    UnknownClass {
        /// The case.
        case: String,
        /// The class.
        class: String,
    },
    /// Two cases have one name.
    #[error("two cases are called {name:?}")]
    SameName {
        /// The name.
        name: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    form: u32,
    #[serde(rename = "about")]
    _about: String,
    classes: Vec<CaseClass>,
    cases: Vec<each::Written>,
}

impl Recipe {
    /// Returns the set that comes with this crate.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<Recipe> = OnceLock::new();
        // A test reads the file: it cannot be broken in a crate that was published.
        BUILT_IN.get_or_init(|| Self::from_json(FILE).expect("the recipe of this crate can be read"))
    }

    /// Reads a recipe from its JSON text.
    pub fn from_json(json: &str) -> Result<Self, RecipeError> {
        // The version first: what another version says need not have the form of this one.
        #[derive(Deserialize)]
        struct Version {
            form: u32,
        }
        let Version { form } = serde_json::from_str(json)?;
        if form != FORM {
            return Err(RecipeError::Version { found: form });
        }
        let file: File = serde_json::from_str(json)?;
        debug_assert_eq!(file.form, FORM, "the same text, read twice");
        let classes: Vec<_> = file.classes.into_iter().map(Arc::new).collect();
        let mut cases: Vec<Case> = Vec::new();
        for written in file.cases {
            let class = classes.iter().find(|class| class.name() == written.class());
            let class = class.ok_or_else(|| RecipeError::UnknownClass {
                case: written.name().to_owned(),
                class: written.class().to_owned(),
            })?;
            cases.extend(written.expand(class)?);
        }
        let mut names: Vec<&str> = cases.iter().map(Case::name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RecipeError::SameName { name: pair[0].to_owned() });
        }
        Ok(Self { classes, cases })
    }

    /// Returns the classes, in the order of the file.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = &CaseClass> {
        self.classes.iter().map(AsRef::as_ref)
    }

    /// Returns all cases, in the order of the file.
    pub fn cases(&self) -> impl ExactSizeIterator<Item = &Case> {
        self.cases.iter()
    }

    /// Returns the case of this name.
    pub fn case(&self, name: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.name() == name)
    }
}
