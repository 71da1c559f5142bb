//! What a schema comes to: tables with their columns and foreign keys, and indexes, however they were made.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row};

/// How the tables of Litestream begin, which copies a file continuously and notes in it how far it has come.
const OF_LITESTREAM: &str = "_litestream_";

/// A part of a file's schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The table that it is, or belongs to; of a view its own name.
    pub table: String,
    pub words: String,
    /// Whether it can neither refuse a write nor change what is written: a plain index or a view.
    pub is_harmless: bool,
}

/// The parts of a file's schema. The columns of a virtual table are left out: its module may not be there.
pub fn schema_of(connection: &Connection) -> rusqlite::Result<BTreeSet<Part>> {
    let parts = "
        WITH own AS (SELECT name, wr, strict FROM pragma_table_list
            WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%')
        SELECT name, 'table ' || name || ' ' || wr || strict, 0 FROM pragma_table_list
            WHERE schema = 'main' AND type <> 'view' AND name NOT LIKE 'sqlite%'
        UNION ALL SELECT t.name, 'column ' || t.name || '.' || c.name || ' ' || c.type || c.\"notnull\" || c.pk || ifnull(c.dflt_value, ''), 0
            FROM own AS t, pragma_table_xinfo(t.name) AS c
        UNION ALL SELECT t.name, 'reference ' || t.name || '.' || f.\"from\" || ' ' || f.\"table\" || ifnull(f.\"to\", ''), 0
            FROM own AS t, pragma_foreign_key_list(t.name) AS f
        UNION ALL SELECT t.name, 'unique ' || t.name || ' ' || (SELECT group_concat(name) FROM pragma_index_info(i.name)), 0
            FROM own AS t, pragma_index_list(t.name) AS i WHERE i.origin = 'u'
        UNION ALL SELECT tbl_name, type || ' ' || name || ' ' || sql,
                type = 'view' OR (type = 'index' AND sql NOT LIKE 'CREATE UNIQUE%')
            FROM sqlite_schema WHERE type NOT IN ('table') AND sql IS NOT NULL";
    let part = |row: &Row| Ok(Part { table: row.get(0)?, words: row.get(1)?, is_harmless: row.get(2)? });
    let is_seen = |part: &Part| !part.table.starts_with(OF_LITESTREAM);
    let mut parts = connection.prepare(parts)?;
    let parts = parts.query_map([], part)?;
    parts.filter(|part| part.as_ref().map_or(true, is_seen)).collect()
}

/// The tables of other programs that refer to one of `tables`: their rows can stop what the venue deletes.
pub fn foreign_references(
    connection: &Connection,
    tables: &BTreeSet<String>,
) -> rusqlite::Result<Vec<(String, String)>> {
    let references = "SELECT t.name, f.\"table\" FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f
        WHERE t.schema = 'main' AND t.type = 'table'";
    let mut references = connection.prepare(references)?;
    let references = references.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let is_ours = |name: &str| tables.iter().any(|table| table.eq_ignore_ascii_case(name));
    references.filter(|found| found.as_ref().is_ok_and(|(from, to)| !is_ours(from) && is_ours(to))).collect()
}

/// The shape of the current format.
pub fn current() -> rusqlite::Result<BTreeSet<Part>> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(include_str!("../../schema.sql"))?;
    schema_of(&fresh)
}

/// The names of the tables of the current format.
pub fn own_tables() -> rusqlite::Result<BTreeSet<String>> {
    Ok(current()?.into_iter().map(|part| part.table).collect())
}

/// The conditions of the tables of the current format: each table with what its `CHECK`s say. SQLite itself
/// holds a file to them only where it may write to it.
pub fn conditions() -> rusqlite::Result<Vec<(String, Vec<String>)>> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(include_str!("../../schema.sql"))?;
    let mut tables =
        fresh.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")?;
    let tables = tables.query_map([], |row| Ok((row.get(0)?, checks_in(&row.get::<_, String>(1)?))))?;
    tables.collect()
}

/// What stands in brackets after each `CHECK`.
fn checks_in(table: &str) -> Vec<String> {
    let plain: Vec<&str> = table.lines().map(|line| line.split("--").next().unwrap_or("")).collect();
    let plain = plain.join(" ");
    let mut checks = Vec::new();
    for rest in plain.split("CHECK (").skip(1) {
        let mut depth = 1;
        let end = rest.find(|sign| {
            depth += i32::from(sign == '(') - i32::from(sign == ')');
            depth == 0
        });
        checks.extend(end.map(|end| rest[..end].to_owned()));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_a_table_are_read_without_its_comments() {
        let table = "CREATE TABLE a (b CHECK (b IN (1, 2)), -- CHECK (not one)\n c INTEGER, CHECK ((b = 1) = (c IS NULL))) STRICT";
        assert_eq!(checks_in(table), ["b IN (1, 2)", "(b = 1) = (c IS NULL)"]);
    }

    #[test]
    fn schema_every_condition_of_the_schema_is_one_that_sqlite_can_ask() {
        let fresh = Connection::open_in_memory().unwrap();
        fresh.execute_batch(include_str!("../../schema.sql")).unwrap();
        let mut count = 0;
        for (table, checks) in conditions().unwrap() {
            for check in checks {
                fresh.prepare(&format!("SELECT 1 FROM {table} WHERE NOT ({check})")).unwrap();
                count += 1;
            }
        }
        assert_eq!(count, include_str!("../../schema.sql").matches("CHECK (").count());
    }
}
