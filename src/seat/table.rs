//! Seats as a table that a spreadsheet opens: one seat a line under a header.

use std::fmt::Display;

use super::labels::{FAR, LABEL_CHARS, LABEL_MAX_CHARS, LayoutSeat, SEATS_MAX, duplicate_label, price_range};
use crate::http::plain_line;
use crate::points::Points;
use crate::spreadsheet::{Cell, Table, decode, unescape_formula};

/// The columns of a table.
#[derive(Debug, Clone, Copy)]
enum Column {
    Label,
    Section,
    Row,
    Number,
    Category,
    Price,
    X,
    Y,
}
use Column::{Category, Label, Number, Price, Row, Section, X, Y};

impl Column {
    const ALL: [Column; 8] = [Label, Section, Row, Number, Category, Price, X, Y];

    /// The name that is written, then others that are read, too.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Label => &["label", "좌석", "좌석명", "seat"],
            Section => &["section", "구역", "zone"],
            Row => &["row", "열"],
            Number => &["number", "번호"],
            Category => &["category", "등급"],
            Price => &["price", "가격", "금액"],
            X => &["x"],
            Y => &["y"],
        }
    }
}

/// The seats of a table. The columns `label` and `price` must be there; a seat without a number has its label for one.
///
/// # Errors
/// A sentence that names line and column of what is wrong.
pub fn read(bytes: &[u8]) -> Result<Vec<LayoutSeat>, String> {
    let text = decode(bytes).map_err(|line| format!("line {line} is neither UTF-8 nor CP949"))?;
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter_of(&text))
        .from_reader(text.as_bytes());
    let mut header = None;
    let mut seats = Vec::new();
    for cells in records.records() {
        let cells = cells.map_err(|error| error.to_string())?; // text in memory: there is nothing to fail
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let start = start_of(&text, &cells);
        match &header {
            None => header = Some(Header::read(&cells).map_err(|why| format!("line {}{why}", line_of(&text, start)))?),
            Some(header) => {
                let seat = TableRow { header, cells: &cells }.seat();
                seats.push((start, seat.map_err(|why| format!("line {}{why}", line_of(&text, start)))?));
            }
        }
        if seats.len() > SEATS_MAX {
            return Err(format!("line {}: there are more than {SEATS_MAX} seats", line_of(&text, start)));
        }
    }
    if seats.is_empty() {
        return Err("there is no seat in it; its first line names the columns, such as label,price".into());
    }
    match duplicate_label(seats.iter().map(|(start, seat)| (seat.label.as_str(), *start))) {
        None => Ok(seats.into_iter().map(|(_, seat)| seat).collect()),
        Some((label, first, second)) => {
            let (first, second) = (line_of(&text, first), line_of(&text, second));
            let column = header.and_then(|header| header.at[Label as usize]).unwrap_or(0) + 1;
            Err(format!("line {second}, column {column} (label): the seat {label} stands in line {first} already"))
        }
    }
}

/// The sign between the cells of the first line: a comma, or what spreadsheets write in its place.
fn delimiter_of(text: &str) -> u8 {
    let first = text.trim_start().lines().next().unwrap_or("");
    let has = |sign: u8| first.contains(char::from(sign));
    [b',', b'\t', b';'].into_iter().find(|sign| has(*sign)).unwrap_or(b',')
}

/// Where in the text a record begins; empty lines before it do not belong to it.
fn start_of(text: &str, cells: &csv::StringRecord) -> usize {
    let from = cells.position().map_or(0, |position| position.byte() as usize);
    from + text.as_bytes()[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// The number of a line, counted from 1 as an editor does.
fn line_of(text: &str, start: usize) -> usize {
    1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count()
}

/// Where each column stands.
struct Header {
    at: [Option<usize>; Column::ALL.len()],
}

impl Header {
    fn read(cells: &csv::StringRecord) -> Result<Header, String> {
        let mut header = Header { at: [None; Column::ALL.len()] };
        for (at, name) in cells.iter().map(|name| name.trim().to_lowercase()).enumerate() {
            let Some(column) = Column::ALL.into_iter().find(|column| column.names().contains(&name.as_str())) else {
                if name.is_empty() {
                    continue; // spreadsheets leave empty columns behind; what stands under one is refused
                }
                let known = Column::ALL.map(|column| column.names()[0]).join(", ");
                return Err(wrong(at, &name, format!("no such column is known; those are {known}")));
            };
            if header.at[column as usize].replace(at).is_some() {
                return Err(wrong(at, &name, "this column is there twice"));
            }
        }
        for column in [Label, Price] {
            if header.at[column as usize].is_none() {
                let [name, korean, ..] = column.names() else { continue };
                return Err(format!(": there is no column {name} ({korean})"));
            }
        }
        Ok(header)
    }
}

/// What follows the number of the line. A name too long to be one is quoted in part.
fn wrong(at: usize, name: &str, why: impl Display) -> String {
    let (quoted, rest) = name.split_at(name.char_indices().nth(LABEL_MAX_CHARS).map_or(name.len(), |(end, _)| end));
    let left_out = if rest.is_empty() { "" } else { "…" };
    format!(", column {} ({quoted}{left_out}): {why}", at + 1)
}

/// One line under the header.
struct TableRow<'t> {
    header: &'t Header,
    cells: &'t csv::StringRecord,
}

impl TableRow<'_> {
    fn seat(&self) -> Result<LayoutSeat, String> {
        for (at, cell) in self.cells.iter().enumerate() {
            if !cell.trim().is_empty() && !self.header.at.contains(&Some(at)) {
                return Err(wrong(at, cell, "the header has no name for this column"));
            }
        }
        let label = self.text(Label)?.ok_or_else(|| self.wrong(Label, "is empty"))?;
        let at = match (self.real(X)?, self.real(Y)?) {
            (Some(x), Some(y)) => Some((x, y)),
            (None, None) => None,
            (None, _) => return Err(self.wrong(X, "is empty, and y is not")),
            (_, None) => return Err(self.wrong(Y, "is empty, and x is not")),
        };
        Ok(LayoutSeat {
            section: self.text(Section)?,
            row: self.text(Row)?,
            number: self.text(Number)?.unwrap_or_else(|| label.clone()),
            category: self.text(Category)?,
            price: won(self.cell(Price)).ok_or_else(|| {
                let (least, most) = price_range().into_inner();
                self.wrong(Price, format!("must be a whole number of won from {least} to {most}"))
            })?,
            label,
            at,
        })
    }

    fn cell(&self, column: Column) -> &str {
        let at = self.header.at[column as usize];
        unescape_formula(at.and_then(|at| self.cells.get(at)).unwrap_or("").trim())
    }

    fn text(&self, column: Column) -> Result<Option<String>, String> {
        let cell = Some(self.cell(column)).filter(|cell| !cell.is_empty());
        let read = |cell| plain_line(cell, LABEL_CHARS).map_err(|why| self.wrong(column, why.en));
        cell.map(read).transpose()
    }

    fn real(&self, column: Column) -> Result<Option<f64>, String> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return Ok(None);
        }
        let number = cell.parse().ok().filter(|number| (-FAR..=FAR).contains(number));
        number.map(Some).ok_or_else(|| self.wrong(column, format!("must be a number from -{FAR} to {FAR}")))
    }

    fn wrong(&self, column: Column, why: impl Display) -> String {
        wrong(self.header.at[column as usize].unwrap_or(self.cells.len()), column.names()[0], why)
    }
}

/// A price as people write it: `50000` or `50,000`.
fn won(cell: &str) -> Option<Points> {
    let mut groups = cell.split(',');
    let first = groups.next().filter(|group| !cell.contains(',') || (1..=3).contains(&group.len()))?;
    let digits: String = std::iter::once(first).chain(groups.clone()).collect();
    let sound = groups.all(|group| group.len() == 3) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let won = sound.then(|| digits.parse().ok()).flatten()?;
    price_range().contains(&won).then(|| Points::new(won))
}

/// The table of these seats, no cell of which would run as a formula. Reading it gives the same seats.
pub fn write(seats: &[LayoutSeat]) -> Vec<u8> {
    let mut table = Table::new(&Column::ALL.map(|column| column.names()[0]));
    for seat in seats {
        let (x, y) = seat.at.unzip();
        let real = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        table.line([
            Cell::Text(&seat.label),
            (&seat.section).into(),
            (&seat.row).into(),
            Cell::Text(&seat.number),
            (&seat.category).into(),
            Cell::Number(&seat.price),
            Cell::Number(&real(x)),
            Cell::Number(&real(y)),
        ]);
    }
    table.into_bytes()
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
