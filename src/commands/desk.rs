//! Where a venue is that a command works on: a file that nobody serves, or a server reached with a staff key.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::wire::{Call, Place, Wire};
use crate::settings::parse_staff_key;
use crate::store::OpenError;

/// The flags that say where a venue is.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// The file of the venue.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    pub database: PathBuf,
    /// In place of the file, the address of a server that has it, such as http://127.0.0.1:8080.
    #[arg(long, value_name = "URL", requires = "staff_key")]
    pub url: Option<String>,
    /// The staff key for that server, or for a new file.
    #[arg(long, env = "BOXOFFICE_STAFF_KEY", value_name = "KEY", hide_env_values = true, value_parser = parse_staff_key)]
    pub staff_key: Option<String>,
}

impl Where {
    /// The server, where an address was given.
    pub fn desk(&self) -> Result<Option<Desk>, OpenError> {
        let Some(url) = &self.url else { return Ok(None) };
        let place = Place::parse(url).map_err(|why| OpenError(format!("--url {why}")))?;
        let authorization = format!("Bearer {}", self.staff_key.as_deref().unwrap_or_default()); // clap asks for it
        Ok(Some(Desk { url: url.clone(), wire: Wire::to(&place), authorization }))
    }
}

/// The staff's way into a server.
pub(super) struct Desk {
    url: String,
    wire: Wire,
    authorization: String,
}

impl Desk {
    pub fn get(&mut self, path: &str) -> Result<Value, OpenError> {
        let authorization = self.authorization.clone();
        self.ask(&Call::get(path, &authorization))
    }

    pub fn post(&mut self, path: &str, body: Value) -> Result<Value, OpenError> {
        let authorization = self.authorization.clone();
        self.ask(&Call::post(path, &authorization, body))
    }

    fn ask(&mut self, call: &Call) -> Result<Value, OpenError> {
        let answer = self.wire.call(call).map_err(|error| {
            OpenError(format!("{}: no answer ({error}); check the address, and whether a server runs there.", self.url))
        })?;
        let body = answer.json();
        if (200..300).contains(&answer.status) {
            return Ok(body);
        }
        let told = |member: &str| body[member].as_str().unwrap_or("").to_owned();
        let place = told("pointer");
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        Err(OpenError(format!(
            "{}: {} {} was refused with {} {}: {place}{}",
            self.url,
            call.method,
            call.path,
            answer.status,
            answer.code(),
            told("detail"),
        )))
    }
}
