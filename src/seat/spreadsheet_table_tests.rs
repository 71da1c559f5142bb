//! Tables of seats, in and out.

use encoding_rs::EUC_KR;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::seat::layout;

fn wrong(table: &str) -> String {
    read(table.as_bytes()).unwrap_err().en
}

#[test]
fn label_and_a_price_are_enough() {
    let seats = read(b"label,price\nA-1,50000\nA-2,\"50,000\"\n").unwrap();
    assert_eq!(seats[0], LayoutSeat { label: "A-1".into(), number: "A-1".into(), ..seats[1].clone() });
    assert_eq!((seats[1].price, &seats[1].section, seats[1].at), (Some(Points::new(50_000)), &None, None));
}

#[test]
fn columns_come_in_any_order_in_korean_or_english_with_what_spreadsheets_leave_behind() {
    let table = "\u{feff} 가격 ;좌석;구역;열;번호;등급;Y;x;\r\n\r\n90000;R-A-12;1층;A;12;R석;-2.5;1e1;\r\n;;;;;;;;\r\n";
    let seats = read(table.as_bytes()).unwrap();
    let seat = LayoutSeat {
        label: "R-A-12".into(),
        section: Some("1층".into()),
        row: Some("A".into()),
        number: "12".into(),
        category: Some("R석".into()),
        price: Some(Points::new(90_000)),
        at: Some((10.0, -2.5)),
        attributes: Attributes::default(),
    };
    assert_eq!(seats, [seat]);
}

fn labels(table: &str) -> Vec<String> {
    read(table.as_bytes()).unwrap().into_iter().map(|seat| seat.label).collect()
}

#[test]
fn table_without_labels_makes_them_of_section_row_and_seat() {
    assert_eq!(labels("Section,Row,Seat,Price\nL,A,1,5\nL,A,2,5\nL,B,1,5\n"), ["A-1", "A-2", "B-1"]);
    assert_eq!(labels("Section,Row,Seat,Price\nL,A,1,5\nR,A,1,5\n"), ["L-A-1", "R-A-1"]);
    assert_eq!(labels("구역,열,번호,가격\nL,A,1,5\nL,B,1,5\n"), ["A-1", "B-1"]);
    assert_eq!(labels("Section,Seat,Price\nL,1,5\nR,1,5\n"), ["L-1", "R-1"]);
    // What stands under `seat` is a label where it is one.
    assert_eq!(labels("Section,Row,Seat,Price\nL,A,A-1,5\nL,A,A-2,5\n"), ["A-1", "A-2"]);
    assert_eq!(labels("Seat,Price\n1,5\n2,5\n"), ["1", "2"]);
    let seats = read(b"Section,Row,Seat,Price\nL,1.0,1.0,5.0\nL,1.0,2.0,\n").unwrap();
    assert_eq!((&*seats[0].label, seats[0].row.as_deref(), &*seats[0].number), ("1-1", Some("1"), "1"));
    assert_eq!((seats[0].price, seats[1].price), (Some(Points::new(5)), None), "no price: not on sale");
    assert!(wrong("Section,Row,Seat,Price\nL,A,1,5\nL,A,1,5\n").contains("line 3, column 3 (seat): the seat A-1"));
}

#[test]
fn table_sign_between_the_cells_may_be_said_in_the_first_line_as_excel_does() {
    assert_eq!(labels("sep=;\r\nlabel;price\r\nA,1;5\r\n"), ["A,1"]);
    assert_eq!(labels("\u{feff}\"sep=;\"\r\nlabel;price\r\nA,1;5\r\n"), ["A,1"]);
    assert_eq!(labels("sep=\t\nlabel\tprice\nA\t5\n"), ["A"]);
    assert!(wrong("sep=;\r\nlabel;price\r\nA;x\r\n").starts_with("line 3, column 2 (price)"));
}

#[test]
fn table_says_what_is_special_about_a_seat_in_one_column_or_in_one_for_each() {
    use crate::seat::Attribute::{Companion, RestrictedView, Wheelchair};
    let table =
        "label,price,attributes,휠체어,시야제한\nA,5,companion;restricted_view,,\nB,5,,o,X\nC,5,휠체어,아니오,\n";
    let of: Vec<Vec<Attribute>> =
        read(table.as_bytes()).unwrap().into_iter().map(|seat| seat.attributes.iter().collect()).collect();
    assert_eq!(of, [vec![Companion, RestrictedView], vec![Wheelchair, RestrictedView], vec![Wheelchair]]);
    assert!(wrong("label,price,attributes\nA,5,aisle\n").contains("column 3 (attributes): aisle is none of"));
    assert!(wrong("label,price,wheelchair\nA,5,maybe\n").contains("column 3 (wheelchair): must be x or empty"));
}

#[test]
fn table_of_excel_in_korea_is_read() {
    let (bytes, _, lost) = EUC_KR.encode("좌석,가격,구역\r\n가-1,50000,똠층\r\n");
    assert!(!lost);
    assert_eq!(read(&bytes).unwrap()[0].section.as_deref(), Some("똠층"));
}

#[test]
fn table_what_is_wrong_is_said_with_line_and_column() {
    for (table, told) in [
        ("", "no seat in it"),
        ("label,price\n\n", "no seat in it"),
        ("label\nA-1\n", "line 1: there is no column price (가격)"),
        ("\n\nprice,x,y\n", "line 3: there is no column label (좌석명)"),
        ("label,price,colour\n", "line 1, column 3 (colour): no such column"),
        ("label,price,Label\n", "line 1, column 3 (label): this column is there twice"),
        ("label,price\nA-1,5\n\n\nA-2,-5\n", "line 5, column 2 (price): must be a whole number of won from 0"),
        ("label,price\r\nA-1,5\r\n\r\nA-2,5.5\r\n", "line 4, column 2 (price)"),
        ("label,price\nA-1,\"5,00\"\n", "line 2, column 2 (price)"),
        ("label,price\nA-1,100000001\n", "from 0 to 100000000"),
        ("price,label\n5,\n", "line 2, column 2 (label): is empty"),
        ("label,price\nA-1,5\nA-2,6\nA-1,5\n", "line 4, column 1 (label): the seat A-1 stands in line 2 already"),
        ("label,price\nA-1,5,R\n", "line 2, column 3 (R): the header has no name"),
        ("label,price,x,y\nA-1,5,1\n", "line 2, column 4 (y): is empty, and x is not"),
        ("label,price,x,y\nA-1,5,1,NaN\n", "line 2, column 4 (y): must be a number"),
        ("label,price\n\"A\n1\",5\n", "line 2, column 1 (label): must have 1 to 80"),
        ("label,price\n\"A-1,5\nA-2,5\n", "line 2, column 1 (label)"),
    ] {
        assert!(wrong(table).contains(told), "{table:?}: {}", wrong(table));
    }
    assert_eq!(read(b"label,price\nA,1\nB,\xff\xff\n").unwrap_err().en, "line 3 is neither UTF-8 nor CP949");
    // What is no table at all: a sentence that quotes all of it hides what it says.
    let page = "말".repeat(5_000);
    for table in [format!("label,price,{page}"), format!("label,price\n1,2,{page}")] {
        assert!(wrong(&table).contains("column 3 (말말말") && wrong(&table).len() < 600, "{}", wrong(&table));
    }
    let many: String = (0..=100_000).map(|number| format!("{number},1\n")).collect();
    assert!(wrong(&format!("label,price\n{many}")).contains("line 100002: there are more than 100000 seats"));
}

fn name() -> impl Strategy<Value = Option<String>> {
    // Whatever a person can write and see, and often what a spreadsheet would run.
    let unseen = |c: char| {
        matches!(
            c,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{2028}' | '\u{2029}' | '\u{3164}' | '\u{fe00}'
                ..='\u{fe0f}' | '\u{ffa0}'
        )
    };
    prop::option::of("['=+@,;\"-]{0,2}\\PC{1,20}".prop_map(move |text| text.replace(unseen, "").trim().to_owned()))
        .prop_map(|text| text.filter(|text| !text.is_empty()))
}

fn seats() -> impl Strategy<Value = Vec<LayoutSeat>> {
    let far = 1_000_000.0; // as far as a part of a plan may stand
    let place = prop::option::of((-far..=far, -far..=far));
    let seat = (name(), name(), name(), name(), price_range(), place, 0..8_usize);
    prop::collection::vec(seat, 1..20).prop_map(|seats| {
        let seat = |(at, (section, row, number, category, won, place, bits)): (usize, _)| {
            let attributes = Attribute::ALL.into_iter().filter(|one| bits >> *one as usize & 1 == 1).collect();
            let number: Option<String> = number;
            let label = format!("{}{at}", number.as_deref().unwrap_or("="));
            let number = number.unwrap_or_else(|| label.clone());
            LayoutSeat { label, section, row, number, category, price: Some(Points::new(won)), at: place, attributes }
        };
        seats.into_iter().enumerate().map(seat).collect()
    })
}

/// The same seats as a seating plan, one zone a section and one row a row, with the prices of its categories; only for
/// seats that each have a category of their own.
fn as_plan(seats: &[LayoutSeat]) -> serde_json::Value {
    let zone = |(at, seat): (usize, &LayoutSeat)| {
        let (x, y) = seat.at.unwrap_or_default();
        let position = json!({ "x": 0, "y": 0 });
        let one = json!({ "seat_guid": at.to_string(), "seat_number": seat.number, "category": at.to_string(),
                          "position": { "x": x, "y": y } });
        let row = json!({ "row_number": seat.row, "position": position, "seats": [one] });
        json!({ "name": seat.section, "position": position, "rows": [row] })
    };
    let names = (0..seats.len()).map(|at| json!({ "name": at.to_string() }));
    let prices = seats.iter().enumerate().map(|(at, seat)| (at.to_string(), json!(seat.price)));
    json!({
        "pretixPlan": {
            "name": "", "size": { "width": 1, "height": 1 }, "categories": names.collect::<Vec<_>>(),
            "zones": seats.iter().enumerate().map(zone).collect::<Vec<_>>(),
        },
        "prices": prices.collect::<serde_json::Map<_, _>>(),
    })
}

proptest! {
    #[test]
    fn table_gives_back_seat_for_seat_what_was_written(seats in seats()) {
        let table = write(&seats);
        prop_assert!(table.starts_with(&[0xef, 0xbb, 0xbf]));
        prop_assert_eq!(read(&table).unwrap(), seats);
    }

    #[test]
    fn plan_comes_back_from_its_table_to_the_last_digit(seats in seats()) {
        let mut seats = seats;
        seats.iter_mut().enumerate().for_each(|(at, seat)| {
            seat.row = Some(format!("row {at}"));
            seat.at = seat.at.or(Some((0.1, 0.2)));
        });
        // The text of a file, not only the value: that is how a plan comes.
        let plan = serde_json::from_str(&as_plan(&seats).to_string()).unwrap();
        let read_plan = layout::read(plan, String::new()).unwrap();
        for (planned, seat) in read_plan.seats.iter().zip(&seats) {
            prop_assert_eq!((planned.at, planned.price, &planned.section), (seat.at, seat.price, &seat.section));
            prop_assert_eq!((&planned.row, &planned.number), (&seat.row, &seat.number));
        }
        prop_assert_eq!(read(&write(&read_plan.seats)).unwrap(), read_plan.seats);
    }
}
