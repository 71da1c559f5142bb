//! What a plan shows beside its seats: shapes with their texts (a stage, a bar, a pillar), and where the front is.

use serde_json::Value;

use super::labels::{FAR, LABEL_MAX_CHARS};
use crate::http::Fields;
use crate::refusal::Refusal;

/// Shapes of a plan at most, and corners of all of them.
const SHAPES_MAX: usize = 2_000;
const CORNERS_MAX: usize = 20_000;
/// An ellipse is kept as so many corners.
const ELLIPSE_CORNERS: u32 = 16;
/// The size of a text where a plan gives none, as in pretix.
const TEXT_SIZE: f64 = 16.0;

/// A position on the plan: `x` to the right, `y` down.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

impl Point {
    pub(super) fn read(mut fields: Fields) -> Result<Point, Refusal> {
        let point = Point { x: fields.real("x", -FAR..=FAR)?, y: fields.real("y", -FAR..=FAR)? };
        fields.end()?;
        Ok(point)
    }

    pub(super) fn plus(self, (x, y): (f64, f64)) -> Point {
        Point { x: hundredths(self.x + x), y: hundredths(self.y + y) }
    }
}

/// A plan without its seats.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Drawing {
    /// The middle of the stage, or where staff say that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<Point>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shapes: Vec<Shape>,
}

/// An outline, a text, or both.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Shape {
    /// The corners of the outline; none for a mere text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<(f64, f64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<ShapeText>,
}

/// What is written on a plan.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ShapeText {
    pub text: String,
    /// The middle of the text.
    pub x: f64,
    pub y: f64,
    /// The height of its letters, in the unit of the plan.
    pub size: f64,
}

impl Drawing {
    /// Reads the members `front` and `shapes`, which a layout may have.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub(super) fn read(layout: &mut Fields) -> Result<Drawing, Refusal> {
        let front = layout.has("front").then(|| Point::read(layout.object("front")?)).transpose()?;
        let mut shapes = Vec::new();
        let at = layout.pointer("shapes");
        if layout.has("shapes") {
            for shape in layout.objects("shapes", 0..=SHAPES_MAX)? {
                shapes.push(Shape::read(shape)?);
            }
        }
        must_be_few(&shapes, at)?;
        Ok(Drawing { front, shapes })
    }
}

pub(super) fn must_be_few(shapes: &[Shape], at: String) -> Result<(), Refusal> {
    let corners: usize = shapes.iter().map(|shape| shape.points.len()).sum();
    if shapes.len() <= SHAPES_MAX && corners <= CORNERS_MAX {
        return Ok(());
    }
    Err(Refusal::invalid(
        at,
        format!("has more than {SHAPES_MAX} shapes, or more than {CORNERS_MAX} corners in all of them"),
        format!("도형이 {SHAPES_MAX}개를 넘거나 꼭짓점이 모두 {CORNERS_MAX}개를 넘습니다"),
    ))
}

impl Shape {
    fn read(mut fields: Fields) -> Result<Shape, Refusal> {
        let mut points = Vec::new();
        if fields.has("points") {
            for (at, value) in fields.list("points", 0..=CORNERS_MAX)? {
                let number = |nth: usize| value.get(nth)?.as_f64().filter(|number| (-FAR..=FAR).contains(number));
                let pair = value.as_array().filter(|pair| pair.len() == 2).and_then(|_| number(0).zip(number(1)));
                points.push(pair.ok_or_else(|| {
                    Refusal::invalid(at, "must be a list of two numbers, x and y", "x와 y 두 숫자의 목록이어야 합니다")
                })?);
            }
        }
        let text = fields.has("text").then(|| ShapeText::read(fields.object("text")?)).transpose()?;
        fields.end()?;
        Ok(Shape { points, text })
    }

    /// An area of a pretix plan whose zone stands at `zone_at`. What of it cannot be drawn is left out.
    pub(super) fn of_pretix(area: &Value, zone_at: Point) -> Option<Shape> {
        let number = |value: &Value, name: &str| value.get(name)?.as_f64().filter(|number| number.abs() <= FAR);
        let pair = |value: &Value| Some((number(value, "x")?, number(value, "y")?));
        let at = zone_at.plus(area.get("position").and_then(pair).unwrap_or((0.0, 0.0)));
        let (sine, cosine) = number(area, "rotation").unwrap_or(0.0).to_radians().sin_cos();
        let turned = |(x, y): (f64, f64)| {
            let corner = at.plus((x * cosine - y * sine, x * sine + y * cosine));
            (corner.x, corner.y)
        };
        let ellipse = |rx: f64, ry: f64| -> Vec<(f64, f64)> {
            let angle = |nth| f64::from(nth) * std::f64::consts::TAU / f64::from(ELLIPSE_CORNERS);
            (0..ELLIPSE_CORNERS).map(|nth| turned((rx * angle(nth).cos(), ry * angle(nth).sin()))).collect()
        };
        let rectangle = |size: &Value| {
            let (width, height) = (number(size, "width")?, number(size, "height")?);
            Some([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)].map(turned).to_vec())
        };
        let part = |name: &str| area.get(name).unwrap_or(&Value::Null);
        let points = match area.get("shape").and_then(Value::as_str) {
            Some("text") => None,
            Some("circle") => number(part("circle"), "radius").map(|radius| ellipse(radius, radius)),
            Some("ellipse") => part("ellipse").get("radius").and_then(pair).map(|(rx, ry)| ellipse(rx, ry)),
            Some("polygon") => part("polygon")
                .get("points")
                .and_then(Value::as_array)
                .map(|points| points.iter().take(CORNERS_MAX).filter_map(pair).map(turned).collect()),
            _ => rectangle(part("rectangle")).or_else(|| rectangle(area)),
        };
        let points: Vec<(f64, f64)> = points.filter(|points| points.len() > 2).unwrap_or_default();
        let shape = Shape { text: ShapeText::of_pretix(part("text"), &points, at), points };
        (!shape.points.is_empty() || shape.text.is_some()).then_some(shape)
    }

    /// The middle of the box around it.
    pub(super) fn middle(&self) -> Option<Point> {
        let Some((left, right, top, bottom)) = bounds(self.points.iter().copied()) else {
            return self.text.as_ref().map(|text| Point { x: text.x, y: text.y });
        };
        Some(Point { x: (left + right) / 2.0, y: (top + bottom) / 2.0 })
    }
}

impl ShapeText {
    fn read(mut fields: Fields) -> Result<ShapeText, Refusal> {
        let text = fields.line("text", 1..=LABEL_MAX_CHARS)?;
        let (x, y) = (fields.real("x", -FAR..=FAR)?, fields.real("y", -FAR..=FAR)?);
        let size = fields.has("size").then(|| fields.real("size", 0.0..=FAR)).transpose()?.unwrap_or(TEXT_SIZE);
        fields.end()?;
        Ok(ShapeText { text, x, y, size })
    }

    fn of_pretix(value: &Value, points: &[(f64, f64)], at: Point) -> Option<ShapeText> {
        let words = pretix_text(value);
        let text: String = words.chars().take(LABEL_MAX_CHARS).collect();
        let number = |value: &Value, name: &str| value.get(name)?.as_f64().filter(|number| number.abs() <= FAR);
        let place = value.get("position").and_then(|place| number(place, "x").zip(number(place, "y")));
        let middle = bounds(points.iter().copied())
            .map(|(left, right, top, bottom)| Point { x: (left + right) / 2.0, y: (top + bottom) / 2.0 });
        let Point { x, y } = place.map(|place| at.plus(place)).or(middle).unwrap_or(at);
        let size = number(value, "size").filter(|size| *size > 0.0).unwrap_or(TEXT_SIZE);
        (!text.is_empty()).then_some(ShapeText { text, x, y, size })
    }
}

/// What an area of a pretix plan says, on one line: its text is an object, and was a text in older plans.
pub(super) fn pretix_text(value: &Value) -> String {
    let text = value.as_str().or_else(|| value.get("text")?.as_str()).unwrap_or("");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Left, right, top and bottom of points; `None` when there are none.
pub(super) fn bounds(points: impl Iterator<Item = (f64, f64)>) -> Option<(f64, f64, f64, f64)> {
    points.fold(None, |bounds, (x, y)| {
        let (left, right, top, bottom) = bounds.unwrap_or((x, x, y, y));
        Some((f64::min(left, x), f64::max(right, x), f64::min(top, y), f64::max(bottom, y)))
    })
}

fn hundredths(length: f64) -> f64 {
    (length * 100.0).round() / 100.0
}
