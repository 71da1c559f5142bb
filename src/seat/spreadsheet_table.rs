//! Seats as a table that a spreadsheet opens: one seat a line under a header.

use super::attributes::{Attribute, Attributes};
use super::labels::{
    FAR, LABEL_CHARS, LABEL_MAX_CHARS, LayoutSeat, SEATS_MAX, duplicate_label, label_of, price_range, share_a_row,
};
use super::spreadsheet_columns::Column;
use super::spreadsheet_columns::Column::{Category, Label, Number, Price, Row, Seat, Section, X, Y};
use crate::http::plain_line;
use crate::points::Points;
use crate::refusal::Localized;
use crate::spreadsheet::{Cell, Table, decode, unescape_formula};

/// The seats of a table. Needed are the column `price`, and `label`, or what makes one: `section`, `row` and `seat` or
/// `number`. A seat without a price is not on sale, and one without a number has its label for one.
///
/// # Errors
/// A sentence that names line and column of what is wrong.
pub fn read(bytes: &[u8]) -> Result<Vec<LayoutSeat>, Localized> {
    let text = decode(bytes).map_err(|line| {
        Localized::new(
            format!("line {line} is neither UTF-8 nor CP949"),
            format!("{line}번째 줄이 UTF-8도 CP949도 아닙니다"),
        )
    })?;
    let (delimiter, begin) = delimiter_of(&text);
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(&text.as_bytes()[begin..]);
    let line_of = |start: usize| 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    let in_line = |start: usize, why: Localized| {
        let line = line_of(start);
        Localized::new(format!("line {line}{}", why.en), format!("{line}번째 줄{}", why.ko))
    };
    let mut header: Option<Header> = None;
    let mut seats = Vec::new();
    for cells in records.records() {
        // Text in memory: there is nothing to fail.
        let cells = cells.map_err(|error| Localized::new(error.to_string(), "표를 읽을 수 없습니다"))?;
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let start = start_of(&text, begin, &cells);
        match &header {
            None => header = Some(Header::read(&cells).map_err(|why| in_line(start, why))?),
            Some(header) => {
                let seat = TableRow { header, cells: &cells }.seat();
                seats.push((start, seat.map_err(|why| in_line(start, why))?));
            }
        }
        if seats.len() > SEATS_MAX {
            let (en, ko) =
                (format!(": there are more than {SEATS_MAX} seats"), format!(": 좌석이 {SEATS_MAX}석을 넘습니다"));
            return Err(in_line(start, Localized::new(en, ko)));
        }
    }
    let Some(header) = header.filter(|_| !seats.is_empty()) else {
        let en = "there is no seat in it; its first line names the columns, such as label,price";
        return Err(Localized::new(en, "좌석이 없습니다. 첫 줄에는 좌석명,가격과 같은 열 이름이 있어야 합니다"));
    };
    header.read_whole_numbers(&mut seats);
    header.make_labels(&mut seats);
    match duplicate_label(seats.iter().map(|(start, seat)| (seat.label.as_str(), *start))) {
        None => Ok(seats.into_iter().map(|(_, seat)| seat).collect()),
        Some((label, first, second)) => {
            let first = line_of(first);
            let (en, ko) = (
                format!("the seat {label} stands in line {first} already"),
                format!("좌석 {label}이(가) 이미 {first}번째 줄에 있습니다"),
            );
            let at = [Label, Seat, Number].into_iter().find_map(|column| Some((column, header.at[column as usize]?)));
            let (column, at) = at.unwrap_or((Label, 0));
            Err(in_line(second, wrong(at, column.names()[0], Localized::new(en, ko))))
        }
    }
}

/// The sign between the cells, and where the table begins: Excel says the sign in a first line such as `sep=;`. Without
/// one it is that of the header: a comma, or what spreadsheets write in its place.
fn delimiter_of(text: &str) -> (u8, usize) {
    let first = text.trim_start().lines().next().unwrap_or("");
    let begin = text.len() - text.trim_start().len() + first.len();
    if let Some([sign]) = first.trim().trim_matches('"').to_lowercase().strip_prefix("sep=").map(str::as_bytes) {
        return (*sign, begin);
    }
    if first.to_lowercase().starts_with("sep=\t") {
        return (b'\t', begin);
    }
    let has = |sign: u8| first.contains(char::from(sign));
    ([b',', b'\t', b';'].into_iter().find(|sign| has(*sign)).unwrap_or(b','), 0)
}

/// Where in the text a record begins; empty lines before it do not belong to it.
fn start_of(text: &str, begin: usize, cells: &csv::StringRecord) -> usize {
    let from = begin + cells.position().map_or(0, |position| position.byte() as usize);
    from + text.as_bytes()[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Where each column stands.
struct Header {
    at: [Option<usize>; Column::ALL.len()],
}

impl Header {
    fn read(cells: &csv::StringRecord) -> Result<Header, Localized> {
        let mut header = Header { at: [None; Column::ALL.len()] };
        for (at, name) in cells.iter().map(|name| name.trim().to_lowercase()).enumerate() {
            let Some(column) = Column::ALL.into_iter().find(|column| column.names().contains(&name.as_str())) else {
                if name.is_empty() {
                    continue; // spreadsheets leave empty columns behind; what stands under one is refused
                }
                let known = Column::ALL.map(|column| column.names()[0]).join(", ");
                let korean = Column::ALL.map(|column| *column.names().get(1).unwrap_or(&column.names()[0])).join(", ");
                return Err(wrong(
                    at,
                    &name,
                    Localized::new(
                        format!("no such column is known; those are {known}"),
                        format!("알 수 없는 열입니다. 쓸 수 있는 열은 {korean}입니다"),
                    ),
                ));
            };
            if header.at[column as usize].replace(at).is_some() {
                let why = Localized::new("this column is there twice", "같은 열이 두 번 있습니다");
                return Err(wrong(at, &name, why));
            }
        }
        let missing = match [Label, Seat, Number].into_iter().any(|column| header.has(column)) {
            false => Some(Label),
            true => (!header.has(Price)).then_some(Price),
        };
        match missing.map(Column::names) {
            Some([name, korean, ..]) => Err(Localized::new(
                format!(": there is no column {name} ({korean})"),
                format!(": {korean}({name}) 열이 없습니다"),
            )),
            _ => Ok(header),
        }
    }

    fn has(&self, column: Column) -> bool {
        self.at[column as usize].is_some()
    }

    /// Whole numbers that a program wrote as `12.0` throughout a column, as it does for a column with empty cells.
    fn read_whole_numbers(&self, seats: &mut [(usize, LayoutSeat)]) {
        let whole = |text: &str| {
            let digits = text.strip_suffix(".0")?;
            (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.to_owned())
        };
        if seats.iter().filter_map(|(_, seat)| seat.row.as_ref()).all(|row| whole(row).is_some()) {
            seats.iter_mut().for_each(|(_, seat)| seat.row = seat.row.as_deref().and_then(whole));
        }
        if seats.iter().all(|(_, seat)| whole(&seat.number).is_some()) {
            for (_, seat) in seats {
                let number = whole(&seat.number).unwrap_or_default();
                if !self.has(Label) && seat.label == seat.number {
                    seat.label.clone_from(&number);
                }
                seat.number = number;
            }
        }
    }

    /// Makes the labels of a table that has none. What stands under `seat` is the number in a row, unless another
    /// column is that, or it names more than a number and none twice.
    fn make_labels(&self, seats: &mut [(usize, LayoutSeat)]) {
        if self.has(Label) {
            return;
        }
        let is_number = |text: &str| text.len() <= 6 && text.starts_with(|first: char| first.is_ascii_digit());
        let names_all = || {
            seats.iter().any(|(_, seat)| !is_number(&seat.label))
                && duplicate_label(seats.iter().map(|(start, seat)| (seat.label.as_str(), *start))).is_none()
        };
        let in_rows = self.has(Section) || self.has(Row);
        if self.has(Seat) && (self.has(Number) || !in_rows || names_all()) {
            return;
        }
        let mut sections = std::collections::HashMap::new();
        let section_of = |(_, seat): &(usize, LayoutSeat)| {
            let next = sections.len();
            (*sections.entry(seat.section.clone()).or_insert(next), seat.row.clone())
        };
        let rows: Vec<_> = seats.iter().map(section_of).collect();
        let shared = share_a_row(rows.into_iter());
        for (_, seat) in seats {
            let section = seat.section.as_deref().filter(|_| shared || seat.row.is_none());
            seat.label = label_of(section, seat.row.as_deref(), &seat.number);
        }
    }
}

/// What follows the number of the line. A name too long to be one is quoted in part.
fn wrong(at: usize, name: &str, why: Localized) -> Localized {
    let (quoted, rest) = name.split_at(name.char_indices().nth(LABEL_MAX_CHARS).map_or(name.len(), |(end, _)| end));
    let left_out = if rest.is_empty() { "" } else { "…" };
    Localized::new(
        format!(", column {} ({quoted}{left_out}): {}", at + 1, why.en),
        format!(" {}번째 칸({quoted}{left_out}): {}", at + 1, why.ko),
    )
}

/// One line under the header.
struct TableRow<'t> {
    header: &'t Header,
    cells: &'t csv::StringRecord,
}

impl TableRow<'_> {
    fn seat(&self) -> Result<LayoutSeat, Localized> {
        for (at, cell) in self.cells.iter().enumerate() {
            if !cell.trim().is_empty() && !self.header.at.contains(&Some(at)) {
                let why = Localized::new("the header has no name for this column", "첫 줄에 이 칸의 이름이 없습니다");
                return Err(wrong(at, cell, why));
            }
        }
        let empty = |column| self.wrong(column, Localized::new("is empty", "비어 있습니다"));
        let (seat, number) = (self.text(Seat)?, self.text(Number)?);
        let label = match self.header.has(Label) {
            true => self.text(Label)?.ok_or_else(|| empty(Label))?,
            false => seat
                .clone()
                .or_else(|| number.clone().filter(|_| !self.header.has(Seat)))
                .ok_or_else(|| empty(if self.header.has(Seat) { Seat } else { Number }))?,
        };
        let at = match (self.real(X)?, self.real(Y)?) {
            (Some(x), Some(y)) => Some((x, y)),
            (None, None) => None,
            (None, _) => {
                return Err(self.wrong(X, Localized::new("is empty, and y is not", "비어 있는데 y는 있습니다")));
            }
            (_, None) => {
                return Err(self.wrong(Y, Localized::new("is empty, and x is not", "비어 있는데 x는 있습니다")));
            }
        };
        let price = Some(self.cell(Price)).filter(|cell| !cell.is_empty());
        let (least, most) = price_range().into_inner();
        let no_price = || {
            let en = format!("must be a whole number of won from {least} to {most}");
            self.wrong(Price, Localized::new(en, format!("{least} 이상 {most} 이하의 원 단위 정수여야 합니다")))
        };
        Ok(LayoutSeat {
            section: self.text(Section)?,
            row: self.text(Row)?,
            number: number.or(seat).unwrap_or_else(|| label.clone()),
            category: self.text(Category)?,
            price: price.map(|cell| won(cell).ok_or_else(no_price)).transpose()?,
            attributes: self.attributes()?,
            label,
            at,
        })
    }

    fn cell(&self, column: Column) -> &str {
        let at = self.header.at[column as usize];
        unescape_formula(at.and_then(|at| self.cells.get(at)).unwrap_or("").trim())
    }

    fn text(&self, column: Column) -> Result<Option<String>, Localized> {
        let cell = Some(self.cell(column)).filter(|cell| !cell.is_empty());
        let read = |cell| plain_line(cell, LABEL_CHARS).map_err(|why| self.wrong(column, why));
        cell.map(read).transpose()
    }

    fn attributes(&self) -> Result<Attributes, Localized> {
        let mut all = Attributes::default();
        let words = self.cell(Column::Attributes).split([',', ';', '+', '/', '|', ' ']).filter(|word| !word.is_empty());
        for word in words {
            let named = Attributes::named_in(word);
            if named.is_empty() {
                let en = format!("{word} is none of WHEELCHAIR, COMPANION, RESTRICTED_VIEW");
                let ko = format!("{word}은(는) 휠체어, 동반, 시야제한 가운데 하나가 아닙니다");
                return Err(self.wrong(Column::Attributes, Localized::new(en, ko)));
            }
            named.iter().for_each(|attribute| all.insert(attribute));
        }
        for (column, attribute) in Column::MARKS {
            match self.cell(column).to_lowercase().as_str() {
                "" | "0" | "-" | "no" | "n" | "false" | "아니오" | "아니요" => {}
                "1" | "x" | "o" | "v" | "y" | "yes" | "true" | "예" | "네" | "○" | "✓" | "✔" => {
                    all.insert(attribute)
                }
                _ => {
                    let why = Localized::new("must be x or empty", "x이거나 비어 있어야 합니다");
                    return Err(self.wrong(column, why));
                }
            }
        }
        Ok(all)
    }

    fn real(&self, column: Column) -> Result<Option<f64>, Localized> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return Ok(None);
        }
        let number = cell.parse().ok().filter(|number| (-FAR..=FAR).contains(number));
        number.map(Some).ok_or_else(|| {
            let en = format!("must be a number from -{FAR} to {FAR}");
            self.wrong(column, Localized::new(en, format!("-{FAR} 이상 {FAR} 이하의 숫자여야 합니다")))
        })
    }

    fn wrong(&self, column: Column, why: Localized) -> Localized {
        wrong(self.header.at[column as usize].unwrap_or(self.cells.len()), column.names()[0], why)
    }
}

/// A price as people and programs write it: `50000`, `50,000`, `50,000원`, `50000.0`.
fn won(cell: &str) -> Option<Points> {
    let cell = cell.trim_start_matches('₩').trim_end_matches('원').trim();
    let cell = [".00", ".0"].into_iter().find_map(|zero| cell.strip_suffix(zero)).unwrap_or(cell);
    let mut groups = cell.split(',');
    let first = groups.next().filter(|group| !cell.contains(',') || (1..=3).contains(&group.len()))?;
    let digits: String = std::iter::once(first).chain(groups.clone()).collect();
    let sound = groups.all(|group| group.len() == 3) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let won = sound.then(|| digits.parse().ok()).flatten()?;
    price_range().contains(&won).then(|| Points::new(won))
}

/// The table of these seats, no cell of which would run as a formula. Reading it gives the same seats.
pub fn write(seats: &[LayoutSeat]) -> Vec<u8> {
    let mut table = Table::new(Column::written().map(|column| column.names()[0]));
    for seat in seats {
        let (x, y) = seat.at.unzip();
        let real = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let price = seat.price.map(|price| price.to_string()).unwrap_or_default();
        let attributes: Vec<&str> = seat.attributes.iter().map(Attribute::word).collect();
        table.line([
            Cell::Text(&seat.label),
            (&seat.section).into(),
            (&seat.row).into(),
            Cell::Text(&seat.number),
            (&seat.category).into(),
            Cell::Number(&price),
            Cell::Number(&real(x)),
            Cell::Number(&real(y)),
            Cell::Text(&attributes.join(" ")),
        ]);
    }
    table.into_bytes()
}

#[cfg(test)]
#[path = "spreadsheet_table_tests.rs"]
mod tests;
