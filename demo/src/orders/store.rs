use std::path::Path;

use handstamp_verify::OrgScope;
use rusqlite::{OptionalExtension, Row, params};

use super::model::{NewOrder, Order};
use crate::Subjects;
use crate::http::ServiceError;
use crate::scoped::ScopedDatabase;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        org_id   TEXT NOT NULL,
        item     TEXT NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        buyer    TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS orders_by_org ON orders (org_id, id);";

/// Organisation, item, quantity, buyer. The numbers count from 1 in this order.
const FIRST_ORDERS: [(&str, &str, u32, &str); 6] = [
    ("acme", "Espresso machine", 1, "ada"),
    ("acme", "Coffee beans, 1 kg", 12, "ben"),
    ("acme", "Filing cabinet", 2, "ben"),
    ("globex", "Standing desk", 3, "emil"),
    ("globex", "Desk lamp", 6, "dora"),
    ("globex", "Whiteboard", 1, "emil"),
];

/// Returns the number of the first order that belongs to an organisation other than this one.
pub fn first_foreign_to(org_id: &str) -> i64 {
    FIRST_ORDERS.iter().zip(1..).find(|(order, _)| order.0 != org_id).map_or(1, |(_, number)| number)
}

/// The orders of all organisations, of which nobody can reach more than their own's.
#[derive(Clone)]
pub(super) struct Orders {
    database: ScopedDatabase,
}

impl Orders {
    /// Opens the service's own data and puts the first orders into an empty table.
    pub(super) fn open(path: &Path, subjects: &Subjects) -> rusqlite::Result<Self> {
        let database = ScopedDatabase::open(path, SCHEMA)?;
        database.seed(|db| {
            let ever_used: i64 =
                db.query_row("SELECT count(*) FROM sqlite_sequence", [], |row| row.get(0))?;
            if ever_used > 0 {
                return Ok(());
            }
            for (org_id, item, quantity, username) in FIRST_ORDERS {
                let Some(buyer) = subjects.of(username) else { continue };
                db.execute(
                    "INSERT INTO orders (org_id, item, quantity, buyer) VALUES (?1, ?2, ?3, ?4)",
                    params![org_id, item, quantity, buyer],
                )?;
            }
            Ok(())
        })?;
        Ok(Self { database })
    }

    /// Returns the organisation's orders, newest first.
    pub(super) async fn list(&self, scope: &OrgScope) -> Result<Vec<Order>, ServiceError> {
        self.database
            .within(scope, |db, org_id| {
                db.prepare_cached(
                    "SELECT id, org_id, item, quantity, buyer FROM orders WHERE org_id = ?1 ORDER BY id DESC",
                )?
                .query_map([org_id], order)?
                .collect()
            })
            .await
    }

    /// Returns one of the organisation's orders.
    pub(super) async fn find(&self, scope: &OrgScope, id: i64) -> Result<Option<Order>, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                db.prepare_cached(
                    "SELECT id, org_id, item, quantity, buyer FROM orders WHERE org_id = ?1 AND id = ?2",
                )?
                .query_row(params![org_id, id], order)
                .optional()
            })
            .await
    }

    /// Adds an order to the organisation's.
    pub(super) async fn add(
        &self,
        scope: &OrgScope,
        buyer: String,
        new: NewOrder,
    ) -> Result<Order, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                db.prepare_cached(
                    "INSERT INTO orders (org_id, item, quantity, buyer) VALUES (?1, ?2, ?3, ?4)
                     RETURNING id, org_id, item, quantity, buyer",
                )?
                .query_row(params![org_id, new.item, new.quantity, buyer], order)
            })
            .await
    }

    /// Removes one of the organisation's orders, and returns whether it was there.
    pub(super) async fn remove(&self, scope: &OrgScope, id: i64) -> Result<bool, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                db.execute("DELETE FROM orders WHERE org_id = ?1 AND id = ?2", params![org_id, id])
                    .map(|gone| gone > 0)
            })
            .await
    }
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: row.get(0)?,
        org_id: row.get(1)?,
        item: row.get(2)?,
        quantity: row.get(3)?,
        buyer: row.get(4)?,
        buyer_name: None,
    })
}
