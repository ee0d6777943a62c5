//! Every statement that this crate runs, one idea a file. Nothing else can be run: a [`Sql`] is made here alone, and the tests
//! prepare each of them against the newest schema.

/// A statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql(&'static str);

impl Sql {
    /// Returns the text.
    pub(crate) const fn text(self) -> &'static str {
        self.0
    }

    /// Returns whether it is the last word of a transaction.
    pub(crate) fn ends_transaction(self) -> bool {
        [transactions::COMMIT.0, transactions::ROLLBACK.0].contains(&self.0)
    }
}

#[macro_use]
mod columns;

/// Declares the statements of a file, and lists them for the tests.
macro_rules! statements {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:expr;)+) => {
        $($(#[doc = $doc])+ pub(crate) const $name: $crate::sql::Sql = $crate::sql::Sql($text);)+

        #[cfg(test)]
        pub(super) const ALL: &[(&str, $crate::sql::Sql)] = &[$((stringify!($name), $name)),+];
    };
}

/// Declares the files. One that is not named here is not compiled, so that none is missing from the list.
macro_rules! files {
    ($($file:ident)+) => {
        $(pub(crate) mod $file;)+

        /// Every statement, with its file and name.
        #[cfg(test)]
        pub(crate) fn all() -> Vec<(&'static str, &'static str, Sql)> {
            let mut all = Vec::new();
            $(all.extend($file::ALL.iter().map(|(name, sql)| (stringify!($file), *name, *sql)));)+
            all
        }
    };
}

files! {
    audit clean_up clients clock history keys limits log organizations profiles refresh reports room sessions status_lists subjects transactions transfer
    upstreams used users
}
