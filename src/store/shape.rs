//! What a schema comes to: tables with their columns and foreign keys, and indexes, however they were made.

use std::collections::BTreeSet;

use rusqlite::Connection;

/// The parts of a file's schema, each in words.
///
/// # Errors
/// SQLite's.
pub fn shape_of(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let parts = "
        SELECT 'table ' || name || ' ' || wr || strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'
        UNION ALL SELECT 'column ' || t.name || '.' || c.name || ' ' || c.type || c.\"notnull\" || c.pk || ifnull(c.dflt_value, '')
            FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite%'
        UNION ALL SELECT 'reference ' || t.name || '.' || f.\"from\" || ' ' || f.\"table\" || ifnull(f.\"to\", '')
            FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f WHERE t.schema = 'main'
        UNION ALL SELECT type || ' ' || name || ' ' || sql FROM sqlite_schema WHERE type NOT IN ('table') AND sql IS NOT NULL";
    connection.prepare(parts)?.query_map([], |row| row.get(0))?.collect()
}

/// The shape of the current format.
///
/// # Errors
/// SQLite's.
pub fn current() -> rusqlite::Result<BTreeSet<String>> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(include_str!("../../schema.sql"))?;
    shape_of(&fresh)
}
