//! The one place that knows SQL: ledger, projects, accounts, signing keys.
