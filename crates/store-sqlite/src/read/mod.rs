//! Rows turned into values, one kind of row a file. Every function is one statement, and so reads one snapshot.

pub(crate) mod audit;
pub(crate) mod clients;
pub(crate) mod clock;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod organizations;
pub(crate) mod profiles;
pub(crate) mod reports;
pub(crate) mod sessions;
pub(crate) mod status_lists;
pub(crate) mod subjects;
pub(crate) mod upstreams;
pub(crate) mod used;
pub(crate) mod users;
