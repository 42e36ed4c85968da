//! `daypass audit tail`: the newest exchanges, and each further one as it is recorded.

use std::sync::Arc;
use std::time::Duration;

use daypass_app::audit;
use daypass_jose::ids::ExchangeId;
use daypass_jose::{Clock, Timestamp};
use daypass_store::{ExchangeFilter, ExchangeRecord, MAX_PAGE, Order, Store, StoreFault};
use tokio::time::MissedTickBehavior;

use super::super::Context;
use super::super::ends::{End, Ends};
use super::super::records::Records;
use super::window::Window;
use super::{filter, rows};
use crate::args::AuditTailArguments;
use crate::fault::{CommandFault, OK};
use crate::output;
use crate::table::Table;

/// From one look at the ledger to the next.
const POLL: Duration = Duration::from_secs(1);
/// How much later than others of its moment an exchange may be recorded and still be shown: it waits for the keys of its
/// issuer (5 s), its turn (2 s) and its commit (5 s), and the clocks of several servers differ.
const OVERLAP_SECONDS: i64 = 15;
/// Columns of a table whose later rows are not known yet.
const WIDTHS: &[usize] = &[14, 18, 12, 24, 16];

/// The end is waited for beside the work, which stands still while nobody reads stdout.
pub(super) async fn run(
    arguments: &AuditTailArguments,
    records: &Records,
    context: &Context,
) -> Result<u8, CommandFault> {
    let Some(filter) = filter::of(&arguments.filter, records, context.clock.now()).await? else {
        return Ok(OK);
    };
    let mut ends = Ends::listen()?;
    let follower = Follower {
        store: records.store.clone(),
        clock: Arc::clone(&context.clock),
        filter,
        is_json: arguments.json,
        window: Window::default(),
        is_away: false,
    };
    let following = tokio::spawn(follower.follow(arguments.lines));
    tokio::select! {
        end = ends.next() => Ok(if end == End::Interrupt { OK } else { end.exit_code() }),
        ended = following => match ended {
            Ok(ended) => ended.map(|()| OK),
            Err(fault) => Err(CommandFault::Unavailable(fault.to_string())),
        },
    }
}

struct Follower {
    store: Store,
    clock: Arc<dyn Clock>,
    filter: ExchangeFilter,
    is_json: bool,
    window: Window,
    is_away: bool,
}

impl Follower {
    async fn follow(mut self, lines: u32) -> Result<(), CommandFault> {
        self.begin(lines).await?;
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.look().await {
                Ok(()) => self.is_back(),
                Err(CommandFault::Store(StoreFault::Unavailable(why))) => self.is_gone(&why),
                Err(fault) => return Err(fault),
            }
            if self.is_over() {
                return Ok(());
            }
        }
    }

    /// Shows the last exchanges that are there. All that are there count as shown, the others too.
    async fn begin(&mut self, lines: u32) -> Result<(), CommandFault> {
        self.advance(self.newest().await?);
        let mut there = self.in_window();
        loop {
            let page = self.page(&there).await?;
            let Some(last) = page.last() else { break };
            there.after = Some(last.id);
            for exchange in &page {
                self.window.takes(exchange.id);
            }
        }
        if !self.is_json {
            let mut head = Table::with_widths(WIDTHS);
            head.head(&rows::HEAD);
            output::line(head)?;
        }
        let mut newest = self.store.ledger().list(&self.filter, lines).await?;
        newest.reverse();
        for exchange in &newest {
            self.window.takes(exchange.id);
        }
        self.show(&newest)
    }

    /// Shows what has come.
    async fn look(&mut self) -> Result<(), CommandFault> {
        let newest = self.newest().await?;
        let mut next = self.in_window();
        loop {
            let page = self.page(&next).await?;
            let Some(last) = page.last() else { break };
            next.after = Some(last.id);
            let new: Vec<ExchangeRecord> =
                page.into_iter().filter(|exchange| self.window.takes(exchange.id)).collect();
            self.show(&new)?;
        }
        self.advance(newest);
        Ok(())
    }

    fn in_window(&self) -> ExchangeFilter {
        ExchangeFilter { after: self.window.after(), order: Order::OldestFirst, ..self.filter.clone() }
    }

    async fn page(&self, filter: &ExchangeFilter) -> Result<Vec<ExchangeRecord>, StoreFault> {
        self.store.ledger().list(filter, MAX_PAGE).await
    }

    /// The moment of the newest exchange of all: where what is looked for is rare, the window goes on by it all the same.
    async fn newest(&self) -> Result<Option<Timestamp>, StoreFault> {
        let newest = self.store.ledger().list(&ExchangeFilter::default(), 1).await?.pop();
        Ok(newest.map(|exchange| exchange.at))
    }

    /// The earlier of two clocks: neither one of this machine nor one of a server that is ahead hides what comes.
    fn advance(&mut self, newest: Option<Timestamp>) {
        if let Some(newest) = newest {
            let known = newest.min(self.clock.now()).plus_seconds(-OVERLAP_SECONDS);
            self.window.begins_after(ExchangeId::first_of(known));
        }
    }

    fn show(&self, exchanges: &[ExchangeRecord]) -> Result<(), CommandFault> {
        if exchanges.is_empty() {
            return Ok(());
        }
        if self.is_json {
            return exchanges.iter().try_for_each(|exchange| output::json(&audit::as_json(exchange)));
        }
        let mut table = Table::with_widths(WIDTHS);
        for exchange in exchanges {
            table.row(rows::row(exchange, self.clock.now()));
        }
        output::line(table)
    }

    fn is_gone(&mut self, why: &str) {
        if !self.is_away {
            output::note(format_args!("the store is unavailable: {why}; trying again each second"));
        }
        self.is_away = true;
    }

    fn is_back(&mut self) {
        if self.is_away {
            output::note("the store is back");
        }
        self.is_away = false;
    }

    fn is_over(&self) -> bool {
        let until = self.filter.until.map(|until| until.plus_seconds(OVERLAP_SECONDS));
        until.is_some_and(|until| until < self.clock.now())
    }
}
