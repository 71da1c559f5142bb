//! Rows that a round could not change, in a file that was damaged or that
//! somebody changed by hand: they hold up no others.

use std::collections::HashSet;

use parking_lot::Mutex;

use super::{Failure, Outcome, Tx, is_of_the_row};

/// What could not be changed, by its id, until the next start.
#[derive(Debug, Default)]
pub struct SkippedRows(Mutex<HashSet<u128>>);

impl SkippedRows {
    /// Whether this one could not be changed before.
    pub fn has(&self, id: u128) -> bool {
        self.0.lock().contains(&id)
    }

    /// How many there are: so many more must be read to come to the others.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether there is none, as in every sound file.
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Changes many rows in one savepoint; if one of them can't be changed, each in a savepoint of its own. Says how
    /// many were changed.
    ///
    /// # Errors
    /// What is not of a row: the disk, a lock, a lost transaction.
    pub fn try_all<C, R>(
        &self,
        tx: &Tx<C>,
        rows: &[R],
        id: impl Fn(&R) -> u128,
        name: impl Fn(&R) -> String,
        work: impl Fn(&Tx<C>, &R) -> Outcome<()>,
    ) -> Outcome<usize> {
        if rows.is_empty() {
            return Ok(0);
        }
        match tx.savepoint(|tx| rows.iter().try_for_each(|row| work(tx, row))) {
            Ok(()) => return Ok(rows.len()),
            Err(failure) if is_of_the_row(&failure, tx) => {}
            Err(failure) => return Err(failure),
        }
        let mut changed = 0;
        for row in rows {
            changed += usize::from(self.try_each(tx, id(row), || name(row), |tx| work(tx, row))?);
        }
        Ok(changed)
    }

    /// Changes one of many, in a savepoint of its own. Says whether that
    /// was done; one that can't be is logged here, once.
    ///
    /// # Errors
    /// What is not of this row: the disk, a lock, a lost transaction.
    fn try_each<C>(
        &self,
        tx: &Tx<C>,
        id: u128,
        name: impl FnOnce() -> String,
        work: impl FnOnce(&Tx<C>) -> Outcome<()>,
    ) -> Outcome<bool> {
        match tx.savepoint(work) {
            Ok(()) => Ok(true),
            Err(failure) if is_of_the_row(&failure, tx) => {
                self.put(id, &name(), &failure);
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Forgets them: the file is another now.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    fn put(&self, id: u128, name: &str, failure: &Failure) {
        if self.0.lock().insert(id) {
            log::error!(
                "a row can't be changed and is left alone until the next start; run `boxoffice check`: {name}: \
                 {failure}"
            );
        }
    }
}
