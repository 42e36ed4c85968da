//! Asking: a flag's value, else the answer of whoever sits at the terminal, else one more thing that is missing.

use std::io::{self, BufRead as _, Read as _};

use crate::fault::CommandFault;
use crate::output;

/// Bytes of the longest answer; what follows is another one.
const MAX_ANSWER_BYTES: u64 = 4096;

/// One question, and the flag that answers it.
pub(super) struct Question<'a> {
    pub(super) flag: &'static str,
    pub(super) value: &'static str,
    pub(super) text: &'static str,
    pub(super) default: Option<&'a str>,
}

impl Question<'_> {
    /// The same with a default.
    pub(super) fn or<'b>(&self, default: Option<&'b str>) -> Question<'b> {
        Question { flag: self.flag, value: self.value, text: self.text, default }
    }
}

/// The answers as they come, and what is wrong with them or missing.
pub(super) struct Answers {
    asks: bool,
    missing: Vec<String>,
    faults: Vec<String>,
    hint: Option<String>,
}

impl Answers {
    pub(super) fn new(asks: bool) -> Self {
        Self { asks, missing: Vec::new(), faults: Vec::new(), hint: None }
    }

    /// Whether somebody is asked.
    pub(super) fn asks(&self) -> bool {
        self.asks
    }

    /// Notes what is wrong with the flags.
    pub(super) fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// How the ids that come next are found: told before they are asked for, or where they are missing.
    pub(super) fn hint_at_ids(&mut self, text: String) {
        if self.asks {
            output::note(&text);
        }
        self.hint = Some(text);
    }

    /// What a flag says, which is never asked for. `None` too where it is wrong, which is noted.
    pub(super) fn given<T>(
        &mut self,
        question: &Question<'_>,
        given: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(given?) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault(format!("{}: {fault}", question.flag));
                None
            }
        }
    }

    /// What must be said, or has a default. `None` where it is missing or wrong, which is noted.
    pub(super) fn required<T>(
        &mut self,
        question: &Question<'_>,
        given: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CommandFault> {
        if given.is_some() {
            return Ok(self.given(question, given, parse));
        }
        if self.asks {
            let hint = question.default.map_or(String::new(), |default| format!(" [{default}]"));
            return until_taken(question, &hint, |line| match (line, question.default) {
                ("", None) => Err("it must be said".to_owned()),
                ("", Some(default)) => parse(default),
                (line, _) => parse(line),
            })
            .map(Some);
        }
        // Only at a terminal is a default offered for what a file should not be without: the CI system.
        if let Some(default) = question.default.filter(|_| question.flag != "--ci") {
            return Ok(self.given(question, Some(default), parse));
        }
        let flag = format!("{} {}", question.flag, question.value);
        self.missing.push(format!("  {flag:<25} {}", question.text));
        Ok(None)
    }

    /// What need not be said.
    pub(super) fn optional<T>(
        &mut self,
        question: &Question<'_>,
        given: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CommandFault> {
        if given.is_some() || !self.asks {
            return Ok(self.given(question, given, parse));
        }
        until_taken(
            question,
            " [none]",
            |line| if line.is_empty() { Ok(None) } else { parse(line).map(Some) },
        )
    }

    /// What must be said unless whoever is asked wants to try things out first.
    pub(super) fn or_nothing<T>(
        &mut self,
        question: &Question<'_>,
        given: Option<&str>,
        may_be_left_out: bool,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CommandFault> {
        if given.is_some() || !self.asks || !may_be_left_out {
            return self.required(question, given, parse);
        }
        let hint = " [none: try it out with the emulator]";
        until_taken(question, hint, |line| if line.is_empty() { Ok(None) } else { parse(line).map(Some) })
    }

    /// Everything that is wrong or missing, at once.
    pub(super) fn finish(self) -> Result<(), CommandFault> {
        let mut lines = self.faults;
        if !self.missing.is_empty() {
            lines
                .push("this is missing, and there is no terminal to ask at; nothing was written:".to_owned());
            let is_about_ids = self.missing.iter().any(|line| line.contains("-id "));
            lines.extend(self.missing);
            lines.extend(self.hint.filter(|_| is_about_ids));
            lines.push("To try it out on this machine first: daypass init --try-out".to_owned());
        }
        if lines.is_empty() { Ok(()) } else { Err(CommandFault::Usage(lines.join("\n"))) }
    }
}

/// Asks until the answer is one.
fn until_taken<T>(
    question: &Question<'_>,
    hint: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, CommandFault> {
    loop {
        output::ask(format_args!("{}{hint}: ", question.text));
        match parse(line()?.trim()) {
            Ok(value) => return Ok(value),
            Err(fault) => output::note(format_args!("  {fault}")),
        }
    }
}

/// One line of whoever types. Ctrl-C ends the process, before anything is written.
fn line() -> Result<String, CommandFault> {
    let mut line = String::new();
    let mut stdin = io::stdin().lock();
    let read = stdin.by_ref().take(MAX_ANSWER_BYTES).read_line(&mut line);
    match read {
        Ok(0) => {
            output::note("");
            Err(CommandFault::Usage("there was no answer; nothing was written".to_owned()))
        }
        Ok(_) => Ok(line),
        Err(fault) => {
            Err(CommandFault::Usage(format!("the answer cannot be read: {fault}; nothing was written")))
        }
    }
}
