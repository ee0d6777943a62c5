//! The rules that every store passes.
