//! `boxoffice demo`: a fresh hall, and a purchase to paste.

use super::{Shutdown, TempVenue, output};
use crate::app::App;
use crate::platform::{Shell, shell};
use crate::settings::{DEFAULT_LISTEN, Settings};
use crate::store::OpenError;

/// Opens the demo hall and serves until it is stopped.
pub(super) fn run(settings: Settings) -> Result<(), OpenError> {
    let listen = settings.listen.unwrap_or(DEFAULT_LISTEN);
    let shutdown = Shutdown::listen(settings.tls.is_on())?; // first: a signal must not leave the folder behind
    let scratch = TempVenue::make()?;
    let settings = Settings { has_demo_hall: true, ..settings.for_trying() };
    let app = App::open(settings.clone(), &scratch.database(), listen, shutdown.broken())?;
    let concerts = app.list_concerts()?;
    let staff_key = app.new_staff_key().or(settings.staff_key.as_deref()).unwrap_or_default(); // one of them is there
    output::print(format_args!("boxoffice is open at {} (데모 매표소가 열렸습니다)", app.url()))?;
    output::tell_others(app.scheme(), app.address(), "");
    if let Some(course) = app.course() {
        output::tell_course(course);
    }
    output::print(format_args!(
        "staff key (직원 키): {staff_key}\n\n\
         Buy a seat: open the address in a browser, or paste this into another terminal. Ctrl-C here closes the hall; nothing \
         is kept.\n\
         좌석 사기: 브라우저에서 위 주소를 열거나 아래를 다른 터미널에 붙여 넣으세요. 여기서 Ctrl-C를 누르면 끝나고 아무것도 남지 \
         않습니다.\n\n{walkthrough}",
        walkthrough = walkthrough(shell(), &app.url(), concerts.first()),
    ))?;
    shutdown.close_in_the_end(app, "")
}

/// One purchase of the first date of the first concert, in what a shell has for HTTP.
fn walkthrough(shell: Shell, url: &str, concert: Option<&(i64, Vec<i64>)>) -> String {
    let Some((concert, dates)) = concert else { return String::new() };
    let text = match shell {
        Shell::Unix => include_str!("walkthrough.sh"),
        Shell::PowerShell => include_str!("walkthrough.ps1"),
    };
    text.replace("{url}", url)
        .replace("{schedule}", &dates.first().copied().unwrap_or(0).to_string())
        .replace("{concert}", &concert.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths that a walkthrough calls, in order, with `*` for what an answer before has told.
    fn paths(text: &str) -> Vec<String> {
        let text = text.replace("Post '/", "$API/").replace("Post \"/", "$API/").replace("$api/", "$API/");
        let calls = text.split("$API/").skip(1).map(|rest| {
            let path = rest.split([' ', '\'', '"', '\n', ';']).next().unwrap_or_default();
            let parts = path.split('/').map(|part| if part.starts_with('$') { "*" } else { part });
            parts.collect::<Vec<_>>().join("/")
        });
        calls.collect()
    }

    #[test]
    fn walkthrough_of_every_shell_makes_the_same_calls_and_has_no_gap() {
        let concert = (7, vec![8, 9]);
        let [unix, powershell] =
            [Shell::Unix, Shell::PowerShell].map(|shell| walkthrough(shell, "http://127.0.0.1:1", Some(&concert)));
        let expected = [
            "users",
            "queue/tokens",
            "queue/token",
            "concerts/7/schedules",
            "schedules/8/seats",
            "reservations",
            "users/*/balance",
            "users/*/balance/top-ups",
            "payments",
            "reservations/*",
        ];
        assert_eq!(paths(&unix), expected);
        assert_eq!(paths(&powershell), expected);
        for text in [&unix, &powershell] {
            assert!(text.contains("http://127.0.0.1:1/api/v1"), "{text}");
            for gap in ["{url}", "{concert}", "{schedule}"] {
                assert!(!text.contains(gap), "{gap} in {text}");
            }
        }
        let count = |mark: char| powershell.matches(mark).count();
        assert_eq!((count('('), count('{')), (count(')'), count('}')), "{powershell}");
    }
}
