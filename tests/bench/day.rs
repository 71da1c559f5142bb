//! Busy days of a venue, simulated by turning its clock: what is in the
//! file afterwards, table by table, and what it cost.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use crate::figures::{Figures, short};
use crate::filling::{Filling, SeatPosition};
use crate::load::{self, Load, Play};
use crate::plays::{CALLS, Purchases};
use crate::served::Served;

const HOURS: usize = 24;
const HOUR_MS: u64 = 3_600_000;
/// Seats of a date, and dates of a concert.
const SEATS: usize = 500;
const DATES: usize = 4;
/// Of so many customers, one leaves with the seat held and never comes back.
const LEAVES_EVERY: usize = 4;

/// Tables below this are told in one row.
const SMALL_BYTES: i64 = 100_000;

/// How busy.
#[derive(clap::Args, Clone)]
pub struct Days {
    /// Simulated days.
    #[arg(long, default_value_t = 3, value_name = "N")]
    days: usize,
    /// Customers of a simulated day.
    #[arg(long, default_value_t = 36_000, value_name = "N")]
    customers: usize,
}

/// Three days unless told otherwise, so that what is kept for two is forgotten within them: answers under their
/// `Idempotency-Key`, and here ended tokens too.
pub fn measure(days: &Days, folder: &Path, figures: &mut Figures) {
    let database = folder.join("day.db");
    let hourly = days.customers / HOURS;
    let all = days.days * HOURS * hourly;
    let filling = Filling::new(&database, &Value::Null);
    filling.users(0..all, true);
    for _ in 0..all.div_ceil(SEATS * DATES) {
        filling.concert(DATES, SEATS);
    }
    filling.done();
    let before = told(&database);
    let served = Served::boxoffice(&database, &["--test-clock", "--token-days=2"]);
    let mut next = 0;
    for day in 1..=days.days {
        for _ in 0..HOURS {
            let customers = next..next + hourly;
            next += hourly;
            play(
                &served,
                &mut Purchases::new(&CALLS, customers, SeatPosition::first(1, SEATS), DATES).of_a_day(LEAVES_EVERY),
            );
            served.advance_ms(HOUR_MS);
        }
        let file = std::fs::metadata(&database).unwrap().len() as f64;
        let name = format!("file after day {day} of {} customers, MB", short((hourly * HOURS) as f64));
        figures.add(name, vec![file / 1e6], None);
        let wal = std::fs::metadata(folder.join("day.db-wal")).map_or(0, |wal| wal.len());
        figures.add(format!("WAL after day {day}, MB"), vec![wal as f64 / 1e6], None);
    }
    drop(served);
    print(&before, &told(&database), all);
}

fn play(served: &Served, play: &mut dyn Play) {
    let lasting = std::time::Duration::from_secs(600);
    let load = Load { connections: 64, is_new_each: false, per_second: None, lasting };
    load::run(served.address, load, play).unwrap().must_be_right("a busy day");
}

/// What a table or an index takes.
struct TreeSize {
    name: String,
    table: String,
    bytes: i64,
    rows: i64,
}

/// Every table with its indexes, and the pages that are free.
fn told(database: &Path) -> Vec<TreeSize> {
    let file = Connection::open(database).unwrap();
    let statement = "SELECT dbstat.name, coalesce(tbl_name, dbstat.name), sum(pgsize) FROM dbstat
         LEFT JOIN sqlite_schema ON sqlite_schema.name = dbstat.name WHERE aggregate = TRUE GROUP BY dbstat.name";
    let mut statement = file.prepare(statement).unwrap();
    let trees = statement
        .query_map([], |row| Ok(TreeSize { name: row.get(0)?, table: row.get(1)?, bytes: row.get(2)?, rows: 0 }));
    let mut told: Vec<TreeSize> = trees.unwrap().map(Result::unwrap).collect();
    for tree in told.iter_mut().filter(|tree| tree.name == tree.table) {
        tree.rows = file.query_row(&format!("SELECT count(*) FROM {}", tree.name), [], |row| row.get(0)).unwrap();
    }
    let free: i64 = file
        .query_row("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size", [], |row| {
            row.get(0)
        })
        .unwrap();
    told.push(TreeSize { name: "(free pages)".into(), table: "(free pages)".into(), bytes: free, rows: 0 });
    told
}

fn print(before: &[TreeSize], after: &[TreeSize], customers: usize) {
    println!("\n| table | rows | MB | of that indexes | bytes a customer |\n| --- | --- | --- | --- | --- |");
    let bytes_of = |all: &[TreeSize], table: &str| -> i64 {
        all.iter().filter(|tree| tree.table == table).map(|tree| tree.bytes).sum()
    };
    let mut tables: Vec<&TreeSize> = after.iter().filter(|tree| tree.name == tree.table).collect();
    tables.sort_by_key(|tree| -bytes_of(after, &tree.table));
    let (mut others, mut others_mb) = (0, 0.0);
    for table in tables {
        let all = bytes_of(after, &table.table);
        let grown = all - bytes_of(before, &table.table);
        if all < SMALL_BYTES {
            (others, others_mb) = (others + 1, others_mb + all as f64 / 1e6);
            continue;
        }
        println!(
            "| {} | {} | {} | {} | {} |",
            table.name,
            short(table.rows as f64),
            short(all as f64 / 1e6),
            short((all - table.bytes) as f64 / 1e6),
            short(grown as f64 / customers as f64),
        );
    }
    println!("| {others} others | | {} | | |", short(others_mb));
}
