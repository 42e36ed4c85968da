//! `daypass policy matrix`: who can get what.

mod html;
mod page;
mod snapshot;
mod text;

use std::fs;
use std::path::Path;

use daypass_policy::{Given, Matrix, SupposedRepository};
use serde_json::{Value, json};

use super::files::{self, Loaded};
use super::{repository, why};
use crate::args::PolicyMatrixArguments;
use crate::commands::Context;
use crate::fault::{CommandFault, FINDINGS, OK};
use crate::output;

pub(super) fn run(arguments: &PolicyMatrixArguments, context: &Context) -> Result<u8, CommandFault> {
    let loaded = files::load(&arguments.files, context)?;
    let (repositories, is_cut) = match repository::named(&arguments.repository, &loaded)? {
        Some((repository, _)) => (vec![repository], false),
        None => SupposedRepository::bound(&loaded.policy, &loaded.context),
    };
    let default_branch = &arguments.repository.default_branch;
    let matrix = Matrix::new(repositories, default_branch, &loaded.policy, &loaded.context);
    if is_cut {
        output::note("the rules name more repositories than are shown: ask about one by --repository");
    }
    let page = page::Page::new(&matrix, &loaded);
    if let Some(path) = &arguments.html {
        write(path, &html::page(&page))?;
    }
    if arguments.json {
        output::json(&as_json(&matrix, &loaded, is_cut))?;
    }
    if let Some(path) = &arguments.snapshot {
        let snapshot = snapshot::text(&page);
        if arguments.check {
            return check(path, &snapshot);
        }
        write(path, &snapshot)?;
    }
    if !arguments.json && arguments.html.is_none() && arguments.snapshot.is_none() {
        output::line(text::shown(&page, arguments.why))?;
    }
    Ok(OK)
}

/// Compares the snapshot that is there with the one that would be written.
fn check(path: &Path, now: &str) -> Result<u8, CommandFault> {
    let before = fs::read_to_string(path)
        .map_err(|fault| CommandFault::Usage(format!("`{}` cannot be read: {fault}", path.display())))?;
    if before == now {
        output::line(format_args!("`{}` is as the policy says", path.display()))?;
        return Ok(OK);
    }
    let styled = |mark: char, line: &str| {
        let style = if mark == '+' { output::GOOD } else { output::BAD };
        output::styled(style, &daypass_client::printable(&format!("{mark}{line}")))
    };
    let lines: Vec<String> =
        snapshot::difference(&before, now).iter().map(|(mark, line)| styled(*mark, line)).collect();
    if lines.is_empty() {
        output::line("the lines are the same, in another order")?;
    } else {
        output::line(lines.join("\n"))?;
    }
    output::note(format_args!(
        "`{}` is not as the policy says: look at each line, and write it anew without --check",
        path.display()
    ));
    Ok(FINDINGS)
}

fn write(path: &Path, text: &str) -> Result<(), CommandFault> {
    fs::write(path, text)
        .map_err(|fault| CommandFault::Usage(format!("`{}` cannot be written: {fault}", path.display())))?;
    output::note(format_args!("`{}` is written", path.display()));
    Ok(())
}

fn as_json(matrix: &Matrix, loaded: &Loaded, is_cut: bool) -> Value {
    let of = matrix.of.iter().map(|of| {
        let issuer = loaded.context.issuer(of.repository.issuer());
        json!({
            "issuer": of.repository.issuer(),
            "title": issuer.map(|issuer| of.repository.title(issuer)),
            "path": of.repository.path(),
            "ids": of.repository.ids().collect::<std::collections::BTreeMap<_, _>>(),
            "roles": of.roles,
            "other_roles": of.other_roles,
            "rows": of.rows.iter().map(row_as_json).collect::<Vec<_>>(),
        })
    });
    json!({
        "version": loaded.policy.version(),
        "not_fully_linted": loaded.policy.not_fully_linted().collect::<Vec<_>>(),
        "repositories": of.collect::<Vec<_>>(),
        "more_repositories": is_cut,
    })
}

fn row_as_json(row: &daypass_policy::Row) -> Value {
    let cells = row.cells.iter().map(|cell| {
        json!({
            "role": cell.role,
            "allowed": cell.is_yes(),
            "reason": cell.trace.reason,
            "why": why::in_words(&cell.trace),
            "given": given_as_json(&cell.given),
            "trace": cell.trace,
        })
    });
    json!({
        "title": row.title,
        "note": row.note,
        "claims": row.claims,
        "cells": cells.collect::<Vec<_>>(),
    })
}

/// What a job gets, for machines.
pub(super) fn given_as_json(given: &[Given]) -> Vec<Value> {
    given.iter().map(|given| json!({ "kind": given.kind, "what": given.what })).collect()
}
