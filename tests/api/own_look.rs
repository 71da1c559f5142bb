//! What anybody sees before the line: how the sale of each concert stands, what is left, and the venue's own look.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::support::{Answer, PRICE, TestApp};

/// A picture of 2 × 3 pixels, as far as its size is read.
fn png() -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0crcc\0\0\0\0IENDcrcc";
    head.to_vec()
}

fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    app.client.call_with("GET", path, headers, None)
}

fn concert(app: &TestApp) -> Value {
    get(app, "/api/v1/concerts/1", &[]).must(200).clone()
}

#[test]
fn concert_overview_tells_the_state_of_its_sale_and_the_date_that_one_asks_for_first() {
    let app = TestApp::empty(&[]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let state = || (concert(&app)["state"].clone(), concert(&app)["next"]["scheduleId"].clone());
    assert_eq!(state(), (Value::Null, Value::Null), "no dates yet");
    let layout = json!({ "numbered": { "count": 1, "price": PRICE } });
    let hour = 3_600_000;
    let at = |hours: i64| app.now().plus_ms(hours * hour).to_string();
    let add = |hours, more: Value| {
        let mut date = json!({ "startsAt": at(hours), "layout": layout });
        date.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.staff("POST", "/concerts/1/schedules", date).must(201)["scheduleId"].as_i64().unwrap()
    };
    let opens = add(10, json!({ "saleOpensAt": at(5) }));
    assert_eq!(state(), (json!("NOT_OPEN"), json!(opens)));
    let on_sale = add(20, json!({}));
    assert_eq!(state(), (json!("ON_SALE"), json!(on_sale)), "what can be bought comes before what is earlier");
    let kim = app.buyer(PRICE);
    let held = kim.hold(on_sale, &["1"]).must(201)["reservationId"].clone();
    assert_eq!(state(), (json!("NOT_OPEN"), json!(opens)));
    kim.pay(&held, PRICE).must(201);
    app.staff("POST", &format!("/schedules/{opens}/cancellation"), json!({})).must(202);
    assert_eq!(state(), (json!("SOLD_OUT"), json!(on_sale)));
    assert_eq!(concert(&app)["next"]["priceFrom"], Value::Null);
    let listed = get(&app, "/api/v1/concerts", &[]).must(200)["concerts"][0].clone();
    assert_eq!(listed, concert(&app), "the list shows the same");
    assert_eq!(app.staff_get("/concerts").must(200)["concerts"][0], listed);
    app.advance_ms(20 * hour as u64);
    assert_eq!(state(), (json!("OVER"), json!(on_sale)));
    get(&app, "/api/v1/concerts/2", &[]).refused(404, "CONCERT_NOT_FOUND");
}

#[test]
fn concerts_and_dates_before_the_line_are_cheap_to_ask_again_and_change_with_the_next_hold() {
    let app = TestApp::with_seats(2, &[]);
    let kim = app.customer();
    for path in ["/api/v1/concerts", "/api/v1/concerts/1", "/api/v1/concerts/1/dates"] {
        let tag = get(&app, path, &[]).header("etag").unwrap().to_owned();
        get(&app, path, &[("if-none-match", &tag)]).must(304);
    }
    let tags = ["/api/v1/concerts", "/api/v1/concerts/1/dates"]
        .map(|path| (path, get(&app, path, &[]).header("etag").unwrap().to_owned()));
    kim.hold(1, &["1"]).must(201);
    for (path, tag) in tags {
        get(&app, path, &[("if-none-match", &tag)]).must(200);
    }
    assert_eq!(concert(&app)["next"]["seatsAvailable"], 1);
    app.staff("PATCH", "/concerts/1", json!({ "title": "Anders" })).must(200);
    assert_eq!(concert(&app)["title"], "Anders", "memory follows what staff change");
    get(&app, "/api/v1/schedules/1/seats", &[]).refused(401, "TOKEN_REQUIRED");
}

#[test]
fn dates_before_the_line_tell_what_is_left_by_kind_of_seat() {
    let app = TestApp::empty(&["--hold-seconds", "60"]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let section =
        |name: &str, price: i64| json!({ "name": name, "rows": [{ "row": "A", "count": 2 }], "price": price });
    let layout = json!({ "sections": [section("R", 200), section("S", 100), section("T", 100)] });
    app.staff("POST", "/concerts/1/schedules", json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout }))
        .must(201);
    let kinds = || get(&app, "/api/v1/concerts/1/dates", &[]).must(200)["schedules"][0]["kinds"].clone();
    let left = |s, t, r| {
        json!([
            { "price": 100, "name": "S", "seatsAvailable": s },
            { "price": 100, "name": "T", "seatsAvailable": t },
            { "price": 200, "name": "R", "seatsAvailable": r }
        ])
    };
    assert_eq!(kinds(), left(2, 2, 2));
    let kim = app.customer();
    let seats = app.staff_get("/schedules/1/seats").must(200)["seats"].clone();
    let label = |at: usize| seats[at]["seat"].as_str().unwrap().to_owned();
    kim.hold(1, &[&label(0), &label(2)]).must(201);
    assert_eq!(kinds(), left(1, 2, 1));
    app.advance_ms(60_000);
    assert_eq!(kinds(), left(2, 2, 2), "a hold that is over counts no more, though nobody wrote it down");
}

#[test]
fn look_of_the_venue_is_set_by_staff_shown_to_all_and_taken_away_by_null() {
    let app = TestApp::empty(&[]);
    let none = get(&app, "/api/v1/venue", &[]).must(200).clone();
    assert_eq!((&none["name"]["ko"], &none["colour"], &none["termsUrl"]), (&Value::Null, &Value::Null, &Value::Null));
    let said = json!({
        "name": { "ko": "작은 극장", "en": "Small & <b>Theatre</b>" }, "contact": { "ko": "02-123-4567" }, "colour": "#0B6E4F",
        "mapUrl": "https://map.example/x?y=1", "terms": { "en": "One.\n\nTwo <script>" }, "logo": BASE64.encode(png()),
    });
    let look = app.staff("PATCH", "/venue", said).must(200).clone();
    assert_eq!(app.staff_get("/venue").must(200), &look);
    assert_eq!(
        (&look["colour"], &look["logo"]["widthPx"], &look["logo"]["heightPx"]),
        (&json!("#0b6e4f"), &json!(2), &json!(3))
    );
    let told = get(&app, "/api/v1/venue", &[]).must(200).clone();
    assert_eq!((&told["name"], &told["logo"], &told["termsUrl"]), (&look["name"], &look["logo"], &json!("/terms")));

    let page = get(&app, "/", &[("accept", "text/html"), ("accept-language", "en")]);
    assert!(page.text.contains("<title>Small &amp; &lt;b&gt;Theatre&lt;/b&gt;</title>"), "{}", page.text);
    assert!(page.text.contains("data-name-ko=\"작은 극장\"") && page.text.contains("/look/0b6e4f.css"));
    let terms = get(&app, "/terms", &[("accept", "text/html"), ("accept-language", "ko")]);
    assert!(terms.must(200).is_null() && terms.text.contains("<p>One.</p><p>Two &lt;script&gt;</p>"), "{}", terms.text);
    get(&app, "/privacy", &[]).refused(404, "NOT_FOUND");
    let sheet = get(&app, "/look/0b6e4f.css", &[]);
    assert_eq!((sheet.status, sheet.header("content-type")), (200, Some("text/css; charset=utf-8")));
    get(&app, "/look/red.css", &[]).refused(404, "NOT_FOUND");

    let events = app.staff_get("/events").must(200)["events"].clone();
    assert_eq!(events.as_array().unwrap().last().unwrap()["type"], "VENUE_CHANGED");
    let url = look["logo"]["url"].as_str().unwrap().to_owned();
    let picture = get(&app, &url, &[]);
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert_eq!(picture.header("content-security-policy"), Some("default-src 'none'"));
    assert!(picture.header("cache-control").unwrap().contains("immutable"));
    get(&app, &url, &[("if-none-match", picture.header("etag").unwrap())]).must(304);

    app.staff("PATCH", "/venue", json!({ "logo": null, "name": { "ko": null }, "terms": null, "colour": null }))
        .must(200);
    get(&app, &url, &[]).refused(404, "NOT_FOUND");
    let told = get(&app, "/api/v1/venue", &[]).must(200).clone();
    assert_eq!((&told["name"]["ko"], &told["logo"], &told["termsUrl"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(told["name"]["en"], "Small & <b>Theatre</b>", "what was not named stays");
}

#[test]
fn picture_that_is_none_or_too_large_and_an_address_that_is_not_https_are_refused() {
    let app = TestApp::empty(&[]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let mut wide = png();
    wide[18..20].copy_from_slice(&3_001_u16.to_be_bytes());
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec();
    let long = [&png()[..33], &vec![0; 600_000]].concat();
    for content in [svg, b"GIF89a\x01\0\x01\0".to_vec(), wide, long, Vec::new()] {
        let body = |name: &str| json!({ name: BASE64.encode(&content) });
        let refused = app.staff("PATCH", "/venue", body("logo"));
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/logo");
        app.staff("PATCH", "/concerts/1", body("poster")).refused(400, "INVALID_REQUEST");
    }
    for url in ["javascript:alert(1)", "http://map.example", "https://", "https:///x", "https://a b", "https://a\"b"] {
        app.staff("PATCH", "/venue", json!({ "mapUrl": url })).refused(400, "INVALID_REQUEST");
        app.staff("PATCH", "/concerts/1", json!({ "mapUrl": url })).refused(400, "INVALID_REQUEST");
    }
    for colour in ["red", "#fff", "#12345g", "#4a3fb0;}"] {
        app.staff("PATCH", "/venue", json!({ "colour": colour })).refused(400, "INVALID_REQUEST");
    }
    assert_eq!(app.file().query_row("SELECT count(*) FROM picture", [], |row| row.get(0)), Ok(0));
}

#[test]
fn page_of_a_concert_has_its_words_by_language_and_what_a_link_to_it_shows() {
    let app = TestApp::with_seats(2, &["--http-proxies=127.0.0.1", "--top-up-policy=self"]);
    let change = json!({
        "description": "A <b>night</b>\nof \"songs\"", "runningMinutes": 90, "ageFrom": 8, "poster": BASE64.encode(png()),
        "translations": { "ko": { "title": "서울의 밤" } },
    });
    let changed = app.staff("PATCH", "/concerts/1", change).must(200).clone();
    assert_eq!((&changed["runningMinutes"], &changed["ageFrom"]), (&json!(90), &json!(8)));
    let poster = changed["poster"]["url"].as_str().unwrap().to_owned();
    let page = |language: &str, headers: &[(&str, &str)]| {
        let all = [&[("accept", "text/html"), ("accept-language", language)], headers].concat();
        get(&app, "/c/1", &all).text.clone()
    };
    let (ko, en) = (page("ko", &[]), page("en", &[("x-forwarded-proto", "https")]));
    assert!(ko.contains("<meta property=\"og:title\" content=\"서울의 밤\">"), "{ko}");
    let host = app.url().strip_prefix("http://").unwrap().to_owned();
    let expected = [
        format!("<meta property=\"og:image\" content=\"https://{host}{poster}\">"),
        format!("<meta property=\"og:url\" content=\"https://{host}/c/1\">"),
        "A &lt;b&gt;night&lt;/b&gt; of &quot;songs&quot;".into(),
    ];
    expected.iter().for_each(|part| assert!(en.contains(part), "{part}: {en}"));
    assert!(!en.contains("<b>night") && ko.contains(&format!("http://{host}/c/1")), "{en}");
    let none = get(&app, "/c/7", &[("accept", "text/html")]);
    assert_eq!((none.status, none.header("content-type")), (404, Some("text/html; charset=utf-8")));
    get(&app, "/c/7", &[]).refused(404, "NOT_FOUND");

    app.staff("PATCH", "/venue", json!({ "logo": BASE64.encode(png()) })).must(200);
    app.staff("PATCH", "/concerts/1", json!({ "poster": null, "ageFrom": null, "translations": null })).must(200);
    get(&app, &poster, &[]).must(200); // the logo is the same picture
    assert_eq!((&concert(&app)["ageFrom"], &concert(&app)["translations"]["ko"]), (&Value::Null, &Value::Null));
    assert_eq!(concert(&app)["runningMinutes"], 90, "what was not named stays");
}

/// What a link shows elsewhere is kept there: nobody else is to say where it leads.
#[test]
fn forwarded_fields_say_where_a_link_leads_only_when_a_trusted_proxy_wrote_them() {
    let link = |app: &TestApp, fields: &[(&str, &str)]| {
        let text = get(app, "/", &[&[("accept", "text/html")], fields].concat()).text.clone();
        text.split_once("og:url\" content=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let told: [&[(&str, &str)]; 4] = [
        &[("X-Forwarded-Proto", "https")],
        &[("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https")],
        &[("Forwarded", "for=192.0.2.7;proto=https;host=evil.example")],
        &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")],
    ];
    let [alone, proxied] = [&[][..], &["--http-proxies=127.0.0.1", "--top-up-policy=self"]].map(TestApp::empty);
    for fields in told {
        assert_eq!(link(&alone, fields), alone.url(), "{fields:?}");
        assert_eq!(link(&proxied, fields), proxied.url().replace("http://", "https://"), "{fields:?}");
    }
    let odd = [("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Host", "evil.example")];
    assert_eq!(link(&proxied, &odd), proxied.url());
}

#[test]
fn calendar_file_of_a_date_has_its_moment_place_and_end() {
    let app = TestApp::with_seats(2, &[]);
    let words = json!({ "title": "Nacht; Tag, Abend", "venue": "Halle", "runningMinutes": 90 });
    app.staff("PATCH", "/concerts/1", words).must(200);
    app.staff("PATCH", "/schedules/1", json!({ "startsAt": "2100-01-01T10:00:00Z" })).must(200);
    let date = get(&app, "/c/1/1.ics", &[]);
    assert_eq!(date.header("content-type"), Some("text/calendar; charset=utf-8"));
    let parts =
        ["DTSTART:21000101T100000Z", "DTEND:21000101T113000Z", "SUMMARY:Nacht\\; Tag\\, Abend", "LOCATION:Halle"];
    parts.iter().for_each(|part| assert!(date.text.contains(&format!("\r\n{part}\r\n")), "{part}: {}", date.text));
    assert!(!date.text.contains("STATUS"));
    app.staff("POST", "/schedules/1/cancellation", json!({})).must(202);
    assert!(get(&app, "/c/1/1.ics", &[]).text.contains("STATUS:CANCELLED"));
    for path in ["/c/2/1.ics", "/c/1/9.ics", "/c/1/1.txt", "/c/1/x.ics"] {
        get(&app, path, &[]).refused(404, "NOT_FOUND");
    }
}
