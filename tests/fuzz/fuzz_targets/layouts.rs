//! Whatever is given as a layout or as a table of seats: reading it does not panic, what comes out keeps the rules of
//! seats, and a table of those seats reads as the same seats. The first byte says which reader.

#![no_main]

use std::collections::HashSet;

use boxoffice::http;
use boxoffice::seat::{LayoutSeat, read_layout, spreadsheet_table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [which, bytes @ ..] = input else { return };
    let seats = if which % 2 == 0 {
        let Ok(layout) = http::parse_json(bytes) else { return };
        match read_layout(layout, "/layout".into()) {
            Ok(layout) => layout.seats,
            Err(_) => return,
        }
    } else {
        match spreadsheet_table::read(bytes) {
            Ok(seats) => seats,
            Err(why) => {
                assert!([&why.en, &why.ko].iter().all(|text| !text.is_empty() && text.len() < 2_000), "{why:?}");
                return;
            }
        }
    };
    are_sound(&seats);
    let written = spreadsheet_table::write(&seats);
    assert_eq!(spreadsheet_table::read(&written).as_ref(), Ok(&seats), "{}", String::from_utf8_lossy(&written));
});

fn are_sound(seats: &[LayoutSeat]) {
    assert!((1..=100_000).contains(&seats.len()));
    let labels: HashSet<&str> = seats.iter().map(|seat| seat.label.as_str()).collect();
    assert_eq!(labels.len(), seats.len(), "a label twice");
    for seat in seats {
        assert!(
            (1..=80).contains(&seat.label.chars().count()) && !seat.label.chars().any(char::is_control),
            "{seat:?}"
        );
        assert!(seat.price.is_none_or(|price| price.won() >= 0) && !seat.number.is_empty(), "{seat:?}");
        assert!(seat.at.is_none_or(|(x, y)| x.is_finite() && y.is_finite()), "{seat:?}");
    }
}
