use std::path::Path;

use handstamp_verify::OrgScope;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::attachment::{Attachment, AttachmentInfo};
use super::first_orders;
use super::form::OrderForm;
use super::model::{Details, NewOrder, Order};
use crate::Subjects;
use crate::http::{IdempotencyKey, ServiceError};
use crate::scoped::ScopedDatabase;

/// What was done to the tables since the beginning. A step is never changed, only followed by another.
const STEPS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS orders (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        org_id   TEXT NOT NULL,
        item     TEXT NOT NULL,
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        buyer    TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS orders_by_org ON orders (org_id, id);",
    "ALTER TABLE orders ADD COLUMN needed_by TEXT;
    ALTER TABLE orders ADD COLUMN deliver_to TEXT;
    ALTER TABLE orders ADD COLUMN reason TEXT;
    ALTER TABLE orders ADD COLUMN request_key TEXT;
    CREATE UNIQUE INDEX orders_by_request ON orders (org_id, buyer, request_key) WHERE request_key IS NOT NULL;
    CREATE TABLE attachments (
        order_id   INTEGER PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE,
        name       TEXT NOT NULL,
        media_type TEXT NOT NULL,
        content    BLOB NOT NULL
    ) STRICT;",
];

const ORDERS: &str = "
    SELECT o.id, o.org_id, o.item, o.quantity, o.buyer, o.needed_by, o.deliver_to, o.reason,
           a.name, a.media_type, length(a.content)
    FROM orders o LEFT JOIN attachments a ON a.order_id = o.id ";

/// The orders of all organisations, of which nobody can reach more than their own's.
#[derive(Clone)]
pub(super) struct Orders {
    database: ScopedDatabase,
}

/// Who orders, and by which name they call the request.
pub(super) struct Buyer {
    pub(super) sub: String,
    pub(super) request: Option<IdempotencyKey>,
}

/// What became of a request to order.
#[derive(Debug)]
pub(super) enum Placed {
    /// It is a new order.
    New(Order),
    /// The same request came before: its order is there already.
    Before(Order),
    /// Another request of this person came before under the same key.
    KeyTaken,
}

impl Orders {
    /// Opens the service's own data and puts the first orders into an empty table.
    pub(super) fn open(path: &Path, subjects: &Subjects) -> rusqlite::Result<Self> {
        let database = ScopedDatabase::open(path, STEPS)?;
        database.seed(|db| first_orders::place(db, subjects))?;
        Ok(Self { database })
    }

    /// Returns the organisation's orders, newest first.
    pub(super) async fn list(&self, scope: &OrgScope) -> Result<Vec<Order>, ServiceError> {
        self.database
            .within(scope, |db, org_id| {
                db.prepare_cached(&format!("{ORDERS} WHERE o.org_id = ?1 ORDER BY o.id DESC"))?
                    .query_map([org_id], order)?
                    .collect()
            })
            .await
    }

    /// Returns one of the organisation's orders.
    pub(super) async fn find(&self, scope: &OrgScope, id: i64) -> Result<Option<Order>, ServiceError> {
        self.database.within(scope, move |db, org_id| find(db, org_id, id)).await
    }

    /// Returns the file that came with one of the organisation's orders.
    pub(super) async fn attachment(
        &self,
        scope: &OrgScope,
        id: i64,
    ) -> Result<Option<Attachment>, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                db.prepare_cached(
                    "SELECT a.name, a.media_type, a.content FROM attachments a JOIN orders o ON o.id = a.order_id
                     WHERE o.org_id = ?1 AND o.id = ?2",
                )?
                .query_row(params![org_id, id], |row| {
                    Ok(Attachment { name: row.get(0)?, media_type: row.get(1)?, content: row.get(2)? })
                })
                .optional()
            })
            .await
    }

    /// Adds an order to the organisation's, once for each request.
    pub(super) async fn add(
        &self,
        scope: &OrgScope,
        buyer: Buyer,
        form: OrderForm,
    ) -> Result<Placed, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                let transaction = db.unchecked_transaction()?;
                if let Some(before) = find_by_request(&transaction, org_id, &buyer)? {
                    let is_same = is_of(&transaction, &before, &form)?;
                    return Ok(if is_same { Placed::Before(before) } else { Placed::KeyTaken });
                }
                let id = insert(&transaction, org_id, &buyer, &form)?;
                let order = find(&transaction, org_id, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
                transaction.commit()?;
                Ok(Placed::New(order))
            })
            .await
    }

    /// Removes one of the organisation's orders with what came with it, and returns whether it was there.
    pub(super) async fn remove(&self, scope: &OrgScope, id: i64) -> Result<bool, ServiceError> {
        self.database
            .within(scope, move |db, org_id| {
                db.execute("DELETE FROM orders WHERE org_id = ?1 AND id = ?2", params![org_id, id])
                    .map(|gone| gone > 0)
            })
            .await
    }
}

fn find(db: &Connection, org_id: &str, id: i64) -> rusqlite::Result<Option<Order>> {
    db.prepare_cached(&format!("{ORDERS} WHERE o.org_id = ?1 AND o.id = ?2"))?
        .query_row(params![org_id, id], order)
        .optional()
}

fn find_by_request(db: &Connection, org_id: &str, buyer: &Buyer) -> rusqlite::Result<Option<Order>> {
    let Some(request) = &buyer.request else { return Ok(None) };
    db.prepare_cached(&format!("{ORDERS} WHERE o.org_id = ?1 AND o.buyer = ?2 AND o.request_key = ?3"))?
        .query_row(params![org_id, buyer.sub, request.as_str()], order)
        .optional()
}

/// Tells a request that came twice from another one under the same key.
fn is_of(db: &Connection, order: &Order, form: &OrderForm) -> rusqlite::Result<bool> {
    let NewOrder { item, quantity, details } = &form.order;
    if (&order.item, &order.quantity, &order.details) != (item, quantity, details) {
        return Ok(false);
    }
    let Some(file) = &form.attachment else { return Ok(order.attachment.is_none()) };
    if order.attachment.as_ref() != Some(&file.info()) {
        return Ok(false);
    }
    let same = "SELECT content = ?2 FROM attachments WHERE order_id = ?1";
    db.query_row(same, params![order.id, file.content], |row| row.get(0))
}

fn insert(db: &Connection, org_id: &str, buyer: &Buyer, form: &OrderForm) -> rusqlite::Result<i64> {
    let NewOrder { item, quantity, details } = &form.order;
    let request = buyer.request.as_ref().map(IdempotencyKey::as_str);
    let id = db
        .prepare_cached(
            "INSERT INTO orders (org_id, item, quantity, buyer, needed_by, deliver_to, reason, request_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id",
        )?
        .query_row(
            params![
                org_id,
                item,
                quantity,
                buyer.sub,
                details.needed_by,
                details.deliver_to,
                details.reason,
                request
            ],
            |row| row.get(0),
        )?;
    if let Some(Attachment { name, media_type, content }) = &form.attachment {
        db.execute(
            "INSERT INTO attachments (order_id, name, media_type, content) VALUES (?1, ?2, ?3, ?4)",
            params![id, name, media_type, content],
        )?;
    }
    Ok(id)
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let name: Option<String> = row.get(8)?;
    let attachment = match name {
        Some(name) => Some(AttachmentInfo {
            name,
            media_type: row.get(9)?,
            size: row.get::<_, i64>(10)?.unsigned_abs(),
        }),
        None => None,
    };
    Ok(Order {
        id: row.get(0)?,
        org_id: row.get(1)?,
        item: row.get(2)?,
        quantity: row.get(3)?,
        buyer: row.get(4)?,
        buyer_name: None,
        details: Details { needed_by: row.get(5)?, deliver_to: row.get(6)?, reason: row.get(7)? },
        attachment,
    })
}
