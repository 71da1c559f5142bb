//! The pages as they are served, and the habits of their files: nothing inline, nothing from elsewhere, nothing typed
//! by a person put into a page as HTML, short files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::{Answer, TestApp};

const FILE_LINES_MAX: usize = 400;
const PAGES: [&str; 8] =
    ["/", "/staff", "/staff/", "/docs", "/handbook", "/handbook/security", "/problems/seat_unavailable", "/nowhere"];

fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    app.client.call_with("GET", path, headers, None)
}

/// Every file below `src/web/` with one of these endings.
fn web_files(endings: &[&str]) -> Vec<(String, String)> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut files = Vec::new();
    for room in ["shared", "customer", "staff", "docs", "handbook"] {
        let before = files.len();
        for entry in std::fs::read_dir(web.join(room)).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if endings.iter().any(|ending| path.extension().is_some_and(|extension| extension == *ending)) {
                let name = format!("{room}/{}", path.file_name().unwrap().to_str().unwrap());
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
        assert!(files.len() > before || room == "handbook", "no {endings:?} in {room}");
    }
    files
}

#[test]
fn page_every_page_is_guarded_and_in_the_language_of_the_reader() {
    let app = TestApp::empty(&[]);
    for path in PAGES {
        for (asked, language) in [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-GB", "en"), ("fr", "en")] {
            let answer = get(&app, path, &[("accept", "text/html"), ("accept-language", asked)]);
            assert_eq!(answer.status, if path == "/nowhere" { 404 } else { 200 }, "{path}");
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(answer.header("content-language"), Some(language));
            assert!(answer.header("vary").is_some_and(|vary| vary.starts_with("Accept-Language")), "{path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(answer.text.contains(&format!("lang=\"{language}\"")), "{path}");
        }
    }
}

#[test]
fn page_every_file_is_served_as_what_it_is_and_not_sent_twice() {
    let app = TestApp::empty(&[]);
    for (path, text) in web_files(&["js", "css", "svg"]) {
        let address = format!("/assets/{path}");
        let answer = get(&app, &address, &[]);
        let ending = path.rsplit('.').next().unwrap();
        let kind = match ending {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}: is it in the table?");
        let first = answer.text.strip_suffix(&text).unwrap_or_else(|| panic!("{path} is not served as it is"));
        let is_import = |part: &str| part.is_empty() || part.starts_with("import '../") && part.ends_with(".js'");
        assert!(first.split(';').all(is_import), "{path} begins with {first}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        let tag = answer.header("etag").unwrap();
        let again = get(&app, &address, &[("if-none-match", tag)]);
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        let head = app.client.call_with("HEAD", &address, &[], None);
        assert_eq!((head.status, head.header("etag"), head.text.as_str()), (200, Some(tag), ""), "{path}");
    }
    get(&app, "/assets/shared/none.js", &[]).refused(404, "NOT_FOUND");
    get(&app, "/assets/shared/..%2fmod.rs", &[]).refused(404, "NOT_FOUND");
}

#[test]
fn service_worker_may_keep_the_page_at_the_top_and_no_other_file_may() {
    let app = TestApp::empty(&[]);
    let page = get(&app, "/", &[("accept", "text/html")]).text.clone();
    let version = page.split("/assets/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let allowed = |path: &str| get(&app, path, &[]).header("service-worker-allowed").map(str::to_owned);
    assert_eq!(allowed(&format!("/assets/{version}/customer/offline_worker.js")).as_deref(), Some("/"));
    assert_eq!(allowed(&format!("/assets/{version}/customer/app.js")), None);
    assert_eq!(allowed("/assets/customer/offline_worker.js"), None, "without a version there is nothing to keep");
    let manifest = get(&app, &format!("/assets/{version}/shared/app.webmanifest"), &[]);
    assert_eq!((manifest.status, manifest.header("content-type")), (200, Some("application/manifest+json")));
}

#[test]
fn reader_of_codes_comes_with_its_licence_and_only_the_staff_s_page_may_use_a_camera() {
    let app = TestApp::empty(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/qr");
    for name in ["decode.js", "index.js"] {
        let answer = get(&app, &format!("/assets/qr/{name}"), &[]);
        assert_eq!(answer.text, std::fs::read_to_string(folder.join(name)).unwrap());
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
    }
    assert!(std::fs::read_to_string(folder.join("LICENSE")).unwrap().contains("Paul Miller"));
    for path in PAGES {
        let answer = get(&app, path, &[("accept", "text/html")]);
        let camera = if path.starts_with("/staff") { "camera=(self)" } else { "camera=()" };
        assert!(answer.header("permissions-policy").unwrap().contains(camera), "{path}");
    }
}

#[test]
fn program_that_asks_for_no_page_is_told_in_json() {
    let app = TestApp::empty(&[]);
    get(&app, "/nowhere", &[("accept", "application/json")]).refused(404, "NOT_FOUND");
    get(&app, "/api/v1/nowhere", &[("accept", "text/html")]).refused(404, "NOT_FOUND");
}

#[test]
fn venue_tells_its_rules_and_its_time() {
    let app = TestApp::empty(&["--time-zone", "Europe/Vienna", "--hold-seconds", "77", "--top-up-policy", "staff"]);
    let told = get(&app, "/api/v1/venue", &[]).must(200).clone();
    assert_eq!((&told["timeZone"], &told["holdSeconds"]), (&"Europe/Vienna".into(), &77.into()));
    assert_eq!((&told["topUpPolicy"], &told["opensAt"]), (&"staff".into(), &serde_json::Value::Null));
    let at = |told: &serde_json::Value| told["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    app.advance_ms(90_000);
    let later = get(&app, "/api/v1/venue", &[]).must(200).clone();
    assert_eq!(at(&later).as_millisecond() - at(&told).as_millisecond(), 90_000);
}

#[test]
fn nothing_is_put_into_a_page_as_html_and_nothing_stands_inline() {
    let never = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "createContextualFragment",
        "parseFromString",
        "eval(",
        "new Function",
        "javascript:",
        "setAttribute('on",
        "setAttribute('style",
        "srcdoc=",
        "setHTMLUnsafe",
    ];
    let mut faults = Vec::new();
    for (path, text) in web_files(&["js", "html"]) {
        faults.extend(never.iter().filter(|word| text.contains(**word)).map(|word| format!("{path}: {word}")));
        if path.ends_with(".html") {
            let inline = [" style=", "<style", " onclick", " onload", " onerror", "<script>"];
            faults.extend(inline.iter().filter(|word| text.contains(**word)).map(|word| format!("{path}: {word}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_files_are_short() {
    let mut faults = Vec::new();
    for (path, text) in web_files(&["js", "html", "css", "svg"]) {
        for (number, line) in text.lines().enumerate() {
            let names = line.replace("http://www.w3.org/2000/svg", "");
            if ["http://", "https://", "@import", "\"//", "'//", "url(//"].iter().any(|word| names.contains(word)) {
                faults.push(format!("{path}:{}: {line}", number + 1));
            }
        }
        if text.lines().count() >= FILE_LINES_MAX {
            faults.push(format!("{path} has {} lines", text.lines().count()));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn page_every_module_says_first_what_it_is() {
    let silent: Vec<String> =
        web_files(&["js"]).into_iter().filter(|(_, text)| !text.starts_with("// ")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn files_of_a_version_are_kept_for_good_and_no_other_version_is_there() {
    let app = TestApp::empty(&[]);
    let page = get(&app, "/", &[("accept", "text/html")]);
    let script = page.text.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let [version, room, file] = *script.trim_start_matches("/assets/").split('/').collect::<Vec<_>>() else {
        panic!("{script}");
    };
    assert_eq!((version.len(), room, file), (16, "customer", "app.js"));
    assert_eq!(page.text.matches("\"/assets/").count(), page.text.matches(&format!("\"/assets/{version}/")).count());
    let kept = get(&app, script, &[]);
    assert_eq!(kept.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(kept.text, get(&app, "/assets/customer/app.js", &[]).text);
    assert_eq!(kept.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cache-control")).count(), 1);
    get(&app, &script.replace(version, "0123456789abcdef"), &[]).refused(404, "NOT_FOUND");
    assert!(get(&app, "/handbook", &[("accept", "text/html")]).text.contains(&format!("/assets/{version}/")));
}

/// The modules that the text of one names behind a word, as paths below `/assets/`.
fn modules_behind(word: &str, path: &str, text: &str) -> BTreeSet<String> {
    let named =
        text.split(word).skip(1).filter_map(|rest| rest.split('\'').next()).filter(|name| name.ends_with(".js"));
    let room = path.split('/').next().unwrap();
    named
        .map(|name| name.strip_prefix("./").map_or(name.replacen("../", "", 1), |file| format!("{room}/{file}")))
        .collect()
}

/// Each level of a chain of imports costs a round trip, which is half a second on a slow network.
#[test]
fn page_fetches_the_modules_of_its_script_at_once_and_those_of_a_later_one_behind_it() {
    let app = TestApp::empty(&[]);
    let imports = |path: &str| {
        let text = &get(&app, &format!("/assets/{path}"), &[]).text;
        &modules_behind(" from '", path, text) | &modules_behind("import '", path, text)
    };
    let mut later_modules = 0;
    for page in ["/", "/staff", "/docs"] {
        let html = get(&app, page, &[("accept", "text/html")]).text.clone();
        let named = html.split("\"/assets/").skip(1).filter_map(|rest| rest.split('"').next()?.split_once('/'));
        let loaded: BTreeSet<String> =
            named.map(|(_, path)| path.to_owned()).filter(|path| path.ends_with(".js")).collect();
        assert!(loaded.len() > 4, "{page}: {loaded:?}");
        let missed: BTreeSet<String> = loaded.iter().flat_map(|path| &imports(path) - &loaded).collect();
        assert!(missed.is_empty(), "{page} is found to need these only when others are there: {missed:?}");
        let room = loaded.iter().find(|path| path.ends_with("/app.js")).unwrap().trim_end_matches("app.js");
        for (path, text) in web_files(&["js"]).into_iter().filter(|(path, _)| path.starts_with(room)) {
            for later in modules_behind("import('", &path, &text).into_iter().filter(|later| later.starts_with(room)) {
                let known = &imports(&later) | &loaded;
                let missed: BTreeSet<String> =
                    imports(&later).iter().flat_map(|path| &imports(path) - &known).collect();
                assert!(missed.is_empty(), "{later} is found to need these only when others are there: {missed:?}");
                later_modules += 1;
            }
        }
    }
    assert!(later_modules > 15, "{later_modules}");
}
