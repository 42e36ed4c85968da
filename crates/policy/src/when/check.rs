//! What of CEL an expression may use, and what it costs: judged on its syntax tree, before it ever runs.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, operators};

use super::{CLAIMS, MAX_WHEN_DEPTH, MAX_WHEN_STEPS, WhenFault};

/// Operators, as the syntax tree names them, with the number of their operands. Each of them takes at most the time of a
/// comparison of its operands; none makes a value that is longer than they are.
const OPERATORS: [(&str, usize); 12] = [
    (operators::LOGICAL_AND, 2),
    (operators::LOGICAL_OR, 2),
    (operators::LOGICAL_NOT, 1),
    (operators::CONDITIONAL, 3),
    (operators::EQUALS, 2),
    (operators::NOT_EQUALS, 2),
    (operators::LESS, 2),
    (operators::LESS_EQUALS, 2),
    (operators::GREATER, 2),
    (operators::GREATER_EQUALS, 2),
    (operators::IN, 2),
    (operators::INDEX, 2),
];

/// Functions of a value, `size(claims.ref)`. There is no `matches`: regular expressions are not linear here.
const FUNCTIONS: [&str; 3] = ["size", "int", "string"];

/// Functions of a value and another, `claims.ref.startsWith("x")`, with the number of the others.
const METHODS: [(&str, usize); 4] = [("startsWith", 1), ("endsWith", 1), ("contains", 1), ("size", 0)];

/// Judges an expression.
pub(super) fn read(expression: &IdedExpr) -> Result<Read, WhenFault> {
    let mut read = Read::default();
    read.walk(expression, 1)?;
    Ok(read)
}

/// What stands in an expression.
#[derive(Default)]
pub(super) struct Read {
    steps: usize,
    /// Claims that it names as `claims.NAME`.
    pub(super) selected: BTreeSet<String>,
    /// Claims that it names as `claims["NAME"]`.
    pub(super) indexed: BTreeSet<String>,
    /// Texts and whole numbers.
    pub(super) literals: BTreeSet<String>,
}

impl Read {
    fn walk(&mut self, node: &IdedExpr, depth: usize) -> Result<(), WhenFault> {
        self.steps = self.steps.saturating_add(1);
        if depth > MAX_WHEN_DEPTH {
            return Err(WhenFault::TooDeep);
        }
        if self.steps > MAX_WHEN_STEPS {
            return Err(WhenFault::TooCostly);
        }
        let below = depth.saturating_add(1);
        match &node.expr {
            Expr::Literal(literal) => {
                self.literals.extend(text_of(literal));
                literal_is_offered(literal)
            }
            Expr::List(list) if list.optional_indices.is_empty() => {
                list.elements.iter().try_for_each(|element| self.walk(element, below))
            }
            Expr::Select(select) => self.select(select, below),
            Expr::Call(call) => self.call(call, below),
            Expr::Ident(name) if name == CLAIMS => Err(WhenFault::WholeClaims),
            Expr::Ident(name) => Err(WhenFault::UnknownName(name.clone())),
            Expr::Comprehension(_) => Err(not_offered("a macro that walks a list")),
            Expr::Map(_) | Expr::Struct(_) => Err(not_offered("{…}")),
            Expr::List(_) => Err(not_offered("[?…]")),
            Expr::Unspecified => Err(not_offered("an empty expression")),
        }
    }

    /// `claims.NAME`, `has(claims.NAME)`, and members of what an expression gives.
    fn select(&mut self, select: &SelectExpr, below: usize) -> Result<(), WhenFault> {
        if is_claims(&select.operand) {
            self.selected.insert(select.field.clone());
            return Ok(());
        }
        self.walk(&select.operand, below)
    }

    fn call(&mut self, call: &CallExpr, below: usize) -> Result<(), WhenFault> {
        let name = call.func_name.as_str();
        let count = call.args.len();
        let is_offered = match &call.target {
            Some(_) => METHODS.contains(&(name, count)),
            None => OPERATORS.contains(&(name, count)) || (FUNCTIONS.contains(&name) && count == 1),
        };
        if !is_offered {
            return Err(not_offered(&shown(name)));
        }
        match (name, call.args.as_slice()) {
            (operators::INDEX, [whole, key]) if is_claims(whole) => return self.index(key),
            (operators::IN, [key, whole]) if is_claims(whole) => return self.index(key),
            _ => {}
        }
        let operands = call.target.as_deref().into_iter().chain(&call.args);
        for operand in operands {
            self.walk(operand, below)?;
        }
        Ok(())
    }

    /// `claims["NAME"]` and `"NAME" in claims`: which claim it is, is known when the file is read.
    fn index(&mut self, key: &IdedExpr) -> Result<(), WhenFault> {
        let Expr::Literal(LiteralValue::String(name)) = &key.expr else {
            return Err(WhenFault::WholeClaims);
        };
        self.indexed.insert(name.inner().to_owned());
        Ok(())
    }
}

fn is_claims(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name == CLAIMS)
}

fn text_of(literal: &LiteralValue) -> Option<String> {
    match literal {
        LiteralValue::String(text) => Some(text.inner().to_owned()),
        LiteralValue::Int(number) => Some(number.inner().to_string()),
        LiteralValue::UInt(number) => Some(number.inner().to_string()),
        LiteralValue::Boolean(_) | LiteralValue::Null | LiteralValue::Double(_) | LiteralValue::Bytes(_) => {
            None
        }
    }
}

fn literal_is_offered(literal: &LiteralValue) -> Result<(), WhenFault> {
    match literal {
        LiteralValue::Boolean(_)
        | LiteralValue::Int(_)
        | LiteralValue::UInt(_)
        | LiteralValue::Null
        | LiteralValue::String(_) => Ok(()),
        // No claim that a rule may test has such a type.
        LiteralValue::Double(_) => Err(not_offered("a number with a fraction")),
        LiteralValue::Bytes(_) => Err(not_offered("b'…'")),
    }
}

fn not_offered(what: &str) -> WhenFault {
    WhenFault::NotOffered(what.to_owned())
}

/// An operator as a person writes it: the tree calls `+` `_+_`.
fn shown(name: &str) -> String {
    match name.trim_matches(['_', '@']) {
        "" => name.to_owned(),
        bare => bare.to_owned(),
    }
}
