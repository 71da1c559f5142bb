//! What pages have of the venue itself: its name, colour and pictures, its terms; the page of a concert with what a
//! link to it shows elsewhere, and its dates for calendars.

use super::{customer_page, dressed_as, escaped, guarded, is_browser, not_found, page};
use crate::call::{Answer, Context};
use crate::clock::Millis;
use crate::http::Reply;
use crate::refusal::{Localized, Refusal};
use crate::schedule::{self, Concert, Schedule};
use crate::seat::MapCache;
use crate::seat::concerts::must_find_concert;
use crate::store::Outcome;
use crate::venue::{self, Texts, VenueProfile};

/// The words of a concert that a link shows elsewhere, in characters.
const PREVIEW_CHARS: usize = 200;
/// A line of a calendar, in bytes (RFC 5545, 3.1).
const CALENDAR_LINE_BYTES: usize = 75;
/// What the address of a picture or a style sheet names never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// `GET /`, open to all: 200 with the customers' page in the reader's language, in the colour of the venue; 304 by
/// `If-None-Match`.
pub fn customer(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let profile = maps.profile.get(&context.state.readers, venue::read)?;
    let language = context.language();
    let title = escaped(profile.name_in(language));
    let head = preview(context, &profile, None, "", &[("og:type", "website"), ("og:title", &title)]);
    Ok(Answer::Ready(customer_page(context.request, &profile, &format!("<title>{title}</title>{head}"))))
}

/// `GET /c/{concertId}`, open to all: 200 with the customers' page, which shows this concert; its head has the title
/// and what a link to it shows elsewhere; 304 by `If-None-Match`. 404 `NOT_FOUND`.
pub fn concert(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let (request, readers) = (context.request, &context.state.readers);
    let found = context.number("concertId").map_err(Into::into).and_then(|id| must_find_concert(maps, readers, id));
    let concert = match found {
        Ok(concert) => concert,
        Err(failure) if !matches!(failure.to_refusal(), Refusal::ConcertNotFound | Refusal::NotFound) => {
            return Err(failure);
        }
        Err(_) if is_browser(request) => return Ok(Answer::Ready(not_found(request))),
        Err(_) => return Err(Refusal::NotFound.into()),
    };
    let profile = maps.profile.get(readers, venue::read)?;
    let words = concert.in_language(context.language());
    let (title, name) = (escaped(&words.title), escaped(profile.name_in(context.language())));
    let dates = schedule::list_of_concert(&*context.reader()?, concert.concert_id)?;
    let next = dates.iter().find(|date| date.cancelled_at.is_none() && date.starts_at > context.now);
    let about = [next.map_or("", |date| &date.date), &words.venue, &words.description];
    let about = about.map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let about: Vec<String> = about.into_iter().filter(|part| !part.is_empty()).collect();
    let about = escaped(&about.join(" · ").chars().take(PREVIEW_CHARS).collect::<String>());
    let path = format!("/c/{}", concert.concert_id);
    let shown = [("og:type", "website"), ("og:title", &title), ("og:description", &about)];
    let head = preview(context, &profile, Some(&concert), &path, &shown);
    let about = format!("<meta name=\"description\" content=\"{about}\">");
    Ok(Answer::Ready(customer_page(request, &profile, &format!("<title>{title} · {name}</title>{about}{head}"))))
}

/// What a link to a page shows elsewhere (the Open Graph protocol); the values are escaped.
fn preview(
    context: &Context,
    profile: &VenueProfile,
    of: Option<&Concert>,
    path: &str,
    values: &[(&str, &str)],
) -> String {
    let origin = escaped(&origin(context));
    let name = escaped(profile.name_in(context.language()));
    let url = format!("{origin}{path}");
    let mut all = values.to_vec();
    all.extend([("og:site_name", name.as_str()), ("og:url", &url)]);
    let picture = of.and_then(|concert| concert.poster.as_ref()).or(profile.logo.as_ref());
    let picture = picture.map(|picture| {
        (format!("{origin}{}", picture.url), picture.width_px.to_string(), picture.height_px.to_string())
    });
    if let Some((image, width, height)) = &picture {
        all.extend([("og:image", image.as_str()), ("og:image:width", width), ("og:image:height", height)]);
    }
    all.iter().map(|(name, value)| format!("<meta property=\"{name}\" content=\"{value}\">")).collect()
}

/// Scheme and host as the client asked for them, or a trusted proxy says it did.
fn origin(context: &Context) -> String {
    let request = context.request;
    let scheme = request.header("x-forwarded-proto").unwrap_or("http");
    format!("{scheme}://{}", request.header("host").unwrap_or("localhost"))
}

/// `GET /terms`, open to all: 200 with the venue's terms in the reader's language, or else in the other; 304 by
/// `If-None-Match`. 404 `NOT_FOUND` where it said none.
pub fn terms(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    text_page(context, maps, Localized::new("Terms", "이용약관"), |profile| &profile.terms)
}

/// `GET /privacy`, open to all: 200 with how the venue treats what it knows of people, in the reader's language, or
/// else in the other; 304 by `If-None-Match`. 404 `NOT_FOUND` where it said nothing.
pub fn privacy(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    text_page(context, maps, Localized::new("Privacy", "개인정보 처리방침"), |profile| &profile.privacy)
}

fn text_page(context: &Context, maps: &MapCache, title: Localized, of: fn(&VenueProfile) -> &Texts) -> Outcome<Answer> {
    let (request, language) = (context.request, context.language());
    let profile = maps.profile.get(&context.state.readers, venue::read)?;
    if of(&profile).in_language(language).is_none() {
        return if is_browser(request) { Ok(Answer::Ready(not_found(request))) } else { Err(Refusal::NotFound.into()) };
    }
    let html = dressed_as(profile.name_in(language), language, |language| {
        let text = of(&profile).in_language(language);
        (title.in_language(language).to_owned(), text.map_or(String::new(), paragraphs_of))
    });
    let html = html.replace("</title>", &with_colour("</title>", &profile));
    Ok(Answer::Ready(page(request, 200, html)))
}

fn paragraphs_of(text: &str) -> String {
    text.split("\n\n").map(|part| format!("<p>{}</p>", escaped(part.trim()).replace('\n', "<br>"))).collect()
}

/// A piece of a head, and behind it the style sheet of the venue's colour, where it has one.
pub(super) fn with_colour(before: &str, profile: &VenueProfile) -> String {
    let colour = profile.colour.as_deref().and_then(|colour| colour.strip_prefix('#'));
    let link = colour.map(|hex| format!("\n<link rel=\"stylesheet\" href=\"/look/{hex}.css\">"));
    format!("{before}{}", link.unwrap_or_default())
}

/// `GET /look/{colour}`, open to all: 200 with the style sheet for a colour such as `4a3fb0.css`, to be kept for good.
/// 404 `NOT_FOUND`.
pub fn style_sheet(context: &Context) -> Outcome<Answer> {
    let sheet = context.segment("colour").strip_suffix(".css").and_then(venue::style_sheet).ok_or(Refusal::NotFound)?;
    let mut reply = Reply::empty(200);
    reply.content_type = "text/css; charset=utf-8".into();
    reply.body = sheet.into();
    Ok(Answer::Ready(guarded(reply).with("Cache-Control", FOR_GOOD)))
}

/// `GET /pictures/{picture}`, open to all: 200 with a picture of the venue, to be kept for good; 304 by
/// `If-None-Match`. 404 `NOT_FOUND`.
pub fn picture(context: &Context) -> Outcome<Answer> {
    let file = context.segment("picture");
    let (media_type, content) = venue::must_find_picture(&*context.reader()?, file)?;
    let mut reply = Reply::unless_known(context.request, format!("\"{file}\""), || {
        let mut reply = Reply::empty(200);
        reply.content_type = media_type.into();
        reply.body = content.into();
        reply
    });
    reply.headers.retain(|(name, _)| name != "Cache-Control");
    let reply = guarded(reply).with("Content-Security-Policy", "default-src 'none'").with("Cache-Control", FOR_GOOD);
    Ok(Answer::Ready(reply))
}

/// `GET /c/{concertId}/{date}`, open to all: 200 with a date such as `5.ics` for calendars (RFC 5545), in the reader's
/// language. 404 `NOT_FOUND`.
pub fn calendar(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let schedule_id = context.segment("date").strip_suffix(".ics").and_then(|id| id.parse().ok());
    let date = schedule::find(&*context.reader()?, schedule_id.ok_or(Refusal::NotFound)?)?;
    let date = date.filter(|date| date.concert_id == concert_id).ok_or(Refusal::NotFound)?;
    let concert = must_find_concert(maps, &context.state.readers, concert_id)?;
    let mut reply = Reply::empty(200);
    reply.content_type = "text/calendar; charset=utf-8".into();
    reply.body = event(context, &concert, &date).into_bytes().into();
    Ok(Answer::Ready(guarded(reply).with("Content-Language", context.language().tag()).with("Vary", "Accept-Language")))
}

fn event(context: &Context, concert: &Concert, date: &Schedule) -> String {
    let words = concert.in_language(context.language());
    let origin = origin(context);
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let ends_at = concert.running_minutes.map(|minutes| date.starts_at.plus_seconds(minutes * 60));
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".into(),
        "PRODID:-//boxoffice//boxoffice//EN".into(),
        "BEGIN:VEVENT".into(),
        format!("UID:{}-{}@{host}", concert.concert_id, date.schedule_id),
        format!("SEQUENCE:{}", date.version),
        format!("DTSTAMP:{}", in_calendar(context.now)),
        format!("DTSTART:{}", in_calendar(date.starts_at)),
    ];
    lines.extend(ends_at.map(|at| format!("DTEND:{}", in_calendar(at))));
    lines.push(format!("SUMMARY:{}", calendar_text(&words.title)));
    if !words.venue.is_empty() {
        lines.push(format!("LOCATION:{}", calendar_text(&words.venue)));
    }
    lines.push(format!("URL:{origin}/c/{}", concert.concert_id));
    lines.extend(date.cancelled_at.map(|_| "STATUS:CANCELLED".into()));
    lines.extend(["END:VEVENT".into(), "END:VCALENDAR".into()]);
    lines.iter().map(|line| folded(line)).collect()
}

/// An instant as calendars write it: `20261222T200000Z`.
fn in_calendar(at: Millis) -> String {
    let plain: String = at.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{}Z", plain.split('.').next().unwrap_or_default().trim_end_matches('Z'))
}

fn calendar_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// A line in pieces of at most 75 bytes, none of which ends within a character.
fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 2);
    let mut bytes = 0;
    for c in line.chars() {
        if bytes + c.len_utf8() > CALENDAR_LINE_BYTES {
            out.push_str("\r\n ");
            bytes = 1;
        }
        out.push(c);
        bytes += c.len_utf8();
    }
    out + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_line_is_folded_between_characters_and_loses_none() {
        let line = format!("SUMMARY:{}", "밤".repeat(60));
        let folded = folded(&line);
        assert!(folded.split("\r\n").all(|piece| piece.len() <= CALENDAR_LINE_BYTES), "{folded}");
        assert_eq!(folded.replace("\r\n ", "").trim_end(), line);
        assert_eq!(calendar_text("a,b;c\\d\ne"), "a\\,b\\;c\\\\d\\ne");
        assert_eq!(in_calendar(Millis::from_unix_ms(0)), "19700101T000000Z");
    }
}
