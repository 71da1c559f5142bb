//! Figures: their medians and spread, and their limits.

use serde_json::{Value, json};

/// Median, least and most of the rounds.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(values: &[f64]) -> Spread {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        Spread { median: at(values.len() / 2), least: at(0), most: at(values.len().saturating_sub(1)) }
    }

    pub fn json(self) -> Value {
        json!({ "median": self.median, "least": self.least, "most": self.most })
    }
}

/// What a figure must be.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Limit {
    fn allows(self, value: f64) -> bool {
        match self {
            Limit::AtLeast(limit) => value >= limit,
            Limit::AtMost(limit) => value <= limit,
        }
    }

    fn words(self) -> String {
        match self {
            Limit::AtLeast(limit) => format!("at least {limit}"),
            Limit::AtMost(limit) => format!("at most {limit}"),
        }
    }
}

/// One figure, with its limit if it has one.
pub struct Figure {
    pub name: String,
    pub values: Vec<f64>,
    pub limit: Option<Limit>,
}

impl Figure {
    /// Whether the median is within the limit.
    pub fn is_met(&self) -> bool {
        self.limit.is_none_or(|limit| limit.allows(Spread::of(&self.values).median))
    }

    /// A row of a Markdown table.
    fn row(&self) -> String {
        let Spread { median, least, most } = Spread::of(&self.values);
        let [median, least, most] = [median, least, most].map(short);
        let spread = if self.values.len() > 1 { format!(" ({least} to {most})") } else { String::new() };
        let verdict = match self.limit {
            None => "",
            Some(_) if self.is_met() => "met",
            Some(_) => "**not met**",
        };
        let limit = self.limit.map_or(String::new(), Limit::words);
        format!("| {} | {median}{spread} | {limit} | {verdict} |", self.name)
    }

    pub fn json(&self) -> Value {
        let limit = self.limit.map(|limit| match limit {
            Limit::AtLeast(value) => json!({ "atLeast": value }),
            Limit::AtMost(value) => json!({ "atMost": value }),
        });
        json!({ "name": self.name, "figure": Spread::of(&self.values).json(), "limit": limit, "met": self.is_met() })
    }
}

/// Figures as they come: a Markdown table on standard output.
pub struct Figures(Vec<Figure>);

impl Figures {
    pub fn open(title: &str) -> Figures {
        println!("\n| {title} | median (least to most) | target | |\n| --- | --- | --- | --- |");
        Figures(Vec::new())
    }

    pub fn add(&mut self, name: impl Into<String>, values: Vec<f64>, limit: impl Into<Option<Limit>>) {
        self.push(Figure { name: name.into(), values, limit: limit.into() });
    }

    pub fn push(&mut self, figure: Figure) {
        println!("{}", figure.row());
        self.0.push(figure);
    }

    pub fn are_met(&self) -> bool {
        self.0.iter().all(Figure::is_met)
    }

    pub fn json(&self) -> Value {
        self.0.iter().map(Figure::json).collect()
    }
}

/// A number in as many digits as it is worth.
pub fn short(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "–".into(),
        size if size.fract() == 0.0 => thousands(value),
        size if size < 0.1 => format!("{value:.4}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => thousands(value),
    }
}

/// A whole number with commas.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}
