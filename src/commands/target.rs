//! Where a venue is that a command works on: a file that nobody serves, or a server reached with a staff key.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::client::{Call, Client};
use super::server_address::ServerAddress;
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
        let address = ServerAddress::parse(url, self.ca.as_deref())?;
        let authorization = format!("Bearer {}", self.staff_key.as_deref().unwrap_or_default()); // clap asks for it
        Ok(Some(ApiClient { url: url.clone(), client: Client::to(&address), authorization }))
    }
}

/// The API of a server, for staff.
pub(super) struct ApiClient {
    url: String,
    client: Client,
    authorization: String,
}

impl ApiClient {
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
