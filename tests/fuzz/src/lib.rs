//! What the fuzz targets check; written in `tests/src/borders.rs`, where the test that replays the corpus finds it too.

#[path = "../../src/borders.rs"]
pub mod borders;
