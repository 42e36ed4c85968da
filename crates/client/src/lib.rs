//! Inside a CI job: find the identity token and exchange it.
