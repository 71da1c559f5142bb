//! The columns of a table of seats, and their names in both languages.

use super::attributes::Attribute;

/// The columns in their order, each with the name that is written, then others that are read, too.
macro_rules! columns {
    ($($(#[$doc:meta])* $column:ident $($name:literal)+,)*) => {
        /// The columns of a table.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(super) enum Column { $($(#[$doc])* $column,)* }

        impl Column {
            pub const ALL: [Column; [$(Column::$column),*].len()] = [$(Column::$column),*];

            /// The name that is written, then others that are read, too.
            pub const fn names(self) -> &'static [&'static str] {
                match self { $(Column::$column => &[$($name),+],)* }
            }
        }
    };
}

columns! {
    Label "label" "좌석명",
    /// The label of a seat, or its number where the table has rows and no other column for that.
    Seat "seat" "좌석" "seat number" "seat no" "좌석번호" "좌석 번호",
    Section "section" "구역" "zone" "block" "블록",
    Row "row" "열",
    Number "number" "번호",
    Category "category" "등급",
    Price "price" "가격" "금액",
    X "x",
    Y "y",
    Attributes "attributes" "속성",
    Wheelchair "wheelchair" "휠체어" "휠체어석",
    Companion "companion" "동반" "동반자" "동반석",
    RestrictedView "restricted view" "restricted_view" "시야제한" "시야 제한" "시야제한석",
}

impl Column {
    /// Those whose cells say whether a seat has an attribute.
    pub const MARKS: [(Column, Attribute); 3] = [
        (Column::Wheelchair, Attribute::Wheelchair),
        (Column::Companion, Attribute::Companion),
        (Column::RestrictedView, Attribute::RestrictedView),
    ];

    /// Those that are written: what is read by another column is not.
    pub fn written() -> impl Iterator<Item = Column> {
        let is_read_only = |one: Column| one == Column::Seat || Column::MARKS.iter().any(|(mark, _)| *mark == one);
        Column::ALL.into_iter().filter(move |one| !is_read_only(*one))
    }
}
