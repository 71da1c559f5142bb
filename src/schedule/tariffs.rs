//! The kinds of price of a date: adult, child, student, companion.

use std::collections::BTreeMap;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

use crate::http::Fields;
use crate::points::Points;
use crate::refusal::Refusal;

/// Tariffs of a date at most.
const TARIFFS_MAX: usize = 20;
/// The lengths of a name and of a note in characters.
const NAME_MAX_CHARS: usize = 40;
const NOTE_MAX_CHARS: usize = 80;

/// A kind of price. A seat without one costs its full price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tariff {
    pub name: String,
    /// What the door looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(flatten)]
    rule: Rule,
}

/// What a seat costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Rule {
    /// The same everywhere.
    Amount(Points),
    /// So much of the full price, half a point rounded up.
    Percent(i64),
    /// By category, or by section where a seat has no category; a tariff is not for the others.
    Amounts(BTreeMap<String, Points>),
}

/// The tariffs of a date in the order of staff, as the file keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tariffs(pub Vec<Tariff>);

impl Tariffs {
    /// Reads the member `tariffs`: at most 20, each with a name of its own and one rule.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn read(fields: &mut Fields) -> Result<Tariffs, Refusal> {
        let mut tariffs: Vec<Tariff> = Vec::new();
        for mut fields in fields.objects("tariffs", 0..=TARIFFS_MAX)? {
            let name = fields.line("name", 1..=NAME_MAX_CHARS)?;
            if tariffs.iter().any(|other| other.name == name) {
                return Err(Refusal::invalid(fields.pointer("name"), "is there twice", "같은 이름이 두 번 있습니다"));
            }
            let note = fields.has("note").then(|| fields.line("note", 1..=NOTE_MAX_CHARS)).transpose()?;
            let rule = Rule::read(&mut fields)?;
            fields.end()?;
            tariffs.push(Tariff { name, note, rule });
        }
        Ok(Tariffs(tariffs))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn find(&self, name: &str) -> Option<&Tariff> {
        self.0.iter().find(|tariff| tariff.name == name)
    }

    /// The categories that they name, each with its JSON pointer.
    pub fn categories(&self) -> impl Iterator<Item = (String, &str)> {
        self.0.iter().enumerate().flat_map(|(at, tariff)| {
            let amounts = if let Rule::Amounts(amounts) = &tariff.rule { Some(amounts) } else { None };
            amounts.into_iter().flat_map(BTreeMap::keys).map(move |name| {
                let name_at = name.replace('~', "~0").replace('/', "~1");
                (format!("/tariffs/{at}/amounts/{name_at}"), name.as_str())
            })
        })
    }
}

impl Rule {
    fn read(fields: &mut Fields) -> Result<Rule, Refusal> {
        let price = 0..=Points::PRICE_MAX.won();
        match ["amount", "percent", "amounts"].map(|name| fields.has(name)) {
            [true, false, false] => fields.integer("amount", price).map(Points::new).map(Rule::Amount),
            [false, true, false] => fields.integer("percent", 0..=100).map(Rule::Percent),
            [false, false, true] => {
                let mut named = fields.object("amounts")?;
                let names = named.names();
                let mut amount = |name: String| Ok((name.clone(), Points::new(named.integer(&name, price.clone())?)));
                names.into_iter().map(&mut amount).collect::<Result<_, Refusal>>().map(Rule::Amounts)
            }
            _ => Err(Refusal::invalid(
                fields.at(),
                "must have one of amount, percent and amounts",
                "amount, percent, amounts 중 하나만 있어야 합니다",
            )),
        }
    }
}

impl Tariff {
    /// What a seat costs that has this full price and category; `None`: the tariff is not for such seats.
    pub fn price(&self, full: Points, category: Option<&str>) -> Option<Points> {
        match &self.rule {
            Rule::Amount(amount) => Some(*amount),
            Rule::Percent(percent) => Some(Points::new((full.won() * percent + 50) / 100)), // far below 64 bits
            Rule::Amounts(amounts) => category.and_then(|category| amounts.get(category)).copied(),
        }
    }
}

impl ToSql for Tariffs {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text =
            serde_json::to_string(self).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl FromSql for Tariffs {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Tariffs> {
        serde_json::from_str(value.as_str()?).map_err(|error| FromSqlError::Other(error.into()))
    }
}
