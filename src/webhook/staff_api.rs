//! Webhooks on the wire, for admins.

use ipnet::IpNet;
use rusqlite::Connection;
use rusqlite::types::Type;
use serde_json::{Value, json};
use ureq::http::Uri;

use super::addresses::is_refused_host;
use super::delivery::DeliveryOutcome;
use super::{
    Changed, NewWebhook, OVERLAP_MAX_SECONDS, Secret, SignatureKind, WEBHOOKS_MAX, Webhook, find_waiting, must_find,
};
use crate::call::{Answer, Context, EventType, Prefer, Until, Written, last_sequence, page};
use crate::clock::Millis;
use crate::http::{Fields, Reply};
use crate::refusal::Refusal;
use crate::store::Outcome;

const URL_MAX_CHARS: usize = 2_000;
/// How long an old secret signs too, unless staff say it.
const OVERLAP_SECONDS: u32 = 24 * 3_600;

/// `GET /staff/webhooks`, for admins: 200 with every webhook, how far it has come, and the newest event of the feed.
pub fn webhooks(context: &Context) -> Outcome<Answer> {
    let limit = context.limit(WEBHOOKS_MAX, WEBHOOKS_MAX)?;
    let reader = context.reader()?;
    let after = context.cursor()?.unwrap_or(0);
    let (webhooks, next) = page(limit, |rows| super::list(&reader, after, rows), |webhook| webhook.webhook_id)?;
    let views =
        webhooks.iter().map(|webhook| view(&reader, webhook, context.now)).collect::<rusqlite::Result<Vec<_>>>()?;
    let last = last_sequence(&reader)?;
    Answer::json(200, &json!({ "webhooks": views, "lastSequence": last, "nextCursor": next }))
}

/// `GET /staff/webhooks/{webhookId}`, for admins: 200 with one webhook. 404 `WEBHOOK_NOT_FOUND`.
pub fn webhook(context: &Context) -> Outcome<Answer> {
    let reader = context.reader()?;
    Answer::json(200, &view(&reader, &must_find(&reader, context.number("webhookId")?)?, context.now)?)
}

/// `POST /staff/webhooks`, for admins: has events sent to a `url`, those of the `eventTypes` or all, from the newest or
/// the one after `after` on. `signature` is `v1` (with a `secret` that is given or made) or `v1a`. 201 with `Location`
/// and the secret, shown this once; therefore no `Idempotency-Key`. 409 `WEBHOOK_LIMIT`.
pub fn add(context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let url = read_url(&mut fields, context)?;
    let event_types = if fields.has("eventTypes") { read_types(&mut fields)? } else { ALL_TYPES.to_owned() };
    let signature = if fields.has("signature") { read_signature(&mut fields)? } else { SignatureKind::V1 };
    let secret = fields.has("secret").then(|| read_secret(&mut fields, signature)).transpose()?;
    let after = fields.has("after").then(|| fields.integer("after", 0..=i64::MAX)).transpose()?;
    fields.end()?;
    let new = NewWebhook { url, event_types, signature, secret, after };
    Answer::write(move |tx| {
        let (webhook, secret) = super::add(tx, &new)?;
        let place = format!("/api/v1/staff/webhooks/{}", webhook.webhook_id);
        let body = with_secret(view(tx, &webhook, tx.now())?, secret);
        Ok(Written::Ready(Reply::json(201, &body).with("Location", place)))
    })
}

/// `POST /staff/webhooks/{webhookId}/secret`, for admins: signs with another `secret`, given or made, and for
/// `overlapSeconds` (a day unless said) with the old one too. 200 with the webhook and the new secret, shown this once;
/// therefore no `Idempotency-Key`. 404 `WEBHOOK_NOT_FOUND`.
pub fn rotate(context: &Context) -> Outcome<Answer> {
    let webhook_id = context.number("webhookId")?;
    let (secret, overlap_seconds) = read_rotation(context.fields()?)?;
    Answer::write(move |tx| {
        if secret.is_some() && must_find(tx, webhook_id)?.signature != SignatureKind::V1 {
            return Err(secret_is_wrong("/secret").into());
        }
        let (webhook, secret) = super::rotate(tx, webhook_id, secret.as_ref(), overlap_seconds)?;
        let body = with_secret(view(tx, &webhook, tx.now())?, secret);
        Ok(Written::Ready(Reply::json(200, &body)))
    })
}

/// `PATCH /staff/webhooks/{webhookId}`, for admins: another `url`, other `eventTypes` (null: all), `enabled` or not;
/// true, or another URL, tries at once what failed. 200 with the webhook. 404 `WEBHOOK_NOT_FOUND`.
pub fn change(context: &Context) -> Outcome<Answer> {
    let webhook_id = context.number("webhookId")?;
    let mut fields = context.fields()?;
    let changed = Changed {
        url: fields.has("url").then(|| read_url(&mut fields, context)).transpose()?,
        event_types: fields
            .or_none("eventTypes", read_types)?
            .map(|types| types.unwrap_or_else(|| ALL_TYPES.to_owned())),
        enabled: fields.has("enabled").then(|| fields.truth("enabled")).transpose()?,
    };
    fields.end()?;
    Answer::write(move |tx| {
        let webhook = super::change(tx, webhook_id, &changed)?;
        Ok(Written::Ready(Reply::json(200, &view(tx, &webhook, tx.now())?)))
    })
}

/// `DELETE /staff/webhooks/{webhookId}`, for admins: nothing more is sent there. 204. 404 `WEBHOOK_NOT_FOUND`.
pub fn delete(context: &Context) -> Outcome<Answer> {
    let webhook_id = context.number("webhookId")?;
    Answer::write(move |tx| super::delete(tx, webhook_id).map(|()| Written::Ready(Reply::empty(204))))
}

/// `POST /staff/webhooks/{webhookId}/replay`, for admins: the events after `after` are sent (again), or those up to it
/// are skipped. 200 with the webhook; one effect for an `Idempotency-Key`. 404 `WEBHOOK_NOT_FOUND`.
pub fn replay(context: &Context) -> Outcome<Answer> {
    let webhook_id = context.number("webhookId")?;
    let mut fields = context.fields()?;
    let after = fields.integer("after", 0..=i64::MAX)?;
    fields.end()?;
    Answer::write(move |tx| {
        let webhook = super::replay(tx, webhook_id, after)?;
        Ok(Written::Ready(Reply::json(200, &view(tx, &webhook, tx.now())?)))
    })
}

/// `POST /staff/webhooks/{webhookId}/test`, for admins: sends a test, also to a webhook that is disabled. 200 with the
/// webhook, with `Prefer: wait` once the receiver has answered; one effect for an `Idempotency-Key`. 404
/// `WEBHOOK_NOT_FOUND`.
pub fn test(context: &Context) -> Outcome<Answer> {
    let webhook_id = context.number("webhookId")?;
    let prefer = context.prefer();
    Answer::write(move |tx| {
        let (webhook, test_no) = super::ask_for_test(tx, webhook_id)?;
        let reply = Reply::json(200, &view(tx, &webhook, tx.now())?);
        Ok(prefer.written(move || reply, false, Until::WebhookTested { webhook_id, test_no }))
    })
}

/// The webhook once a test was sent, or the wait for that.
pub fn look_again(context: &Context, webhook_id: i64, test_no: i64, prefer: Prefer) -> Outcome<Answer> {
    let reader = context.reader()?;
    let webhook = must_find(&reader, webhook_id)?;
    let reply = Reply::json(200, &view(&reader, &webhook, context.now)?);
    Ok(prefer.answer(reply, webhook.tests_sent >= test_no, Until::WebhookTested { webhook_id, test_no }))
}

/// All types, in the file.
const ALL_TYPES: &str = "[]";

fn with_secret(mut view: Value, secret: Option<String>) -> Value {
    view["secret"] = secret.into();
    view
}

/// A webhook as staff see it, without its secret.
fn view(connection: &Connection, webhook: &Webhook, now: Millis) -> rusqlite::Result<Value> {
    let waiting = find_waiting(connection, webhook)?;
    let types: Value = serde_json::from_str(&webhook.event_types)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))?;
    let attempt = |at: Option<Millis>, outcome: Option<DeliveryOutcome>, status: Option<u16>| {
        at.map(|at| json!({ "at": at, "outcome": outcome, "status": status }))
    };
    Ok(json!({
        "webhookId": webhook.webhook_id,
        "url": webhook.url,
        "eventTypes": types.as_array().filter(|types| !types.is_empty()),
        "signature": webhook.signature,
        "publicKey": (webhook.signature == SignatureKind::V1a).then(|| webhook.secret.public_key()),
        "oldSecretUntil": webhook.old_secret_until(now),
        "createdAt": webhook.created_at,
        "enabled": webhook.disabled_at.is_none(),
        "disabledAt": webhook.disabled_at,
        "disabledReason": webhook.disabled_reason,
        "deliveredSequence": webhook.delivered_sequence,
        "waitingEvents": waiting.events,
        "waitingSince": waiting.since,
        "failedAttempts": webhook.failed_attempts,
        "nextAttemptAt": webhook.next_attempt_at,
        "lastAttempt": attempt(webhook.last_at, webhook.last_outcome, webhook.last_status),
        "lastTest": attempt(webhook.test_at, webhook.test_outcome, webhook.test_status),
        "testIsUnderWay": webhook.awaits_test(),
    }))
}

fn read_url(fields: &mut Fields, context: &Context) -> Result<String, Refusal> {
    let url = fields.line("url", 1..=URL_MAX_CHARS)?;
    check_url(&url, fields.pointer("url"), &context.state.settings.webhooks.webhook_networks).map(|()| url)
}

fn check_url(url: &str, pointer: String, networks: &[IpNet]) -> Result<(), Refusal> {
    let uri: Option<Uri> = url.parse().ok();
    let authority = uri.as_ref().and_then(Uri::authority);
    let is_sound = authority.is_some_and(|authority| {
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or("@");
        let has_port =
            port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse().is_ok_and(|port: u16| port > 0));
        has_port && !authority.host().is_empty()
    });
    let scheme = uri.as_ref().and_then(Uri::scheme_str).unwrap_or_default();
    if !is_sound || !matches!(scheme, "http" | "https") || url.contains('#') {
        return Err(Refusal::invalid(
            pointer,
            "must be a URL such as https://shop.example/hooks, in ASCII, without a name, a password or a fragment",
            "https://shop.example/hooks와 같은 URL이어야 합니다. ASCII로 쓰고 사용자 이름, 암호, 조각(#)은 넣지 마세요",
        ));
    }
    if authority.is_some_and(|authority| is_refused_host(authority.host(), networks)) {
        return Err(Refusal::invalid(
            pointer,
            "must not lead to this machine or into a private network, unless --webhook-networks allows that",
            "--webhook-networks로 허용하지 않은 이 기기나 사설망의 주소는 쓸 수 없습니다",
        ));
    }
    Ok(())
}

fn read_types(fields: &mut Fields) -> Result<String, Refusal> {
    let mut types: Vec<Value> = Vec::new();
    for (at, value) in fields.list("eventTypes", 1..=EventType::ALL.len())? {
        let is_known = value.as_str().and_then(EventType::of).is_some();
        if !is_known || types.contains(&value) {
            return Err(Refusal::invalid(
                at,
                "must be a type of the events feed that is not in the list before",
                "앞에 나오지 않은 이벤트 종류여야 합니다",
            ));
        }
        types.push(value);
    }
    Ok(Value::from(types).to_string())
}

fn read_signature(fields: &mut Fields) -> Result<SignatureKind, Refusal> {
    SignatureKind::of(&fields.text("signature")?).ok_or_else(|| {
        Refusal::invalid(fields.pointer("signature"), "must be one of v1, v1a", "다음 중 하나여야 합니다: v1, v1a")
    })
}

fn read_secret(fields: &mut Fields, signature: SignatureKind) -> Result<Secret, Refusal> {
    let secret = Secret::parse(&fields.text("secret")?).filter(|_| signature == SignatureKind::V1);
    secret.ok_or_else(|| secret_is_wrong(fields.pointer("secret")))
}

/// The new secret, where one is given, and how many seconds the old one signs too.
fn read_rotation(mut fields: Fields) -> Result<(Option<Secret>, u32), Refusal> {
    let secret = fields.has("secret").then(|| read_secret(&mut fields, SignatureKind::V1)).transpose()?;
    let overlap_seconds = match fields.has("overlapSeconds") {
        true => fields.integer("overlapSeconds", 0..=OVERLAP_MAX_SECONDS.into())? as u32,
        false => OVERLAP_SECONDS,
    };
    fields.end()?;
    Ok((secret, overlap_seconds))
}

fn secret_is_wrong(pointer: impl Into<String>) -> Refusal {
    Refusal::invalid(
        pointer,
        "must be whsec_ with 24 to 64 bytes in base64, and is for v1 alone",
        "whsec_ 뒤에 24~64바이트를 base64로 쓴 것이어야 하며 v1에만 쓸 수 있습니다",
    )
}
