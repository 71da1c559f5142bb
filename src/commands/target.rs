//! Where a venue is that a command works on: a file that nobody serves, or a server reached with a staff key.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::client::{Call, Client, ServerAddress};
use crate::settings::parse_staff_key;
use crate::store::OpenError;

/// The flags that say where a venue is.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The file of the venue.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    pub database: PathBuf,
    /// In place of the file, the address of a server that has it, such as http://localhost:8080.
    #[arg(long, value_name = "URL", requires = "staff_key")]
    pub url: Option<String>,
    /// Trust the certificate authorities of this file (PEM) too, for a URL that begins with https.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca: Option<PathBuf>,
    /// The staff key for that server, or for a new file.
    #[arg(long, env = "BOXOFFICE_STAFF_KEY", value_name = "KEY", hide_env_values = true, value_parser = parse_staff_key)]
    pub staff_key: Option<String>,
}

impl Target {
    /// The server, where an address was given.
    pub fn server(&self) -> Result<Option<ApiClient>, OpenError> {
        let Some(url) = &self.url else { return Ok(None) };
        let staff_key = self.staff_key.as_deref().unwrap_or_default(); // clap asks for it
        ApiClient::to(url, self.ca.as_deref(), staff_key).map(Some)
    }
}

/// The API of a server, for staff.
pub(super) struct ApiClient {
    url: String,
    client: Client,
    authorization: String,
}

impl ApiClient {
    /// That at a URL.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the URL.
    pub fn to(url: &str, ca: Option<&Path>, staff_key: &str) -> Result<ApiClient, OpenError> {
        let address = ServerAddress::parse(url, ca)?;
        let authorization = format!("Bearer {staff_key}");
        Ok(ApiClient { url: url.to_owned(), client: Client::to(&address), authorization })
    }

    pub fn get(&mut self, path: &str) -> Result<Value, OpenError> {
        let authorization = self.authorization.clone();
        self.ask(&Call::get(path, &authorization))
    }

    pub fn post(&mut self, path: &str, body: Value) -> Result<Value, OpenError> {
        let authorization = self.authorization.clone();
        self.ask(&Call::post(path, &authorization, body))
    }

    pub fn delete(&mut self, path: &str) -> Result<Value, OpenError> {
        let authorization = self.authorization.clone();
        self.ask(&Call::delete(path, &authorization))
    }

    /// The rows of all pages of a list, whose path has a query or none.
    pub fn list(&mut self, path: &str, name: &str) -> Result<Vec<Value>, OpenError> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{path}{cursor}"))?;
            rows.extend(page[name].as_array_mut().map(std::mem::take).unwrap_or_default());
            let Some(next) = page["nextCursor"].as_str() else { return Ok(rows) };
            cursor = format!("{separator}cursor={next}");
        }
    }

    fn ask(&mut self, call: &Call) -> Result<Value, OpenError> {
        let Call { method, path, .. } = call;
        let answer = self.client.call(call).map_err(|error| {
            OpenError(format!(
                "{}: {method} {path}: no answer ({error}); check the address, and whether a server runs there.",
                self.url
            ))
        })?;
        match answer.status {
            200..=299 => Ok(answer.json()),
            _ => Err(OpenError(format!("{}: {method} {path} was refused with {}", self.url, answer.told()))),
        }
    }
}
