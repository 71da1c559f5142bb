//! Lists in pages: each has a limit, `nextCursor` leads through all of it once, and who asks for nothing gets the same
//! members as ever beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// The rows of all pages of two, in order.
fn walk(path: &str, name: &str, get: impl Fn(&str) -> Answer) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    for _ in 0..20 {
        let page = get(&format!("{path}?limit=2{cursor}")).must(200).clone();
        let on_page = page[name].as_array().unwrap();
        assert!(on_page.len() <= 2, "{path}: {page}");
        rows.extend(on_page.iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else {
            assert_eq!(page["nextCursor"], Value::Null);
            return rows;
        };
        assert_eq!(on_page.len(), 2, "{path}: a page that is not the last is full");
        cursor = format!("&cursor={next}");
    }
    panic!("{path} has no last page");
}

#[test]
fn paging_leads_once_through_each_list_and_who_asks_for_nothing_gets_it_whole() {
    let app = TestApp::with_seats(5, &["--seats-per-user", "10", "--max-active", "0"]);
    for number in 2..=5 {
        app.staff("POST", "/concerts", json!({ "title": format!("Nacht {number}") })).must(201);
        app.staff("POST", "/keys", json!({ "name": format!("door {number}"), "role": "door" })).must(201);
        // Later dates begin earlier: the order of the list is not that of the ids.
        let layout = json!({ "numbered": { "count": 1, "price": 1 } });
        let date = json!({ "startsAt": format!("2100-02-{:02}T10:00:00Z", 20 - number), "layout": layout });
        app.staff("POST", "/concerts/1/schedules", date).must(201);
    }
    for key in [3, 4] {
        app.staff("DELETE", &format!("/keys/{key}"), Value::Null).must(204);
    }
    let kim = app.customer();
    for seat in ["1", "2", "3"] {
        let held = kim.hold(1, &[seat]).must(201)["reservationId"].as_str().unwrap().to_owned();
        kim.delete(&format!("/reservations/{held}")).must(200);
    }
    let staff = |path: &str| app.staff_get(path);
    let own = |path: &str| kim.get(path);
    type List<'a> = (&'a str, &'a str, &'a dyn Fn(&str) -> Answer, usize);
    let lists: [List; 6] = [
        ("/concerts", "concerts", &own, 5),
        ("/concerts/1/dates", "schedules", &own, 6),
        ("/concerts/1/schedules", "schedules", &own, 6),
        ("/reservations", "reservations", &own, 3),
        ("/concerts/1/schedules", "schedules", &staff, 6),
        ("/keys", "keys", &staff, 5),
    ];
    for (path, name, get, count) in lists {
        let whole = get(path).must(200).clone();
        assert_eq!(whole["nextCursor"], Value::Null, "{path}");
        let rows = walk(path, name, get);
        assert_eq!(rows, *whole[name].as_array().unwrap(), "{path}");
        let different: BTreeSet<String> = rows.iter().map(Value::to_string).collect();
        assert_eq!((rows.len(), different.len()), (count, count), "{path}");
        for wrong in ["limit=0", "limit=1001", "cursor=0", "cursor=x"] {
            get(&format!("{path}?{wrong}")).refused(400, "INVALID_REQUEST");
        }
    }
    own("/concerts/1/dates?cursor=99").refused(400, "INVALID_REQUEST");
}
