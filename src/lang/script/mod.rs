//! Inline Rhai.
