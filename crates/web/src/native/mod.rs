//! The native face: the exchange with all that it can do, what a pass says about itself, and its end.

pub(crate) mod exchange;
pub(crate) mod revoke;
pub(crate) mod verify;
pub(crate) mod whoami;
