//! The client against a real server on loopback that plays a script.

#[cfg(test)]
mod exchange;
#[cfg(test)]
mod server;
#[cfg(test)]
mod token;
