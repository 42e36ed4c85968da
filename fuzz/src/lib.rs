//! The fuzz targets' one library. The settings are part of the binary crate `crates/cli`, so their files are taken from there.
#![allow(
    dead_code,
    unused_imports,
    reason = "of the binary's modules only those are here that read the settings"
)]

#[path = "../../crates/cli/src/environment.rs"]
mod environment;
#[path = "../../crates/cli/src/settings/mod.rs"]
mod settings;

mod bodies;

/// A function for each target.
macro_rules! targets {
    ($($name:ident)*) => {$(
        #[allow(missing_docs, reason = "see `bodies.rs`")]
        pub fn $name(input: &[u8]) {
            bodies::$name(input);
        }
    )*};
}
targets! { token jwks bearer policy settings }
