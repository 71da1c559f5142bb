//! The columns of a table of seats, and their names in both languages.

use super::attributes::Attribute;

/// The columns of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Column {
    Label,
    /// The label of a seat, or its number where the table has rows and no other column for that.
    Seat,
    Section,
    Row,
    Number,
    Category,
    Price,
    X,
    Y,
    Attributes,
    Wheelchair,
    Companion,
    RestrictedView,
}

impl Column {
    pub const ALL: [Column; 13] = [
        Column::Label,
        Column::Seat,
        Column::Section,
        Column::Row,
        Column::Number,
        Column::Category,
        Column::Price,
        Column::X,
        Column::Y,
        Column::Attributes,
        Column::Wheelchair,
        Column::Companion,
        Column::RestrictedView,
    ];
    /// Those that are written.
    pub const WRITTEN: [Column; 9] = [
        Column::Label,
        Column::Section,
        Column::Row,
        Column::Number,
        Column::Category,
        Column::Price,
        Column::X,
        Column::Y,
        Column::Attributes,
    ];
    /// Those whose cells say whether a seat has an attribute.
    pub const MARKS: [(Column, Attribute); 3] = [
        (Column::Wheelchair, Attribute::Wheelchair),
        (Column::Companion, Attribute::Companion),
        (Column::RestrictedView, Attribute::RestrictedView),
    ];

    /// The name that is written, then others that are read, too.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Column::Label => &["label", "좌석명"],
            Column::Seat => &["seat", "좌석", "seat number", "seat no", "좌석번호", "좌석 번호"],
            Column::Section => &["section", "구역", "zone", "block", "블록"],
            Column::Row => &["row", "열"],
            Column::Number => &["number", "번호"],
            Column::Category => &["category", "등급"],
            Column::Price => &["price", "가격", "금액"],
            Column::X => &["x"],
            Column::Y => &["y"],
            Column::Attributes => &["attributes", "속성"],
            Column::Wheelchair => &["wheelchair", "휠체어", "휠체어석"],
            Column::Companion => &["companion", "동반", "동반자", "동반석"],
            Column::RestrictedView => &["restricted view", "restricted_view", "시야제한", "시야 제한", "시야제한석"],
        }
    }
}
