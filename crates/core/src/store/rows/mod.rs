//! Rows as every database of ours keeps them: what their columns say. There is no SQL here.

pub mod column;
