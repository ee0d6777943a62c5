use std::fmt;
use std::sync::Arc;

use handstamp_token::Entropy;

use crate::direct::{Direct, place};
use crate::migrations;
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::pool::Pool;

/// Everything Handstamp keeps, in one PostgreSQL database, for any number of services and commands at the same time.
pub struct PostgresStore {
    place: String,
    pub(crate) pool: Pool,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl PostgresStore {
    /// Connects to the database, and brings an older one to this version unless the options say otherwise.
    pub async fn open(options: &PostgresOptions, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        let mut direct = Direct::open(options).await?;
        migrations::prepare(&mut direct, options.migrate).await?;
        let pool = Pool::new(options)?;
        Ok(Self { place: place(&options.database.config), pool, entropy })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("at", &self.place).finish_non_exhaustive()
    }
}
