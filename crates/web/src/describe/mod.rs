//! The words in which a face says what it takes and answers, for the OpenAPI document.
//!
//! Each handler's file has a function `operation` beside the handler. Schemas come from the types that are read and written,
//! and a refusal's status, media type, headers and example from the very answer that the face gives.

mod components;
mod headers;
mod operation;
mod refusals;
mod shapes;

pub(crate) use components::Components;
pub(crate) use headers::Header;
pub(crate) use operation::{Answer, Body, Credential, Operation, Parameter};
pub(crate) use refusals::{Family, Refusals};
pub(crate) use shapes::{Account, CodeText, DifferenceText, JwkSet, Project, Run};

/// One row of the table of routes, as the document wants it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Described {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static [&'static str],
    pub(crate) operation: fn(&mut Components) -> Operation,
}
