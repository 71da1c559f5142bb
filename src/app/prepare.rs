//! What is checked and made before a file is opened: the settings, and where there is none, the file.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::servers::{certificates_of, must_have_addresses, must_have_threads};
use crate::certificates::Certificates;
use crate::client;
use crate::clock::Millis;
use crate::course::Course;
use crate::ids::{self, KeyHash, new_key};
use crate::routes::open_course;
use crate::seed::{Seed, Seeded};
use crate::settings::Settings;
use crate::signing::SigningSecret;
use crate::store::{self, OpenError};

/// What was made at a start.
pub(super) struct Made {
    pub new_staff_key: Option<String>,
    pub seeded: Option<Seeded>,
    pub certificates: Option<Arc<Certificates>>,
    pub course: Option<Arc<Course>>,
}

/// Checks what a start is told, and makes the file, with its seed, if there is none.
pub(super) fn make(
    settings: &mut Settings,
    database: &Path,
    listen: SocketAddr,
    making: impl FnOnce(Option<&str>) -> Result<(), OpenError>,
) -> Result<Made, OpenError> {
    settings.read_staff_key().map_err(OpenError)?;
    store::log_slow_statements(settings.log.slow_statement_ms);
    let course = settings.course.as_deref().map(open_course).transpose()?;
    let began = settings.first_moment();
    let seed = match (settings.seed.clone(), settings.has_demo_hall) {
        (Some(path), _) => Some(Seed::open(&path, began, &mut settings.sale)?),
        (None, true) => Some(Seed::demo(began, &mut settings.sale)?),
        (None, false) => None,
    };
    settings.check(listen).map_err(OpenError)?;
    must_have_threads(settings, listen)?;
    let certificates = certificates_of(settings, database)?;
    if let Some(ca) = &settings.webhooks.webhook_ca {
        client::trusted("--webhook-ca", Some(ca))?; // before a file is made
    }
    if let Some(number) = settings.test_random {
        ids::repeat_random(number);
    }
    if database.exists() {
        if settings.seed.is_some() {
            log::warn!("--seed adds nothing, the file is there already: {}", database.display());
        }
        // Nobody knows a key of a copy that is thrown away.
        let new_staff_key = (settings.is_ephemeral && settings.staff_key.is_none()).then(new_key);
        settings.staff_key = settings.staff_key.take().or_else(|| new_staff_key.clone());
        return Ok(Made { new_staff_key, seeded: None, certificates, course });
    }
    must_have_addresses(settings, listen)?;
    let mut seeded = None;
    let fill = |connection: &Connection, secret: &SigningSecret| {
        let write = |seed: &Seed| seed.write(connection, began, secret, &settings.queue, &settings.sale);
        seeded = seed.as_ref().map(write).transpose()?;
        Ok(())
    };
    let new_staff_key = make_file(settings.staff_key.as_deref(), began, database, fill, making)?;
    Ok(Made { new_staff_key, seeded, certificates, course })
}

/// Makes the file if there is none; gives back its admin's staff key if one had to be made. Before the file has its
/// name, `fill` fills it, and then `making` is called with the key.
pub(crate) fn make_file(
    staff_key: Option<&str>,
    created_at: Millis,
    database: &Path,
    fill: impl FnOnce(&Connection, &SigningSecret) -> Result<(), OpenError>,
    making: impl FnOnce(Option<&str>) -> Result<(), OpenError>,
) -> Result<Option<String>, OpenError> {
    if database.exists() {
        return Ok(None);
    }
    let made = staff_key.is_none().then(new_key);
    let key = staff_key.or(made.as_deref()).unwrap_or_default(); // one of the two is there
    store::create_with(database, created_at, &KeyHash::of(key), fill, || making(made.as_deref()))?;
    Ok(made)
}
