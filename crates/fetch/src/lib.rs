//! The only outbound sockets of the server, with bounds on size, time and address.
