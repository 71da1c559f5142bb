//! The door's own files, taken in as they are, so that the house need not show them to anybody.

#[path = "../../../../src/http/door/answer.rs"]
pub mod answer;
#[path = "../../../../src/http/door/framing.rs"]
pub mod framing;
#[path = "../../../../src/http/door/inner_answer.rs"]
pub mod inner_answer;
#[path = "../../../../src/http/door/passage.rs"]
pub mod passage;
#[path = "../../../../src/http/door/proxy.rs"]
pub mod proxy;
#[path = "../../../../src/http/door/target.rs"]
pub mod target;
