//! Tables as spreadsheets write and read them.

use std::borrow::Cow;
use std::fmt::Display;

use encoding_rs::{EUC_KR, Encoding, UTF_8};

/// What stands before UTF-8 so that Excel opens it with Korean text intact.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text of a file as it comes out of a spreadsheet: UTF-8 or, with its byte order mark, UTF-16, else CP949, in
/// which Excel in Korea writes CSV. (`EUC_KR` is CP949: the Encoding Standard,
/// <https://encoding.spec.whatwg.org/#euc-kr>, gives that name to the Windows code page.)
///
/// # Errors
/// The number of the line from which on it is neither.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
    let line_of = |at: usize| 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        let broken = || std::str::from_utf8(bytes).map_or_else(|error| line_of(error.valid_up_to()), |_| 1);
        return text.ok_or_else(|| if encoding == UTF_8 { broken() } else { 1 });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => EUC_KR
            .decode_without_bom_handling_and_without_replacement(bytes)
            .ok_or_else(|| line_of(error.valid_up_to())),
    }
}

/// A text cell that no spreadsheet runs as a formula: one that would begin like a formula gets an apostrophe before it,
/// by which spreadsheets know text. One that would look like that already gets another, so that [`unescape_formula`]
/// gives every cell back. The beginnings are those of <https://owasp.org/www-community/attacks/CSV_Injection>.
fn escape_formula(cell: &str) -> Cow<'_, str> {
    match begins_like_a_formula(cell.trim_start_matches('\'')) {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// The cell as it was before `escape_formula`; any other as it is.
pub fn unescape_formula(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if begins_like_a_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

fn begins_like_a_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'])
}

/// One cell of a table.
#[derive(Clone, Copy)]
pub enum Cell<'t> {
    /// A text, whoever wrote it.
    Text(&'t str),
    /// A number of ours, negative too.
    Number(&'t dyn Display),
}

impl<'t> From<&'t Option<String>> for Cell<'t> {
    fn from(text: &'t Option<String>) -> Cell<'t> {
        Cell::Text(text.as_deref().unwrap_or(""))
    }
}

/// A table that grows line by line, as Excel opens it: UTF-8 with a byte order mark, lines that end with CR
/// and LF, and no text that would run as a formula.
#[derive(Debug)]
pub struct Table(csv::Writer<Vec<u8>>);

impl Table {
    pub fn new(header: impl IntoIterator<Item = &'static str>) -> Table {
        let begun = BYTE_ORDER_MARK.as_bytes().to_vec();
        let mut table = Table(csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begun));
        let _ = table.0.write_record(header); // writing to memory does not fail
        table
    }

    /// Adds a line of as many cells as the header has.
    pub fn line<const CELLS: usize>(&mut self, cells: [Cell; CELLS]) {
        let written = cells.map(|cell| match cell {
            Cell::Text(text) => escape_formula(text),
            Cell::Number(number) => Cow::Owned(number.to_string()),
        });
        let _ = self.0.write_record(written.iter().map(|cell| cell.as_bytes())); // as above
    }

    /// The whole table.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_default() // as above
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_read_in_each_way_in_which_spreadsheets_write_it() {
        let text = "좌석,가격\r\n똠방각하-1,5000\r\n"; // 똠 is in CP949 and not in the older EUC-KR
        assert_eq!(decode(text.as_bytes()).unwrap(), text);
        assert_eq!(decode(format!("{BYTE_ORDER_MARK}{text}").as_bytes()).unwrap(), text);
        let (cp949, _, lost) = EUC_KR.encode(text);
        assert!(!lost && std::str::from_utf8(&cp949).is_err());
        assert_eq!(decode(&cp949).unwrap(), text);
        let utf_16: Vec<u8> = format!("{BYTE_ORDER_MARK}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf_16).unwrap(), text);
    }

    #[test]
    fn spreadsheet_what_is_in_no_such_encoding_is_said_with_its_line() {
        assert_eq!(decode(b"a\nb\n\xff\xff\n"), Err(3));
        assert_eq!(decode(b"\xef\xbb\xbfa\n\xff\xff"), Err(2));
    }

    #[test]
    fn cell_that_would_run_is_made_text() {
        for (cell, written) in [("=1+1", "'=1+1"), ("-A", "'-A"), ("'=x", "''=x"), ("'90s", "'90s"), ("A=1", "A=1")] {
            assert_eq!(escape_formula(cell), written);
        }
    }

    #[test]
    fn table_quotes_what_must_be_quoted_and_leaves_numbers_alone() {
        let mut table = Table::new(["name", "amount"]);
        table.line([Cell::Text("=cmd|'/c calc'!A1"), Cell::Number(&-5)]);
        table.line([Cell::Text("김, \"민지\""), Cell::Number(&7)]);
        let told = "\u{feff}name,amount\r\n'=cmd|'/c calc'!A1,-5\r\n\"김, \"\"민지\"\"\",7\r\n";
        assert_eq!(String::from_utf8(table.into_bytes()).unwrap(), told);
    }

    proptest! {
        #[test]
        fn spreadsheet_every_cell_comes_back_and_none_of_them_would_run(cell in "['=+@\t＝a-]{0,6}") {
            let written = escape_formula(&cell);
            prop_assert!(!begins_like_a_formula(&written));
            prop_assert_eq!(unescape_formula(&written), cell.as_str());
        }
    }
}
