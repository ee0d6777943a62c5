use rusqlite::{Transaction, params};

use crate::Subjects;

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

/// Puts the first orders into a table in which there never was any.
pub(super) fn place(db: &Transaction<'_>, subjects: &Subjects) -> rusqlite::Result<()> {
    let ever_used: i64 = db.query_row("SELECT count(*) FROM sqlite_sequence", [], |row| row.get(0))?;
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
}
