//! Where the front of a planned hall is: at an area whose text says stage, else at a large area that seats stand
//! around, else where the curve of the rows faces, else on the side from which the rows are counted, else before the
//! row that the layout lists first.

use super::drawing::{Drawing, Point, Shape, bounds};

/// What is written on a stage in the languages of halls, best first; of equals the largest area is the stage.
const STAGE: [&str; 3] = [
    "stage mainstage bühne buehne hauptbühne scène scene escenario palcoscenico 무대 메인무대 본무대 스테이지 舞台 主舞台 ステージ \
     メインステージ сцена scena scen scenen jeviště színpad sahne näyttämö toneel escenari panggung เวที المسرح במה podium \
     pódium podio",
    "palco", // a stage in Portuguese, a box in Italian and Spanish
    "screen leinwand 스크린 스크린석 スクリーン 银幕 altar 제대 강단 altarraum",
];
/// Areas that are near a stage or named after it.
const NOT_A_STAGE: &str =
    "backstage hinter behind entrance eingang exit ausgang door stairs treppe 출입 입구 출구 뒤 계단 口";
/// A row is curved whose middle stands off the line between its ends by so much of that line.
const CURVED: f64 = 0.04;
/// A hall whose widest gap around the front is narrower is all around it, in radians.
pub(super) const AROUND: f64 = 2.1;
/// A court is at least such a part of the rectangle around all seats.
const COURT: f64 = 0.05;
/// The stage stands so many steps between rows before the first.
const STEPS_BEFORE: f64 = 1.5;

/// The places of the seats of one row, in layout order.
#[derive(Debug)]
pub(super) struct PlacedRow {
    pub section: usize,
    /// Which it is of its section, where its name counts.
    pub number: Option<RowNumber>,
    pub at: Vec<(f64, f64)>,
}

/// What the name of a row counts: only rows that count in the same way can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowNumber {
    /// `12`, `12열`, `Row 12`.
    Digits(u32),
    /// `A`, and `가` in the order of Korean letters.
    Letter(u32),
}

impl RowNumber {
    fn of(name: &str) -> Option<RowNumber> {
        let digits: String =
            name.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        if let Ok(number) = digits.parse() {
            return Some(RowNumber::Digits(number));
        }
        let mut letters = name.strip_suffix('열').unwrap_or(name).trim().chars();
        match (letters.next(), letters.next()) {
            (Some(letter @ ('a'..='z' | 'A'..='Z' | '가'..='하')), None) => {
                Some(RowNumber::Letter(u32::from(letter.to_ascii_uppercase())))
            }
            _ => None,
        }
    }
}

impl PlacedRow {
    pub fn middle(&self) -> (f64, f64) {
        let count = self.at.len() as f64;
        let (x, y) = self.at.iter().fold((0.0, 0.0), |(x, y), place| (x + place.0, y + place.1));
        (x / count, y / count)
    }

    /// The two seats that are its ends: those furthest apart along it.
    fn ends(&self) -> ((f64, f64), (f64, f64)) {
        let furthest = |from: (f64, f64)| {
            self.at
                .iter()
                .copied()
                .fold(from, |far, place| if distance(from, place) > distance(from, far) { place } else { far })
        };
        let one = furthest(self.at[0]);
        (one, furthest(one))
    }

    /// From one end to the other.
    pub fn along(&self) -> (f64, f64) {
        let (one, other) = self.ends();
        (other.0 - one.0, other.1 - one.1)
    }

    /// How far its middle stands off the line between its ends, as a part of that line, and to which side: towards what
    /// a curved row faces.
    pub fn curve(&self) -> Option<(f64, (f64, f64))> {
        let (one, other) = self.ends();
        let length = distance(one, other);
        if self.at.len() < 4 || length == 0.0 {
            return None;
        }
        let normal = ((one.1 - other.1) / length, (other.0 - one.0) / length);
        let off = |place: (f64, f64)| (place.0 - one.0) * normal.0 + (place.1 - one.1) * normal.1;
        // The seats of an arc stand on the mean two thirds of its height off the line.
        let mean = self.at.iter().map(|place| off(*place)).sum::<f64>() / self.at.len() as f64;
        let facing = if mean > 0.0 { (-normal.0, -normal.1) } else { normal };
        Some((1.5 * mean.abs() / length, facing))
    }

    pub fn is_curved(&self) -> bool {
        self.curve().is_some_and(|(curve, _)| curve > CURVED)
    }
}

pub(super) fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

/// The widest angle at a point in which there is no place, and where it ends.
pub(super) fn widest_gap(places: impl Iterator<Item = (f64, f64)>, front: (f64, f64)) -> (f64, f64) {
    let mut angles: Vec<f64> = places.map(|place| angle(front, place)).collect();
    angles.sort_unstable_by(f64::total_cmp);
    let Some((first, last)) = angles.first().copied().zip(angles.last()) else { return (0.0, 0.0) };
    let back = (first + std::f64::consts::TAU - last, first);
    let between = angles.windows(2).map(|pair| (pair[1] - pair[0], pair[1]));
    between.fold(back, |widest, gap| if gap.0 > widest.0 { gap } else { widest })
}

pub(super) fn angle(front: (f64, f64), place: (f64, f64)) -> f64 {
    (place.1 - front.1).atan2(place.0 - front.0)
}

/// The rows whose every seat has a place; seats come with section and row, in layout order.
fn placed_rows<'s>(
    seats: impl Iterator<Item = (Option<&'s str>, Option<&'s str>, Option<(f64, f64)>)>,
) -> Vec<PlacedRow> {
    let (mut sections, mut known) = (std::collections::HashMap::new(), std::collections::HashMap::new());
    let mut rows: Vec<Option<PlacedRow>> = Vec::new();
    for (section, row, at) in seats {
        let next = sections.len();
        let section = *sections.entry(section).or_insert(next);
        let row = *known.entry((section, row)).or_insert_with(|| {
            rows.push(Some(PlacedRow { section, number: row.and_then(RowNumber::of), at: Vec::new() }));
            rows.len() - 1
        });
        match (at, &mut rows[row]) {
            (Some(at), Some(placed)) => placed.at.push(at),
            (_, row) => *row = None,
        }
    }
    rows.into_iter().flatten().collect()
}

/// A drawing with its front: the one that was said, or what the plan tells; none where no row has a place.
pub(super) fn settled<'s>(
    drawing: Drawing,
    seats: impl Iterator<Item = (Option<&'s str>, Option<&'s str>, Option<(f64, f64)>)>,
) -> Drawing {
    let front = drawing.front.or_else(|| find(&placed_rows(seats), &drawing.shapes));
    Drawing { front, ..drawing }
}

fn find(rows: &[PlacedRow], shapes: &[Shape]) -> Option<Point> {
    bounds(places(rows))?;
    let drawn = stage(shapes).or_else(|| surrounded(rows, shapes));
    drawn.or_else(|| by_curve(rows)).or_else(|| by_numbers(rows)).or_else(|| before_the_first(rows))
}

fn places(rows: &[PlacedRow]) -> impl Iterator<Item = (f64, f64)> + '_ {
    rows.iter().flat_map(|row| row.at.iter().copied())
}

/// The middle of the area on which a stage is named.
fn stage(shapes: &[Shape]) -> Option<Point> {
    let named = shapes.iter().filter_map(|shape| {
        let rank = rank_of_stage(&shape.text.as_ref()?.text)?;
        let outline = if shape.points.is_empty() { outline_around(shape, shapes).unwrap_or(shape) } else { shape };
        let size = bounds(outline.points.iter().copied())
            .map_or(0.0, |(left, right, top, bottom)| (right - left) * (bottom - top));
        Some((rank, size, outline))
    });
    let best = named.min_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
    best.and_then(|(.., outline)| outline.middle())
}

/// The middle of the largest area without a text that has no seat in it and seats all around it: the court of an arena.
fn surrounded(rows: &[PlacedRow], shapes: &[Shape]) -> Option<Point> {
    let (left, right, top, bottom) = bounds(places(rows))?;
    let courts = shapes.iter().filter(|shape| shape.text.as_ref().is_none_or(|text| text.text.trim().is_empty()));
    let courts = courts.filter_map(|shape| {
        let (from, to, above, below) = bounds(shape.points.iter().copied())?;
        let is_inside = |(x, y): (f64, f64)| (from..=to).contains(&x) && (above..=below).contains(&y);
        let share = (to - from) * (below - above) / ((right - left) * (bottom - top));
        let middle = shape.middle()?;
        let is_around = || widest_gap(places(rows), (middle.x, middle.y)).0 < AROUND;
        (share >= COURT && !places(rows).any(is_inside) && is_around()).then_some((share, middle))
    });
    courts.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, middle)| middle)
}

/// The smallest outline without a text that a text stands in.
fn outline_around<'s>(text: &Shape, shapes: &'s [Shape]) -> Option<&'s Shape> {
    let at = text.text.as_ref()?;
    let around = shapes.iter().filter(|shape| shape.text.is_none()).filter_map(|shape| {
        let (left, right, top, bottom) = bounds(shape.points.iter().copied())?;
        let within = (left..=right).contains(&at.x) && (top..=bottom).contains(&at.y);
        within.then_some(((right - left) * (bottom - top), shape))
    });
    around.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, shape)| shape)
}

fn rank_of_stage(text: &str) -> Option<usize> {
    let text = text.to_lowercase();
    if NOT_A_STAGE.split(' ').any(|word| text.contains(word)) {
        return None;
    }
    let mut words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let whole = words.concat(); // letters may stand apart: S T A G E
    words.push(&whole);
    STAGE.iter().position(|names| words.iter().any(|word| names.split(' ').any(|name| name == *word)))
}

/// Before the row nearest to where most of the curved rows face.
fn by_curve(rows: &[PlacedRow]) -> Option<Point> {
    let (mut facing, mut curved, mut all) = ((0.0, 0.0), 0.0, 0.0);
    for row in rows {
        let along = row.along();
        let length = along.0.hypot(along.1);
        all += length;
        if let Some((_, towards)) = row.curve().filter(|(curve, _)| *curve > CURVED) {
            facing = (facing.0 + towards.0 * length, facing.1 + towards.1 * length);
            curved += length;
        }
    }
    let coherent = facing.0.hypot(facing.1);
    (curved > all / 3.0 && coherent > curved / 2.0).then(|| before(rows, (facing.0 / coherent, facing.1 / coherent)))
}

/// Where the rows are counted from: halls count from the front. Before all rows where their sections agree, and between
/// those that are counted first where they stand around it, as in a sports hall.
fn by_numbers(rows: &[PlacedRow]) -> Option<Point> {
    let (mut facing, mut weight, mut firsts) = ((0.0, 0.0), 0.0, (0.0, 0.0));
    for section in 0..=rows.iter().map(|row| row.section).max()? {
        let of_section: Vec<&PlacedRow> = rows.iter().filter(|row| row.section == section).collect();
        let Some((first, last)) = first_and_last(&of_section) else { continue };
        let (along, middle, behind) = (first.along(), first.middle(), last.middle());
        let side = (behind.1 - middle.1) * along.0 - (behind.0 - middle.0) * along.1;
        if side == 0.0 {
            continue; // one row, or rows in one line
        }
        let seats = of_section.iter().map(|row| row.at.len() as f64).sum::<f64>();
        let ahead = -side.signum() * seats / along.0.hypot(along.1);
        facing = (facing.0 - along.1 * ahead, facing.1 + along.0 * ahead);
        firsts = (firsts.0 + middle.0 * seats, firsts.1 + middle.1 * seats);
        weight += seats;
    }
    if weight == 0.0 {
        return None;
    }
    let coherent = facing.0.hypot(facing.1);
    if coherent > weight / 2.0 {
        return Some(before(rows, (facing.0 / coherent, facing.1 / coherent)));
    }
    Some(Point { x: firsts.0 / weight, y: firsts.1 / weight })
}

/// The rows of a section that are counted first and last, of those that count in the way of most: a hall of `A` to `Z`
/// may have an `AA` before or behind them. None where no two can be compared.
fn first_and_last<'r>(rows: &[&'r PlacedRow]) -> Option<(&'r PlacedRow, &'r PlacedRow)> {
    let by_letter = |row: &PlacedRow| row.number.map(|number| matches!(number, RowNumber::Letter(_)));
    let counted = |kind| rows.iter().copied().filter(move |row| by_letter(row) == Some(kind));
    let most = [false, true].into_iter().find(|kind| 2 * counted(*kind).count() > rows.len())?;
    let (first, last) = (counted(most).min_by_key(|row| row.number)?, counted(most).max_by_key(|row| row.number)?);
    (first.number < last.number).then_some((first, last))
}

/// Before the row that is listed first, on the side where most sections begin.
fn before_the_first(rows: &[PlacedRow]) -> Option<Point> {
    let (across, down) =
        rows.iter().map(PlacedRow::along).fold((0.0, 0.0), |(x, y), along| (x + along.0.abs(), y + along.1.abs()));
    let step = |pair: &[PlacedRow]| {
        let (one, other) = (pair[0].middle(), pair[1].middle());
        let step = if across >= down { other.1 - one.1 } else { other.0 - one.0 };
        if step > 0.0 { 1 } else { -i64::from(step < 0.0) }
    };
    let steps: i64 = rows.windows(2).filter(|pair| pair[0].section == pair[1].section).map(step).sum();
    let towards = if steps < 0 { 1.0 } else { -1.0 };
    Some(before(rows, if across >= down { (0.0, towards) } else { (towards, 0.0) }))
}

/// A little before the seats, on the side to which `towards` points, in their middle.
fn before(rows: &[PlacedRow], towards: (f64, f64)) -> Point {
    let ahead = |place: (f64, f64)| place.0 * towards.0 + place.1 * towards.1;
    let aside = |place: (f64, f64)| place.1 * towards.0 - place.0 * towards.1;
    let most = places(rows).map(ahead).fold(f64::NEG_INFINITY, f64::max) + STEPS_BEFORE * usual_step(rows);
    let (left, right, ..) = bounds(places(rows).map(|place| (aside(place), 0.0))).unwrap_or_default();
    let middle = (left + right) / 2.0;
    Point { x: most * towards.0 - middle * towards.1, y: most * towards.1 + middle * towards.0 }.plus((0.0, 0.0))
}

/// The usual distance between the middles of rows that follow each other in a section; 1 where there is one row.
fn usual_step(rows: &[PlacedRow]) -> f64 {
    let pairs = rows.windows(2).filter(|pair| pair[0].section == pair[1].section);
    let mut steps: Vec<f64> = pairs.map(|pair| distance(pair[0].middle(), pair[1].middle())).collect();
    if steps.is_empty() {
        steps = rows.iter().flat_map(|row| row.at.windows(2)).map(|pair| distance(pair[0], pair[1])).collect();
    }
    steps.sort_unstable_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().filter(|step| *step > 0.0).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_stage_is_known_by_its_text_and_what_is_only_near_it_is_not() {
        for (text, is_stage) in [
            ("Stage", true),
            ("S T A G E", true),
            ("BÜHNE", true),
            ("Bühne (Podest)", true),
            ("Scène", true),
            ("Escenario", true),
            ("Palco", true),
            ("무대", true),
            ("무대 STAGE", true),
            ("舞台", true),
            ("ステージ", true),
            ("Leinwand", true),
            ("Backstage", false),
            ("Bühneneingang", false),
            ("무대 뒤", false),
            ("Bar", false),
            ("Orchester", false),
            ("", false),
        ] {
            assert_eq!(rank_of_stage(text).is_some(), is_stage, "{text}");
        }
    }
}
