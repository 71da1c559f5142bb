//! `boxoffice door`: a laptop without network checks tickets against a list
//! that it brought along, and tells its scans later.

mod journal;
mod send;

use std::borrow::Cow;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;

use journal::{Journal, Scan};

use crate::clock::{Clock, Millis};
use crate::commands::output;
use crate::platform;
use crate::spreadsheet::decode;
use crate::store::OpenError;
use crate::ticket::door_list::{DoorList, Verdict};
use crate::ticket::{DoorListEntry, REPEATED_WITHIN_MS, readings};

/// A list of a hundred thousand tickets has ten megabytes.
const LIST_MAX_BYTES: u64 = 64 << 20;
/// A scanned line is far shorter.
const LINE_MAX_BYTES: usize = 4_096;
/// The exit code when somebody was refused, or a ticket was seen at two doors.
const SOMETHING_REFUSED: u8 = 3;

/// What `door` takes.
#[derive(Debug, Args)]
#[command(after_help = EXITS)]
pub(super) struct DoorCheck {
    /// The list, from GET /api/v1/staff/schedules/ID/door-list.
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// The name of this door, 1 to 80 characters; scans are told with it.
    #[arg(long, value_name = "NAME", default_value = "offline door", value_parser = super::parse_name)]
    door: String,
    /// The fingerprint that the venue gave you (GET /api/v1/tickets/key): a list of anybody else is refused.
    #[arg(long, value_name = "TEXT")]
    fingerprint: Option<String>,
    /// Where the scans are kept [default: the list's name with .scans behind it].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Tell the server the scans, which may be done again and again; then end.
    #[arg(long, requires = "url")]
    send: bool,
    /// The server, such as http://localhost:8080.
    #[arg(long, value_name = "URL", requires = "send")]
    url: Option<String>,
    /// Trust the certificate authorities of this file (PEM) too, for a URL that begins with https.
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// The staff key to send with.
    #[arg(long, env = "BOXOFFICE_STAFF_KEY", value_name = "KEY", hide_env_values = true)]
    staff_key: Option<String>,
}

const EXITS: &str = "\
Each line of standard input is a scanned code or a typed number, whatever the case and the keyboard layout; the answer
is one line, with a bell for a no. The same ticket again within 5 seconds is a scanner that read twice: the answer is
given again.
Exit code: 0 all were let in (or all scans sent without a conflict); 3 somebody was refused (or a ticket was seen
at two doors); 1 something is wrong, such as a list that was changed; 2 a wrong command line.";

impl DoorCheck {
    pub(super) fn run(self) -> Result<ExitCode, OpenError> {
        let list = self.read_list()?;
        let journal = Journal::open(&self.journal_path(), &list)?;
        let sound = if self.send { self.send(&list, &journal)? } else { self.check(&list, journal)? };
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(SOMETHING_REFUSED) })
    }

    fn read_list(&self) -> Result<DoorList, OpenError> {
        let failed = |why: String| OpenError(format!("{}: {why}", self.list.display()));
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&self.list).map_err(|error| failed(format!("{error}; check --list.")))?;
        file.take(LIST_MAX_BYTES).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
        let list = DoorList::read(&bytes).map_err(|why| failed(format!("this {why}; download it again.")))?;
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        match &self.fingerprint {
            Some(given) if plain(given) != plain(&list.public.fingerprint()) => Err(failed(format!(
                "this list is signed with the key {}, not with {given}: it is not of your venue, or the fingerprint is \
                 mistyped; compare it with GET /api/v1/tickets/key.",
                list.public.fingerprint()
            ))),
            _ => Ok(list),
        }
    }

    fn journal_path(&self) -> PathBuf {
        self.journal.clone().unwrap_or_else(|| {
            let mut path = self.list.clone().into_os_string();
            path.push(".scans");
            path.into()
        })
    }

    fn send(&self, list: &DoorList, journal: &Journal) -> Result<bool, OpenError> {
        let key = self.staff_key.as_deref();
        let key = key.ok_or_else(|| OpenError("--send needs a staff key: set BOXOFFICE_STAFF_KEY.".into()))?;
        send::send(self.url.as_deref().unwrap_or_default(), self.ca.as_deref(), key, list, journal) // clap wants a URL
    }

    /// Answers line by line; says whether everybody was let in.
    fn check(&self, list: &DoorList, mut journal: Journal) -> Result<bool, OpenError> {
        let zone = TimeZone::get(&list.about.time_zone).unwrap_or(TimeZone::UTC);
        output::warn(format_args!(
            "{} · {} · {} tickets · list of {}\nkey {}{}",
            list.about.concert_title,
            list.about.starts_at.local_in(&zone),
            list.expected(),
            list.about.made_at.local_in(&zone),
            list.public.fingerprint(),
            if self.fingerprint.is_some() { "" } else { " (compare it with the venue's: GET /api/v1/tickets/key)" },
        ));
        let closed = |error: io::Error| OpenError(format!("standard output is closed: {error}"));
        let (mut input, mut out, mut sound) = (io::stdin().lock(), io::stdout().lock(), true);
        let colour = out.is_terminal();
        platform::prepare_console();
        while let Some(line) = next_line(&mut input)? {
            let shown = line.trim();
            if shown.is_empty() {
                continue;
            }
            let answer = self.answer(list, &mut journal, shown, &zone)?;
            sound &= answer.lets_in;
            answer.write(&mut out, colour).map_err(closed)?;
        }
        output::warn(format_args!("{} let in here; send the scans with --send.", journal.scans().len()));
        Ok(sound)
    }

    /// The answer to what was shown. Somebody is let in only once the journal is on disk.
    fn answer(
        &self,
        list: &DoorList,
        journal: &mut Journal,
        shown: &str,
        zone: &TimeZone,
    ) -> Result<Announcement, OpenError> {
        let no = |words: &str, rest: String| Ok(Announcement { lets_in: false, words: words.to_owned(), rest });
        let at_door = |at: Millis, door: Option<&str>| {
            let at = at.local_in(zone);
            door.map_or_else(|| at.clone(), |door| format!("{at} · {door}"))
        };
        match list.judge(shown) {
            Verdict::Good(ticket) => match journal.find(&ticket.number) {
                Some(scan) if self.is_repeated(scan) => Ok(Announcement {
                    lets_in: true,
                    words: "입장 (다시 읽음) · IN (READ AGAIN)".into(),
                    rest: seat(ticket),
                }),
                Some(scan) => no(ALREADY_IN, format!("{} · {}", seat(ticket), at_door(scan.at, Some(&scan.door)))),
                None => {
                    journal.add(&ticket.number, &self.door, Clock::wall_now())?;
                    Ok(Announcement { lets_in: true, words: "입장 · IN".into(), rest: seat(ticket) })
                }
            },
            Verdict::AlreadyIn(ticket) => {
                let entered = ticket.entered.as_ref().map(|(at, door)| at_door(*at, door.as_deref()));
                no(ALREADY_IN, format!("{} · {}", seat(ticket), entered.unwrap_or_default()))
            }
            Verdict::Void(ticket) => no("환불·취소된 티켓 · REFUNDED OR CANCELLED", seat(ticket)),
            Verdict::OtherDate => no("다른 날짜의 티켓 · OTHER DATE", String::new()),
            Verdict::Newer => no("명단 이후의 티켓, 매표소로 · SOLD AFTER THE LIST, ASK THE BOX OFFICE", String::new()),
            Verdict::Unknown => {
                no("없는 번호 · NO SUCH TICKET", readings(shown).into_iter().next().unwrap_or_default())
            }
            Verdict::BadSignature => no("위조되었거나 손상됨 · FORGED OR DAMAGED", String::new()),
            Verdict::NotATicket => no("티켓이 아님, 다시 찍어 주세요 · NOT A TICKET, SCAN AGAIN", String::new()),
        }
    }
}

impl DoorCheck {
    /// Whether a scan is one that was made at this door a moment ago.
    fn is_repeated(&self, before: &Scan) -> bool {
        before.door == self.door && (0..REPEATED_WITHIN_MS).contains(&Clock::wall_now().ms_since(before.at))
    }
}

const ALREADY_IN: &str = "이미 입장함 · ALREADY IN";

/// The seat, and its tariff with what is to be looked at.
fn seat(ticket: &DoorListEntry) -> String {
    let place =
        ticket.section.as_ref().map_or_else(|| ticket.seat.clone(), |section| format!("{section} {}", ticket.seat));
    let tariff = ticket.tariff.iter().flat_map(|tariff| [Some(&*tariff.name), tariff.note.as_deref()]).flatten();
    std::iter::once(&*place).chain(tariff).collect::<Vec<_>>().join(" · ")
}

/// What was typed up to the next Enter or Tab, with which scanners end a code; at most so long. What is not UTF-8 is
/// read as CP949, in which a Korean console may give Hangul.
fn next_line(input: &mut impl BufRead) -> Result<Option<String>, OpenError> {
    let failed = |error| OpenError(format!("standard input can't be read: {error}"));
    let mut line = Vec::new();
    loop {
        let bytes = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            outcome => outcome.map_err(failed)?,
        };
        if bytes.is_empty() {
            return Ok((!line.is_empty()).then(|| decoded(line)));
        }
        let room = &bytes[..bytes.len().min(LINE_MAX_BYTES - line.len())];
        let end = room.iter().position(|byte| matches!(byte, b'\n' | b'\r' | b'\t'));
        line.extend_from_slice(&room[..end.unwrap_or(room.len())]);
        let used = end.map_or(room.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() || line.len() == LINE_MAX_BYTES {
            return Ok(Some(decoded(line)));
        }
    }
}

fn decoded(line: Vec<u8>) -> String {
    let read = decode(&line).map(Cow::into_owned);
    read.unwrap_or_else(|_| String::from_utf8_lossy(&line).into_owned())
}

/// What is said at the door.
struct Announcement {
    lets_in: bool,
    words: String,
    rest: String,
}

impl Announcement {
    /// One line: in colour over its whole width on a terminal, with a bell for a no.
    fn write(&self, out: &mut impl Write, colour: bool) -> io::Result<()> {
        let (mark, paint) = if self.lets_in { ("OK", "\x1b[1;30;42m") } else { ("NO", "\x1b[1;37;41m") };
        let text = format!("[{mark}] {}   {}", self.words, self.rest);
        let bell = if self.lets_in { "" } else { "\x07" };
        match colour {
            true => writeln!(out, "\n{paint}\x1b[K\n  {}\x1b[K\n\x1b[K\x1b[0m{bell}", text.trim_end())?,
            false => writeln!(out, "{}{bell}", text.trim_end())?,
        }
        out.flush()
    }
}
