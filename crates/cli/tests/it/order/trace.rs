//! What `strace -f -yy` wrote: which call had returned before which was begun.

use std::collections::BTreeMap;

/// What was first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The record was written and synced, and then the answer was begun.
    Durable,
    /// The answer was begun before that.
    TooEarly,
}

/// The calls that matter, each with the lines at which it begins and has returned.
pub(super) struct Trace {
    /// Writes to the write-ahead log.
    log_writes: Vec<Call>,
    /// Syncs of the write-ahead log that succeeded.
    log_syncs: Vec<Call>,
    /// Writes to TCP sockets.
    answers: Vec<Call>,
}

struct Call {
    begun: usize,
    returned: usize,
    text: String,
}

impl Trace {
    /// Reads a trace to its end, which must be there.
    pub(super) fn parse(text: &str) -> Self {
        let mut trace = Self { log_writes: Vec::new(), log_syncs: Vec::new(), answers: Vec::new() };
        let mut unfinished: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let (thread, said) = line.split_once(' ').unwrap();
            let said = said.trim_start();
            if let Some(beginning) = said.strip_suffix(" <unfinished ...>") {
                assert!(unfinished.insert(thread, (at, beginning)).is_none(), "line {at}: {thread} is busy");
            } else if let Some(resumed) = said.strip_prefix("<... ") {
                let (begun, beginning) = unfinished.remove(thread).unwrap();
                let (_, end) = resumed.split_once(" resumed>").unwrap();
                trace.add(Call { begun, returned: at, text: format!("{beginning}{end}") });
            } else {
                trace.add(Call { begun: at, returned: at, text: said.to_owned() });
            }
        }
        assert!(text.trim_end().ends_with("+++ exited with 0 +++"), "the trace has no end");
        trace
    }

    fn add(&mut self, call: Call) {
        // Before the first string stands the descriptor, and what it is.
        let head = call.text.split('"').next().unwrap();
        let (name, descriptor) = head.split_once('(').unwrap_or((head, ""));
        match name {
            "pwrite64" if descriptor.contains("-wal>") => self.log_writes.push(call),
            "fsync" | "fdatasync" if descriptor.contains("-wal>)") && call.text.ends_with("= 0") => {
                self.log_syncs.push(call);
            }
            "write" | "writev" | "sendto" | "sendmsg" if descriptor.contains("<TCP") => {
                self.answers.push(call);
            }
            _ => {}
        }
    }

    /// Whether the answer that names an exchange was begun after a sync which was begun after the write of that exchange.
    pub(super) fn order(&self, exchange_id: &str) -> Order {
        let header = format!("daypass-exchange-id: {exchange_id}");
        let answer =
            self.answers.iter().find(|call| call.text.contains(&header)).expect("a success was answered");
        assert!(
            answer.text.contains("\"HTTP/1.1 200 OK\\r\\n"),
            "a part of the answer was written before: {}",
            answer.text
        );
        let written = self.log_writes.iter().find(|call| call.text.contains(exchange_id));
        let is_synced = written.is_some_and(|written| {
            let mut syncs = self.log_syncs.iter();
            syncs.any(|sync| written.returned < sync.begun && sync.returned < answer.begun)
        });
        if is_synced { Order::Durable } else { Order::TooEarly }
    }
}

#[test]
fn only_a_sync_between_the_write_and_the_answer_makes_it_durable() {
    let write = "7 pwrite64(9</tmp/daypass.db-wal>, \"\\0id-1\\r\", 4096, 32) = 4096";
    let sync = "7 fdatasync(9</tmp/daypass.db-wal>) = 0";
    let answer = "8  writev(11<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"HTTP/1.1 200 OK\\r\\ndaypass-exchange-id: id-1\\r\\n\"}], 1) = 9";
    let sync_begins = "7 fdatasync(9</tmp/daypass.db-wal> <unfinished ...>";
    let sync_returns = "7 <... fdatasync resumed>) = 0";
    let answer_begins = "8 writev(11<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"HTTP/1.1 200 OK\\r\\ndaypass-exchange-id: id-1\\r\\n\"}], 1 <unfinished ...>";
    let answer_returns = "8 <... writev resumed>) = 9";
    let other_file = "7 fdatasync(9</tmp/daypass.db>) = 0";
    let failed = "7 fdatasync(9</tmp/daypass.db-wal>) = -1 EIO (Input/output error)";
    let other_log = "8 write(2</tmp/log>, \"daypass-exchange-id: id-1\", 25) = 25";
    for (lines, order) in [
        (vec![write, sync, answer], Order::Durable),
        (vec![other_log, write, sync_begins, sync_returns, answer_begins, answer_returns], Order::Durable),
        (vec![write, answer, sync], Order::TooEarly),
        (vec![sync, write, answer], Order::TooEarly),
        (vec![sync_begins, write, sync_returns, answer], Order::TooEarly),
        (vec![write, sync_begins, answer, sync_returns], Order::TooEarly),
        (vec![write, answer_begins, sync, answer_returns], Order::TooEarly),
        (vec![write, other_file, answer], Order::TooEarly),
        (vec![write, failed, answer], Order::TooEarly),
        (vec![write, answer], Order::TooEarly),
        (vec![sync, answer], Order::TooEarly),
    ] {
        let trace = Trace::parse(&[lines.join("\n").as_str(), "7 +++ exited with 0 +++"].join("\n"));
        assert_eq!(trace.order("id-1"), order, "{lines:#?}");
    }
}
