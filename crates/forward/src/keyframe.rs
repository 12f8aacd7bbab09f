//! Decides when to ask a source for a keyframe: once for all who wait, and not too often.

use std::time::Duration;

use sideroom_route::Time;

/// The state of keyframe requests for one layer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyframeAsk {
    /// When the last request went out.
    last: Option<Time>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    /// No slot waits.
    #[default]
    Idle,
    /// Asked for; not here yet.
    Asked,
    /// Wanted too soon after the last request: goes out as soon as it may.
    Deferred,
}

/// The outcome of a wish for a keyframe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    /// Ask the publisher now.
    Ask,
    /// No request is needed: none is wanted, or one that is pending covers it.
    Covered,
}

impl KeyframeAsk {
    /// A slot needs a keyframe.
    pub(crate) fn want(&mut self, now: Time, interval: Duration) -> Wish {
        if self.state != State::Idle {
            return Wish::Covered;
        }
        if self.last.is_some_and(|last| now.since(last) < interval) {
            self.state = State::Deferred;
            return Wish::Covered;
        }
        self.ask(now)
    }

    /// A keyframe is here, and about to go out: slots that begin to wait now wait for this one.
    pub(crate) const fn arrives(&mut self) {
        self.state = State::Asked;
    }

    /// The keyframe went out.
    pub(crate) const fn passed(&mut self) {
        self.state = State::Idle;
    }

    /// Time passed. `waited_for`: some slot cannot go on without a keyframe.
    pub(crate) fn tick(
        &mut self,
        now: Time,
        waited_for: impl FnOnce() -> bool,
        interval: Duration,
        retry: Duration,
    ) -> Wish {
        let since = self.last.map_or(Duration::MAX, |last| now.since(last));
        match self.state {
            State::Deferred if since >= interval => self.ask(now),
            State::Asked if since >= retry && waited_for() => self.ask(now),
            State::Asked if since >= retry => {
                self.state = State::Idle;
                Wish::Covered
            }
            State::Idle | State::Asked | State::Deferred => Wish::Covered,
        }
    }

    fn ask(&mut self, now: Time) -> Wish {
        self.last = Some(now);
        self.state = State::Asked;
        Wish::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(500);
    const RETRY: Duration = Duration::from_millis(1_000);

    #[test]
    fn one_request_covers_everybody_until_the_keyframe_comes() {
        let at = Time::from_millis;
        let mut ask = KeyframeAsk::default();
        assert_eq!(ask.want(at(0), INTERVAL), Wish::Ask);
        for ms in 0..900 {
            assert_eq!(ask.want(at(ms), INTERVAL), Wish::Covered);
            assert_eq!(ask.tick(at(ms), || true, INTERVAL, RETRY), Wish::Covered);
        }
        assert_eq!(ask.tick(at(1_000), || true, INTERVAL, RETRY), Wish::Ask);
        ask.arrives();
        assert_eq!(ask.want(at(1_050), INTERVAL), Wish::Covered, "by this one");
        ask.passed();
        assert_eq!(ask.want(at(1_100), INTERVAL), Wish::Covered, "too soon");
        assert_eq!(ask.tick(at(1_400), || true, INTERVAL, RETRY), Wish::Covered);
        assert_eq!(ask.tick(at(1_500), || false, INTERVAL, RETRY), Wish::Ask);
        let nobody_waits = ask.tick(at(2_600), || false, INTERVAL, RETRY);
        assert_eq!(nobody_waits, Wish::Covered);
        assert_eq!(ask.want(at(2_600), INTERVAL), Wish::Ask);
    }
}
