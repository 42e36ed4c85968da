//! Tests that need more of the binary than one module.

mod corpora;
