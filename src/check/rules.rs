//! A rule: a statement that finds what must not be there, and the sentence that says what it means.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use uuid::Uuid;

use crate::call::EventType;

/// How much of a file a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// The newest rows of the tables that grow.
    Newest,
}

/// The newest rows of a table that are looked at, at most.
const NEWEST_MAX: u32 = 10_000;

/// What it means when a rule finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The file is not as this program leaves one: backup, restore and start refuse it.
    Fault,
    /// The program goes on with it: `check` says it and ends with 0, and nothing else asks.
    Warning,
}

/// A rule of a sound file.
pub(super) struct Rule {
    pub severity: Severity,
    /// What a row means; `{0}` is its first column.
    pub says: &'static str,
    /// Finds the rows. `{reservation}`, `{ledger_entry}` and `{event}` stand for the rows that are looked at; a rule
    /// without one of them looks at all of a file, or not at all.
    pub finds: &'static str,
}

impl Rule {
    pub(super) fn is_for(&self, extent: Extent) -> bool {
        extent == Extent::Whole || self.finds.contains('{')
    }

    /// The sentences of the first `told_max` rows, and how many more there are.
    pub(super) fn find(
        &self,
        connection: &Connection,
        extent: Extent,
        told_max: usize,
    ) -> rusqlite::Result<(Vec<String>, usize)> {
        let mut statement = connection.prepare(&self.statement(extent))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let (mut sentences, mut more) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            if sentences.len() == told_max {
                more += 1;
                continue;
            }
            let mut sentence = self.says.to_owned();
            for column in 0..columns {
                sentence = sentence.replace(&format!("{{{column}}}"), &in_words(row.get_ref(column)?));
            }
            sentences.push(sentence);
        }
        Ok((sentences, more))
    }

    fn statement(&self, extent: Extent) -> String {
        let types: Vec<String> = EventType::ALL.iter().map(|kind| format!("'{}'", kind.word())).collect();
        let mut statement = self.finds.replace("{event types}", &types.join(", "));
        for (table, key) in [("reservation", "reservation_id"), ("ledger_entry", "entry_id"), ("event", "sequence")] {
            let rows = match extent {
                Extent::Whole => table.to_owned(),
                Extent::Newest => format!("(SELECT * FROM {table} ORDER BY {key} DESC LIMIT {NEWEST_MAX})"),
            };
            statement = statement.replace(&format!("{{{table}}}"), &rows);
        }
        statement
    }
}

fn in_words(value: ValueRef) -> String {
    match value {
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map_or_else(|_| crate::ids::hex(bytes), |id| id.to_string()),
    }
}
