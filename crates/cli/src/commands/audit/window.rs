//! What `daypass audit tail` remembers of the last seconds, so that it shows nothing twice and misses nothing that was
//! recorded a little out of order.

use std::collections::BTreeSet;

use daypass_jose::ids::ExchangeId;

/// Exchanges of the window that are remembered.
const MAX_SHOWN: usize = 65_536;

/// The ids from a moment on that were shown.
#[derive(Default)]
pub(super) struct Window {
    after: Option<ExchangeId>,
    shown: BTreeSet<ExchangeId>,
}

impl Window {
    /// Behind which id the window begins; `None` where it begins with the ledger.
    pub(super) fn after(&self) -> Option<ExchangeId> {
        self.after
    }

    /// Whether an exchange was not shown yet; from then on it counts as shown. Where more come than are remembered, the
    /// window becomes shorter.
    pub(super) fn takes(&mut self, id: ExchangeId) -> bool {
        let is_new = self.after.is_none_or(|after| after < id) && self.shown.insert(id);
        while self.shown.len() > MAX_SHOWN {
            self.after = self.shown.pop_first();
        }
        is_new
    }

    /// Lets the window begin behind this id, unless it begins later already.
    pub(super) fn begins_after(&mut self, id: ExchangeId) {
        if self.after.is_none_or(|after| after < id) {
            self.after = Some(id);
            self.shown = self.shown.split_off(&id);
            self.shown.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use daypass_jose::Timestamp;

    use super::*;

    fn id(millis: i64) -> ExchangeId {
        ExchangeId::first_of(Timestamp::from_millis(millis))
    }

    #[test]
    fn what_is_recorded_late_is_taken_and_nothing_is_taken_twice() {
        let mut window = Window::default();
        assert!(window.takes(id(10)) && window.takes(id(20)));
        assert!(window.takes(id(15)));
        assert!(!window.takes(id(10)) && !window.takes(id(15)) && !window.takes(id(20)));
        window.begins_after(id(15));
        assert_eq!(window.after(), Some(id(15)));
        assert!(!window.takes(id(20)), "it is still remembered");
        assert!(!window.takes(id(15)) && !window.takes(id(12)), "they lie before the window");
        assert!(window.takes(id(16)));
        window.begins_after(id(1));
        assert_eq!(window.after(), Some(id(15)));
    }

    #[test]
    fn what_it_remembers_has_a_bound_and_nothing_comes_twice_all_the_same() {
        let mut window = Window::default();
        let last = i64::try_from(MAX_SHOWN).unwrap() + 100;
        assert!((1..=last).all(|millis| window.takes(id(millis))));
        assert_eq!(window.shown.len(), MAX_SHOWN);
        assert_eq!(window.after(), Some(id(100)));
        assert!((1..=last).all(|millis| !window.takes(id(millis))));
    }
}
