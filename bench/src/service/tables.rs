use std::path::Path;

use handstamp_testbed::Postgres;

use crate::{Outcome, failed};

/// How large a table is.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableSize {
    /// How many rows it has.
    pub rows: f64,
    /// How many bytes it takes on the disk, indexes included.
    pub bytes: f64,
}

/// Returns how large these tables of an embedded database are.
pub fn sizes_in_sqlite<const N: usize>(database: &Path, tables: [&str; N]) -> Outcome<[TableSize; N]> {
    let connection = rusqlite::Connection::open(database).map_err(failed("opening the database"))?;
    let mut sizes = [TableSize::default(); N];
    for (size, table) in sizes.iter_mut().zip(tables) {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {table}) * 1.0, \
             (SELECT total(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = '{table}'))"
        );
        let row =
            connection.query_row(&sql, [], |row| Ok(TableSize { rows: row.get(0)?, bytes: row.get(1)? }));
        *size = row.map_err(failed("looking at the tables"))?;
    }
    Ok(sizes)
}

/// The same of a database on PostgreSQL.
pub fn sizes_in_postgres<const N: usize>(
    postgres: &Postgres,
    database: &str,
    tables: [&str; N],
) -> Outcome<[TableSize; N]> {
    let mut sizes = [TableSize::default(); N];
    for (size, table) in sizes.iter_mut().zip(tables) {
        let sql = format!("SELECT count(*), pg_total_relation_size('{table}') FROM {table}");
        let told = postgres.sql(database, &sql);
        let (rows, bytes) = told.trim().split_once('|').ok_or("no answer")?;
        let number = |text: &str| text.parse().map_err(failed("looking at the tables"));
        *size = TableSize { rows: number(rows)?, bytes: number(bytes)? };
    }
    Ok(sizes)
}
