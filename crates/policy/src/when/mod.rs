//! `when`: a CEL expression over the verified claims, of a part of CEL whose cost is known when the file is read.
//!
//! There are no macros but `has`, no arithmetic, no regular expressions and no conversion that makes a value longer: each
//! step of an expression runs once and looks at each byte of the token a bounded number of times.

mod check;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::objects::Map;
use cel::parser::PrattParser;
use cel::{Context, Env, IdedExpr, Value};
use daypass_jose::Json;

use crate::workload::Workload;

/// Characters of the longest expression.
pub const MAX_WHEN_CHARS: usize = 1024;
/// Steps of the longest evaluation: nodes of the expression, each of which runs once at most.
pub const MAX_WHEN_STEPS: usize = 128;
/// Levels of the deepest expression.
pub const MAX_WHEN_DEPTH: usize = 24;

/// The name by which an expression reaches the claims, and the only one that it may use.
const CLAIMS: &str = "claims";

/// The functions of CEL; an expression that uses others than the offered ones is refused when it is read.
static FUNCTIONS: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// An expression that was read and is cheap.
#[derive(Debug, Clone)]
pub struct When {
    text: String,
    expression: IdedExpr,
    /// Claims that it names as `claims.NAME`.
    selected: BTreeSet<String>,
    /// Claims that it names as `claims["NAME"]`.
    indexed: BTreeSet<String>,
    /// Texts and whole numbers that stand in it.
    literals: BTreeSet<String>,
}

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenFault {
    /// It is longer than [`MAX_WHEN_CHARS`].
    #[error("an expression has at most {MAX_WHEN_CHARS} characters")]
    TooLong,
    /// It is no CEL.
    #[error("not CEL: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Where, as (line, column) of the expression, both from 1; `None` where the parser does not know.
        at: Option<(usize, usize)>,
    },
    /// It would take more than [`MAX_WHEN_STEPS`].
    #[error("this expression costs more than the {MAX_WHEN_STEPS} steps that an expression may take")]
    TooCostly,
    /// It is deeper than [`MAX_WHEN_DEPTH`].
    #[error("an expression is at most {MAX_WHEN_DEPTH} levels deep")]
    TooDeep,
    /// It uses a part of CEL that has no place here.
    #[error("`{0}` is not offered in `when`")]
    NotOffered(String),
    /// It names something that is not there.
    #[error("`{0}` is no name in `when`: there is only `claims`")]
    UnknownName(String),
    /// It uses the claims as a whole.
    #[error("`claims` stands for all claims here: name one, as `claims.ref` or `claims[\"x.y\"]`")]
    WholeClaims,
    /// It names no claim, so that it says the same of every token.
    #[error("the expression names no claim: it says the same of every token")]
    Constant,
}

impl When {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, WhenFault> {
        if text.chars().count() > MAX_WHEN_CHARS {
            return Err(WhenFault::TooLong);
        }
        let expression = parsed(text)?;
        let check::Read { selected, indexed, literals, .. } = check::read(&expression)?;
        if selected.is_empty() && indexed.is_empty() {
            return Err(WhenFault::Constant);
        }
        Ok(Self { text: text.to_owned(), expression, selected, indexed, literals })
    }

    /// The expression as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The claims that it names as `claims.NAME`, which are those that the profile knows.
    pub fn selected(&self) -> impl Iterator<Item = &str> {
        self.selected.iter().map(String::as_str)
    }

    /// The texts and whole numbers that stand in it.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.literals.iter().map(String::as_str)
    }

    /// The claims that it looks at.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.selected.union(&self.indexed).map(String::as_str)
    }

    /// What it says of a workload; `None` where it has no answer: a claim that it needs is absent, or has another type
    /// than the profile gives it, or one that the expression cannot use.
    pub(crate) fn evaluate(&self, workload: &Workload) -> Option<bool> {
        let mut claims = Vec::new();
        for name in self.claims() {
            let Some(value) = workload.claim(name) else { continue };
            if workload.profile().claim_type(name).is_some_and(|kind| !kind.fits(value)) {
                return None;
            }
            claims.push((name.into(), cel_value(value)));
        }
        let mut context = Context::with_env(Arc::clone(&FUNCTIONS));
        context
            .add_variable_from_value(CLAIMS, Value::Map(Map { map: Arc::new(claims.into_iter().collect()) }));
        // What the library does not foresee is an expression without an answer, not the end of the server.
        let resolved = catch_unwind(AssertUnwindSafe(|| Value::resolve(&self.expression, &context)));
        match resolved {
            Ok(Ok(Value::Bool(holds))) => Some(holds),
            Ok(_) | Err(_) => None,
        }
    }
}

impl PartialEq for When {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for When {}

/// The syntax tree. The bounds of the parser are those of its recursion; what the tree costs is judged after it.
fn parsed(text: &str) -> Result<IdedExpr, WhenFault> {
    let depth = u16::try_from(MAX_WHEN_DEPTH).unwrap_or(u16::MAX);
    let parser = PrattParser::new().max_recursion_depth(depth).error_recovery_limit(4);
    let nothing_known = || WhenFault::Syntax { message: "it cannot be read".to_owned(), at: None };
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text))).map_err(|_| nothing_known())?;
    parsed.map_err(|faults| {
        let Some(first) = faults.errors.first() else { return nothing_known() };
        if first.msg.contains("recursion limit") {
            return WhenFault::TooDeep;
        }
        let line = usize::try_from(first.pos.0).ok().filter(|line| *line > 0);
        let column = usize::try_from(first.pos.1).ok().filter(|column| *column > 0);
        WhenFault::Syntax { message: first.msg.clone(), at: line.zip(column) }
    })
}

fn cel_value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(is) => Value::Bool(*is),
        Json::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => Value::Int(number),
            (Err(_), Ok(number)) => Value::UInt(number),
            (Err(_), Err(_)) => Value::Null,
        },
        Json::Float(number) => Value::Float(*number),
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(cel_value).collect())),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.into(), cel_value(value)));
            Value::Map(Map { map: Arc::new(members.collect()) })
        }
    }
}

#[cfg(test)]
mod tests;
