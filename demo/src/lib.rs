//! Placeholder until its first real content.
