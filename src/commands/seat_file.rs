//! The seats of a hall from a file: a table of a spreadsheet, or a seating plan with its prices.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::http::parse_json;
use crate::platform::read_at_most;
use crate::refusal::Refusal;
use crate::seat::{self, Layout, spreadsheet_table};
use crate::spreadsheet::decode;
use crate::store::OpenError;

/// A file of seats is at most so large.
const FILE_MAX_BYTES: u64 = 64 << 20;

/// The flags that say where the seats are and what they cost.
#[derive(Debug, Args)]
pub(super) struct SeatFile {
    /// The seats: a table (CSV) with a header such as label,section,row,number,category,price,x,y, or a seating plan of
    /// pretix (JSON).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The prices of a seating plan: pairs such as Stalls=90000,Balcony=60000, or a JSON file {"Stalls":90000,…}.
    #[arg(long, value_name = "PAIRS")]
    prices: Vec<String>,
    /// The areas of a seating plan whose places are sold by number: pairs such as Standing=500, or a JSON file.
    #[arg(long, value_name = "PAIRS")]
    areas: Vec<String>,
}

impl SeatFile {
    /// The seats.
    ///
    /// # Errors
    /// A sentence that names the place of what is wrong.
    pub fn read(&self) -> Result<Layout, OpenError> {
        let bytes = read_bytes(&self.file)?;
        let say = |why: String| OpenError(format!("{}: {why}", self.file.display()));
        let is_json = decode(&bytes).is_ok_and(|text| text.trim_start().starts_with('{'));
        if is_json {
            return seat::read_layout(self.layout(&bytes)?, String::new()).map_err(|refusal| say(told(&refusal)));
        }
        if !self.prices.is_empty() || !self.areas.is_empty() {
            return Err(
                say("a table has its prices in it; --prices and --areas are for a seating plan (JSON).".into()),
            );
        }
        let seats = spreadsheet_table::read(&bytes).map_err(|why| say(why.en))?;
        Ok(Layout { seats, ..Layout::default() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// What is wrong with the seats, as the API says it.
    pub fn refused(&self, refusal: &Refusal) -> OpenError {
        OpenError(format!("{}: {}", self.file.display(), told(refusal)))
    }

    /// The file as a layout of the API: a plan is given its prices; what is a layout already stays as it is.
    fn layout(&self, bytes: &[u8]) -> Result<Value, OpenError> {
        let value = json_of(&self.file, bytes)?;
        let is_plan = ["zones", "layout", "results"].iter().any(|name| value.get(name).is_some());
        if !is_plan && self.prices.is_empty() && self.areas.is_empty() {
            return Ok(value);
        }
        let mut layout = json!({ "pretixPlan": value, "prices": amounts("--prices", &self.prices)? });
        if !self.areas.is_empty() {
            layout["areas"] = amounts("--areas", &self.areas)?;
        }
        Ok(layout)
    }
}

/// What is wrong with a layout, and where: in the zones of a plan in words, else by its JSON pointer or by the flag.
fn told(refusal: &Refusal) -> String {
    let Refusal::InvalidRequest { pointer, reason } = refusal else { return refusal.code().word().to_owned() };
    let in_flag = |flag: &str| pointer.strip_prefix(&format!("/{flag}/")).map(|name| format!("--{flag} {name}"));
    let place = in_flag("prices").or_else(|| in_flag("areas"));
    let in_plan = pointer.strip_prefix("/pretixPlan").unwrap_or(pointer);
    let place = place.unwrap_or_else(|| if in_plan.starts_with("/zones/") { "" } else { in_plan }.to_owned());
    format!("{place} {}", reason.en).trim_start().to_owned()
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, OpenError> {
    let read = read_at_most(path, FILE_MAX_BYTES);
    read.map_err(|error| OpenError(format!("{}: {error}; check the path.", path.display())))
}

fn json_of(path: &Path, bytes: &[u8]) -> Result<Value, OpenError> {
    let say = |why: String| OpenError(format!("{}: {why}", path.display()));
    let text = decode(bytes).map_err(|line| say(format!("line {line} is not UTF-8")))?;
    parse_json(text.as_bytes()).map_err(|wrong| say(format!("is not valid JSON: {}", wrong.en)))
}

/// Names with whole numbers, from pairs on the command line and from files.
fn amounts(flag: &str, given: &[String]) -> Result<Value, OpenError> {
    let mut amounts = Map::new();
    for text in given {
        let pairs: Vec<(String, Value)> = match Path::new(text).is_file() {
            true => match json_of(Path::new(text), &read_bytes(Path::new(text))?)? {
                Value::Object(members) => members.into_iter().collect(),
                _ => {
                    return Err(OpenError(format!(
                        "{flag} {text}: must be a JSON object such as {{\"Stalls\":90000}}."
                    )));
                }
            },
            false => text.split(',').map(|pair| parse_pair(flag, pair)).collect::<Result<_, _>>()?,
        };
        for (name, amount) in pairs {
            if amounts.insert(name.clone(), amount).is_some() {
                return Err(OpenError(format!("{flag}: {name} is there twice; give it once.")));
            }
        }
    }
    Ok(amounts.into())
}

fn parse_pair(flag: &str, pair: &str) -> Result<(String, Value), OpenError> {
    let parsed =
        pair.rsplit_once('=').and_then(|(name, amount)| Some((name.trim(), amount.trim().parse::<i64>().ok()?)));
    let (name, amount) = parsed.ok_or_else(|| {
        OpenError(format!("{flag} {pair}: give NAME=NUMBER, such as Stalls=90000, or the path of a JSON file."))
    })?;
    Ok((name.to_owned(), amount.into()))
}
