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
        UNION ALL SELECT 'unique ' || t.name || ' ' || (SELECT group_concat(name) FROM pragma_index_info(i.name))
            FROM pragma_table_list AS t, pragma_index_list(t.name) AS i WHERE t.schema = 'main' AND i.origin = 'u'
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

/// The conditions of the tables of the current format: each table with what its `CHECK`s say. SQLite itself holds a file to
/// them only where it may write to it.
///
/// # Errors
/// SQLite's.
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
    fn the_conditions_of_a_table_are_read_without_its_comments() {
        let table = "CREATE TABLE a (b CHECK (b IN (1, 2)), -- CHECK (not one)\n c INTEGER, CHECK ((b = 1) = (c IS NULL))) STRICT";
        assert_eq!(checks_in(table), ["b IN (1, 2)", "(b = 1) = (c IS NULL)"]);
    }

    #[test]
    fn every_condition_of_the_schema_is_one_that_sqlite_can_ask() {
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
