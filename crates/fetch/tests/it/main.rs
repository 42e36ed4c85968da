//! Requests to real servers on loopback.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod server;
#[cfg(test)]
mod through_proxy;
#[cfg(test)]
mod trust;
