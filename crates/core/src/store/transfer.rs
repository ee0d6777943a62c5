//! All that a store holds, handed out as of one moment and taken in by an empty store: how an installation moves.

use std::mem;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::StoreError;
use crate::model::{
    AuditEntry, Client, LogPosition, OneTimePurpose, Organization, Profile, RevocationEvent, Session,
    StatusList, StoredKey, UpstreamLink, UpstreamSession, User, UserId, VerifierReport,
};

/// A store that can be moved: every row of it, as the model knows it and not as the database keeps it.
///
/// Parcels go over a channel of a few, so that neither side ever holds more than a thousand rows.
#[async_trait]
pub trait Transfer: Send + Sync + 'static {
    /// Hands out everything, read in one snapshot: [`Parcel::Contents`], then rows by kind in the order of [`Kind::ALL`], then
    /// [`Parcel::End`]. Stops when nobody listens any more. Nothing is changed, and nobody who reads or writes is kept waiting.
    async fn export(&self, to: mpsc::Sender<Parcel>) -> Result<(), StoreError>;

    /// Takes in everything in one transaction, and only into a store with nothing in it. Returns what it took in.
    ///
    /// Commits when [`Parcel::End`] has come and every row that was announced is there; a source that goes away without a word
    /// leaves nothing behind.
    async fn import(&self, from: mpsc::Receiver<Parcel>) -> Result<Counts, ImportError>;
}

/// How many parcels may be on their way.
pub const PARCELS_UNDER_WAY: usize = 2;

/// How many rows are in a parcel at most.
pub const ROWS_IN_A_PARCEL: usize = 500;

/// What a store is doing that takes an installation in, for its errors.
pub const TAKING_IN: &str = "taking an installation in";

/// A part of what is moved.
#[derive(Debug, Clone, PartialEq)]
pub enum Parcel {
    /// The first one: what is to come.
    Contents(Contents),
    /// Rows of one kind or of several, in order.
    Rows(Vec<Row>),
    /// The last one. All of it has come.
    End,
}

/// What is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// What kind of store it comes from, for people: `sqlite`.
    pub store: String,
    /// The version of that store's schema, for people.
    pub schema: u32,
    /// Where the revocation log stands. The store that takes it in goes on from here.
    pub head: LogPosition,
    /// How far the log is known to have been, where that is further: the store was put back to an older state, or is the copy of one that
    /// has gone on, and has not begun a new epoch since. Whoever takes it in begins one.
    pub mark: Option<LogPosition>,
    /// How many rows there are.
    pub counts: Counts,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// An organisation.
    Organization(Organization),
    /// A user, with the version that it has.
    User(User),
    /// A profile that is not empty.
    Profile {
        /// Whose.
        user_id: UserId,
        /// What it says.
        profile: Profile,
    },
    /// Somebody at an upstream is a user here.
    UpstreamLink(UpstreamLink),
    /// A machine client.
    Client(Client),
    /// A key, sealed: the root key is not in the store.
    Key(StoredKey),
    /// A status list.
    StatusList(StatusList),
    /// A session, whatever its state.
    Session(Session),
    /// What stands beside a session.
    UpstreamSession(UpstreamSession),
    /// An epoch that the revocation log goes on from.
    Epoch {
        /// The epoch and its last number.
        last: LogPosition,
        /// By then its last token is dead.
        forget_at: Timestamp,
    },
    /// An event of the revocation log.
    Event(RevocationEvent),
    /// Something that was used and may not be used again.
    UsedId {
        /// What it is for.
        purpose: OneTimePurpose,
        /// Which one.
        id: String,
        /// From then on nobody would take it anyway.
        expires_at: Timestamp,
    },
    /// What a process of a service last said about itself.
    Report(VerifierReport),
    /// An audit entry. They come oldest first.
    Audit(AuditEntry),
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident { $name:literal } = $pattern:pat,)+) => {
        /// What a row is of. In this order rows are moved: what refers to something comes after it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $kind,)+ }

        impl Kind {
            /// Every kind, in the order in which rows are moved.
            pub const ALL: [Self; [$(Self::$kind),+].len()] = [$(Self::$kind),+];

            /// Returns the stable name of many of these: `users`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// Returns the kind with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|kind| kind.as_str() == name)
            }
        }

        impl Row {
            /// Returns what it is a row of.
            pub const fn kind(&self) -> Kind {
                match self { $($pattern => Kind::$kind,)+ }
            }
        }
    };
}

kinds! {
    /// Organisations.
    Organization { "organizations" } = Row::Organization(_),
    /// Users.
    User { "users" } = Row::User(_),
    /// Profiles.
    Profile { "profiles" } = Row::Profile { .. },
    /// Links to upstreams.
    UpstreamLink { "upstream_links" } = Row::UpstreamLink(_),
    /// Machine clients.
    Client { "clients" } = Row::Client(_),
    /// Keys.
    Key { "keys" } = Row::Key(_),
    /// Status lists.
    StatusList { "status_lists" } = Row::StatusList(_),
    /// Sessions.
    Session { "sessions" } = Row::Session(_),
    /// What stands beside sessions that began at an upstream.
    UpstreamSession { "upstream_sessions" } = Row::UpstreamSession(_),
    /// Earlier epochs of the revocation log.
    Epoch { "epochs" } = Row::Epoch { .. },
    /// Events of the revocation log.
    Event { "events" } = Row::Event(_),
    /// What was used once.
    UsedId { "used_ids" } = Row::UsedId { .. },
    /// Reports of verifiers.
    Report { "reports" } = Row::Report(_),
    /// Audit entries.
    Audit { "audit_entries" } = Row::Audit(_),
}

/// Gathers rows on their way out into parcels.
#[derive(Debug, Default)]
pub struct Packing {
    rows: Vec<Row>,
}

impl Packing {
    /// Adds a row. Returns a parcel when it is full.
    pub fn add(&mut self, row: Row) -> Option<Parcel> {
        self.rows.push(row);
        let is_full = self.rows.len() == ROWS_IN_A_PARCEL;
        is_full.then(|| Parcel::Rows(mem::replace(&mut self.rows, Vec::with_capacity(ROWS_IN_A_PARCEL))))
    }

    /// Returns what is left, and the last parcel.
    pub fn end(self) -> impl Iterator<Item = Parcel> {
        let rest = (!self.rows.is_empty()).then_some(Parcel::Rows(self.rows));
        rest.into_iter().chain([Parcel::End])
    }
}

/// How many rows there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Kind::ALL.len()]);

impl Counts {
    /// Returns how many there are of a kind.
    pub const fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    /// Says how many there are of a kind.
    pub const fn set(&mut self, kind: Kind, count: u64) {
        self.0[kind as usize] = count;
    }

    /// Counts one more.
    pub const fn add(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }

    /// Returns how many there are of all kinds together.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Returns every kind with its number.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u64)> + '_ {
        Kind::ALL.into_iter().map(|kind| (kind, self.of(kind)))
    }

    /// Refuses a store that has anything in it.
    pub fn refuse_anything(&self) -> Result<(), ImportError> {
        match self.iter().find(|(_, count)| *count > 0) {
            Some((kind, count)) => Err(ImportError::NotEmpty { kind, count }),
            None => Ok(()),
        }
    }

    /// Holds what was written against what is there then: no store believes a count of its own.
    pub fn check(&self, there: &Self) -> Result<(), ImportError> {
        if there == self {
            return Ok(());
        }
        let what = format!("{} rows were written, and {} are there", self.total(), there.total());
        Err(StoreError::Defect { doing: TAKING_IN, source: what.into() }.into())
    }
}

impl FromIterator<Kind> for Counts {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        let mut counts = Self::default();
        for kind in kinds {
            counts.add(kind);
        }
        counts
    }
}

/// Watches over what comes in: the same rules for every store.
#[derive(Debug)]
pub struct Intake {
    announced: Counts,
    taken: Counts,
    latest: Kind,
}

impl Intake {
    /// Starts with what was announced.
    pub const fn new(contents: &Contents) -> Self {
        Self { announced: contents.counts, taken: Counts([0; Kind::ALL.len()]), latest: Kind::ALL[0] }
    }

    /// Takes note of what has come, before any of it is written. Returns its rows, and nothing when all have come.
    pub fn accept(&mut self, parcel: Option<Parcel>) -> Result<Option<Vec<Row>>, ImportError> {
        match parcel {
            Some(Parcel::Rows(rows)) => {
                rows.iter().try_for_each(|row| self.take(row))?;
                Ok(Some(rows))
            }
            Some(Parcel::End) => Ok(None),
            Some(Parcel::Contents(_)) | None => Err(ImportError::Incomplete),
        }
    }

    /// Returns what was taken in, if it is what was announced.
    pub fn end(self) -> Result<Counts, ImportError> {
        for (kind, announced) in self.announced.iter() {
            let came = self.taken.of(kind);
            if came != announced {
                return Err(ImportError::Miscounted { kind, announced, came });
            }
        }
        Ok(self.taken)
    }

    fn take(&mut self, row: &Row) -> Result<(), ImportError> {
        let kind = row.kind();
        if kind < self.latest {
            return Err(ImportError::OutOfOrder { kind, after: self.latest });
        }
        self.latest = kind;
        self.taken.add(kind);
        Ok(())
    }
}

/// Nothing was taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is something in the store already.
    #[error("the store is not empty: it has {kind} ({count})", kind = kind.as_str())]
    NotEmpty {
        /// Of which kind.
        kind: Kind,
        /// How many.
        count: u64,
    },
    /// The source went away before it said that all had come.
    #[error("what was to be taken in ended before its end")]
    Incomplete,
    /// A row came after one that may refer to it.
    #[error("{kind} came after {after}", kind = kind.as_str(), after = after.as_str())]
    OutOfOrder {
        /// What came.
        kind: Kind,
        /// After what.
        after: Kind,
    },
    /// Not as many rows came as were announced.
    #[error("not all has come of {kind}: {announced} were announced, and {came} came", kind = kind.as_str())]
    Miscounted {
        /// Of which kind.
        kind: Kind,
        /// So many were to come.
        announced: u64,
        /// So many came.
        came: u64,
    },
    /// A row does not go with those before it: it is there already, or refers to something that is not.
    #[error("one of the {kind} does not go with what came before it", kind = kind.as_str())]
    Refused {
        /// Of which kind.
        kind: Kind,
        /// The database's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
