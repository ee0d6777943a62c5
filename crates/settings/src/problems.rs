use std::fmt;

/// The configuration cannot be used. Holds every mistake at once, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The mistakes, in the order in which they were found.
    pub problems: Vec<ConfigProblem>,
}

/// One mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The setting, such as `tokens.lifetime`; absent where the text is not TOML at all.
    pub key: Option<String>,
    /// Where it was written: `handstamp.toml line 4`, `HANDSTAMP_TOKENS_LIFETIME`, `--listen`.
    pub place: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        Ok(())
    }
}

/// Mistakes, as they are found.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<ConfigProblem>,
}

impl Problems {
    /// Adds a mistake in a setting.
    pub fn wrong(&mut self, key: &str, message: impl fmt::Display) {
        self.add(Some(key), None, message);
    }

    /// Adds a mistake, with the place where it was made if that is known.
    pub fn add(&mut self, key: Option<&str>, place: Option<String>, message: impl fmt::Display) {
        self.found.push(ConfigProblem { key: key.map(str::to_owned), place, message: message.to_string() });
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Says where each setting was written, for those problems that do not know it yet.
    pub(crate) fn locate(&mut self, place_of: impl Fn(&str) -> Option<String>) {
        for problem in &mut self.found {
            if problem.place.is_none() {
                problem.place = problem.key.as_deref().and_then(&place_of);
            }
        }
    }

    pub(crate) fn into_result(self) -> Result<(), ConfigError> {
        if self.found.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.found }) }
    }
}
