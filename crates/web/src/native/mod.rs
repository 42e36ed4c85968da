//! The native face: the exchange with all that it can do, and what a pass says about itself.

pub(crate) mod exchange;
pub(crate) mod whoami;
