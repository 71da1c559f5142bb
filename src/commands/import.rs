//! `boxoffice import`: a date with its seats from a file, whole or not at all.

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::seat_file::SeatFile;
use super::target::{ApiClient, Target};
use super::{KEY_SHOWN, output};
use crate::app::make_file;
use crate::check;
use crate::clock::{Clock, Millis};
use crate::http::Fields;
use crate::refusal::Refusal;
use crate::schedule::{self, ConcertWords, SaidTimes, Times, instant_of};
use crate::seat::{self, Layout, LayoutSeat};
use crate::settings::parse_zone;
use crate::store::{self, Failure, OpenError};

/// The seats of a date as the API takes them at most: the default of the server's limit for such bodies, in bytes.
const LAYOUT_MAX_BYTES: usize = 16 << 20;

/// What `import` takes.
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    hall: SeatFile,
    #[command(flatten)]
    at: Target,
    /// The concert, by its title; added if there is none of that title yet.
    #[arg(long, value_name = "TITLE", required_unless_present = "concert_id", value_parser = parse_title)]
    concert: Option<String>,
    /// The concert, by its id.
    #[arg(long, value_name = "N", conflicts_with = "concert")]
    concert_id: Option<i64>,
    /// Where a concert that is added takes place.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = parse_words)]
    venue: String,
    /// When it begins: in RFC 3339, or a local time of the venue such as 2026-12-24T19:00.
    #[arg(long, value_name = "TIME")]
    starts_at: String,
    /// From when on seats are sold [default: at once].
    #[arg(long, value_name = "TIME")]
    sale_opens_at: Option<String>,
    /// From when on they no longer are [default: when it begins].
    #[arg(long, value_name = "TIME")]
    sale_closes_at: Option<String>,
    /// The venue's time zone, by its IANA name; with --url the server's own counts.
    #[arg(long, env = "BOXOFFICE_TIME_ZONE", default_value = "Asia/Seoul", value_name = "NAME", value_parser = parse_zone)]
    time_zone: TimeZone,
}

/// The date that was added.
struct Added {
    concert_id: i64,
    title: String,
    schedule_id: i64,
}

/// Of the concerts there are, the one that is meant.
enum Meant {
    One(i64, String),
    New(String),
}

impl Import {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let layout = self.hall.read()?;
        for remark in &layout.remarks {
            output::tell(format_args!("{}: {} ({})", self.hall.path().display(), remark.text.en, remark.count));
        }
        let mut server = self.at.server()?;
        let zone = match &mut server {
            Some(server) => zone_of(server)?,
            None => self.time_zone.clone(),
        };
        let times = self.times(&zone)?;
        let count = layout.seats.len();
        let added = match server {
            Some(server) => self.import_into_server(server, &times, &layout)?,
            None => self.import_into_file(&times, &layout)?,
        };
        let Added { concert_id, title, schedule_id } = added;
        output::tell(format_args!(
            "schedule {schedule_id} of concert {concert_id} ({title}) at {}: {count} seats",
            times.starts_at
        ));
        Ok(())
    }

    fn times(&self, zone: &TimeZone) -> Result<Times, OpenError> {
        let instant = |flag: &str, text: &str| {
            instant_of(text, zone).map_err(|say| OpenError(format!("{flag} {text}: {}", say.en)))
        };
        let maybe = |flag: &str, text: &Option<String>| text.as_deref().map(|text| instant(flag, text)).transpose();
        let said = SaidTimes {
            starts_at: Some(instant("--starts-at", &self.starts_at)?),
            sale_opens_at: maybe("--sale-opens-at", &self.sale_opens_at)?,
            sale_closes_at: maybe("--sale-closes-at", &self.sale_closes_at)?,
            refund_until_hours: None,
        };
        let late = |_: Refusal| OpenError("--sale-closes-at (or the start) must be later than --sale-opens-at.".into());
        said.over(None, zone, Clock::wall_now()).map_err(late) // the start is there, so nothing else can be wrong
    }

    /// Which of the concerts, given as ids with titles, is meant.
    fn meant(&self, concerts: impl Iterator<Item = (i64, String)>) -> Result<Meant, OpenError> {
        let title = self.concert.as_deref().unwrap_or_default();
        let fits = |(id, its_title): &(i64, String)| match self.concert_id {
            Some(wanted) => *id == wanted,
            None => its_title == title,
        };
        let fitting: Vec<(i64, String)> = concerts.filter(fits).collect();
        match (fitting.as_slice(), self.concert_id) {
            ([(id, title)], _) => Ok(Meant::One(*id, title.clone())),
            ([], Some(id)) => Err(OpenError(format!("--concert-id {id}: there is no such concert."))),
            ([], None) => Ok(Meant::New(title.to_owned())),
            (several, _) => Err(OpenError(format!(
                "--concert {title}: {} concerts have this title; say which with --concert-id: {}.",
                several.len(),
                several.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", "),
            ))),
        }
    }

    /// Refuses to add a date that is there already: an import that is run twice adds it once.
    fn must_be_new(&self, times: &Times, mut dates: impl Iterator<Item = (i64, Millis)>) -> Result<(), OpenError> {
        match dates.find(|(_, starts_at)| *starts_at == times.starts_at) {
            None => Ok(()),
            Some((id, _)) => Err(OpenError(format!(
                "--starts-at {}: the concert has schedule {id} at that moment already, and nothing was changed.",
                self.starts_at
            ))),
        }
    }

    fn import_into_file(&self, times: &Times, layout: &Layout) -> Result<Added, OpenError> {
        let database = &store::resolve(&self.at.database)?;
        self.must_be_as_the_api_takes_it(layout)?;
        if self.concert_id.is_none() {
            make_file(
                self.at.staff_key.as_deref(),
                Clock::wall_now(),
                database,
                |_, _| Ok(()),
                |key| key.map_or(Ok(()), |key| output::print(format_args!("{KEY_SHOWN}: {key}"))),
            )?;
        }
        let opened = check::open_sound(database).map_err(|error| {
            OpenError(format!("{error} While a server has it, give --url and --staff-key in place of --database."))
        })?;
        let now = Clock::wall_now().max(opened.venue.seen_at);
        let mut refused = None;
        let written = store::with_transaction(&opened.connection, now, |tx| {
            let concerts = schedule::list_concerts(tx, 0, u32::MAX)?;
            let concerts = concerts.into_iter().map(|concert| (concert.concert_id, concert.title));
            let concert = match self.meant(concerts) {
                Ok(Meant::One(id, _)) => schedule::must_find_concert(tx, id)?,
                Ok(Meant::New(title)) => {
                    let venue = Some(self.venue.clone());
                    schedule::add_concert(
                        tx,
                        None,
                        &ConcertWords { title: Some(title), venue, ..ConcertWords::default() },
                    )?
                }
                Err(why) => return Err(refuse(&mut refused, why)),
            };
            let dates = schedule::list_of_concert(tx, concert.concert_id)?;
            let dates = dates.iter().map(|date| (date.schedule_id, date.starts_at));
            self.must_be_new(times, dates).map_err(|why| refuse(&mut refused, why))?;
            let schedule_id = seat::open_schedule(tx, None, concert.concert_id, times, layout)?;
            Ok(Added { concert_id: concert.concert_id, title: concert.title, schedule_id })
        });
        written.map_err(|failure| {
            let code = failure.to_refusal().code().word();
            refused.unwrap_or_else(|| OpenError(format!("{}: nothing was imported: {code}", database.display())))
        })
    }

    /// A file is given what a server would take, no more: the same reader, and the same size.
    fn must_be_as_the_api_takes_it(&self, layout: &Layout) -> Result<(), OpenError> {
        let layout = layout_json(layout);
        let bytes = layout.to_string().len();
        if bytes > LAYOUT_MAX_BYTES {
            return Err(OpenError(format!(
                "{}: the seats take {bytes} bytes in the API, which takes {LAYOUT_MAX_BYTES}; shorten their names.",
                self.hall.path().display()
            )));
        }
        seat::read_layout(layout, String::new()).map(drop).map_err(|refusal| self.hall.refused(&refusal))
    }

    fn import_into_server(&self, mut server: ApiClient, times: &Times, layout: &Layout) -> Result<Added, OpenError> {
        let concerts = server.list("/staff/concerts", "concerts")?;
        let concerts = concerts.iter().map(|concert| Ok((number(concert, "concertId")?, text(concert, "title"))));
        let concerts = concerts.collect::<Result<Vec<_>, OpenError>>()?.into_iter();
        let meant = self.meant(concerts)?;
        let is_new = matches!(meant, Meant::New(_));
        let concert = match meant {
            Meant::One(id, title) => {
                let dates = server.list(&format!("/staff/concerts/{id}/schedules"), "schedules")?;
                let starts_at = |date| Millis::parse_rfc3339(&text(date, "startsAt"));
                let dates = dates.iter().filter_map(|date| Some((number(date, "scheduleId").ok()?, starts_at(date)?)));
                self.must_be_new(times, dates)?;
                json!({ "concertId": id, "title": title })
            }
            Meant::New(title) => server.post("/staff/concerts", json!({ "title": title, "venue": self.venue }))?,
        };
        let concert_id = number(&concert, "concertId")?;
        let date = json!({
            "startsAt": times.starts_at,
            "saleOpensAt": self.sale_opens_at.as_ref().map(|_| times.sale_opens_at), // else at once there
            "saleClosesAt": times.sale_closes_at,
            "layout": layout_json(layout),
        });
        let date = server.post(&format!("/staff/concerts/{concert_id}/schedules"), date);
        let date = date.map_err(|why| if is_new { without_concert(&mut server, concert_id, why) } else { why })?;
        Ok(Added { concert_id, title: text(&concert, "title"), schedule_id: number(&date, "scheduleId")? })
    }
}

/// Takes back the concert that was added for a date that was refused: an import that fails leaves nothing behind.
fn without_concert(server: &mut ApiClient, concert_id: i64, why: OpenError) -> OpenError {
    match server.delete(&format!("/staff/concerts/{concert_id}")) {
        Ok(_) => why,
        Err(other) => OpenError(format!(
            "{why} Concert {concert_id}, which was added for it, is still there without a date: {other}"
        )),
    }
}

/// The words of a concert, as the API takes them.
fn line_of(text: &str, chars: std::ops::RangeInclusive<usize>) -> Result<String, String> {
    let fields = Fields::of_value(json!({ "text": text }), String::new());
    fields.and_then(|mut fields| fields.line("text", chars)).map_err(|refusal| match refusal {
        Refusal::InvalidRequest { reason, .. } => reason.en.to_string(),
        other => other.code().word().to_owned(),
    })
}

fn parse_words(text: &str) -> Result<String, String> {
    line_of(text, 0..=200)
}

fn parse_title(text: &str) -> Result<String, String> {
    line_of(text, 1..=200)
}

/// Keeps a sentence for people while the transaction is taken back.
fn refuse(kept: &mut Option<OpenError>, why: OpenError) -> Failure {
    *kept = Some(why);
    Refusal::Internal.into()
}

fn zone_of(server: &mut ApiClient) -> Result<TimeZone, OpenError> {
    let name = text(&server.get("/venue")?, "timeZone");
    TimeZone::get(&name)
        .map_err(|_| OpenError(format!("the server's time zone {name} is not known here; use its own boxoffice.")))
}

fn number(body: &Value, name: &str) -> Result<i64, OpenError> {
    body[name].as_i64().ok_or_else(|| OpenError(format!("the server's answer has no {name}; is it a boxoffice?")))
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or("").to_owned()
}

fn layout_json(layout: &Layout) -> Value {
    let drawing = layout.drawing_with_front();
    json!({ "seats": layout.seats.iter().map(as_json).collect::<Vec<_>>(), "front": drawing.front, "shapes": drawing.shapes })
}

/// A seat as the API takes it, one by one.
fn as_json(seat: &LayoutSeat) -> Value {
    let mut members = Map::new();
    members.insert("seat".into(), json!(seat.label));
    for (name, value) in [("section", &seat.section), ("row", &seat.row), ("category", &seat.category)] {
        members.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
    }
    members.insert("number".into(), json!(seat.number));
    members.insert("price".into(), json!(seat.price));
    if let Some((x, y)) = seat.at {
        members.extend([("x".to_owned(), json!(x)), ("y".to_owned(), json!(y))]);
    }
    if !seat.attributes.is_empty() {
        members.insert("attributes".into(), json!(seat.attributes));
    }
    members.into()
}
