//! Every route: the faces in front of the exchange.
