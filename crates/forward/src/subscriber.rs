//! The receiving side of a participant's transport: the slots.

use sideroom_route::SlotId;

use crate::ForwardConfig;
use crate::allowance::Allowance;
use crate::config::SubscriberConfig;

/// Slots of one subscriber at most.
pub(crate) const MAX_SLOTS: usize = 256;

/// See the module.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) config: SubscriberConfig,
    pub(crate) slots: Vec<SlotRef>,
    pub(crate) resends: Allowance,
    pub(crate) keyframes: Allowance,
}

/// Where one of its slots is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotRef {
    pub(crate) slot: SlotId,
    pub(crate) ssrc: u32,
    pub(crate) key: u32,
}

impl Subscriber {
    pub(crate) fn new(config: SubscriberConfig, bounds: &ForwardConfig) -> Self {
        Self {
            config,
            slots: Vec::new(),
            resends: Allowance::full(bounds.subscriber_resends),
            keyframes: Allowance::full(bounds.subscriber_keyframes),
        }
    }

    pub(crate) fn slot(&self, slot: SlotId) -> Option<u32> {
        let held = self.slots.iter().find(|held| held.slot == slot);
        held.map(|held| held.key)
    }

    pub(crate) fn slot_of_ssrc(&self, ssrc: u32) -> Option<u32> {
        let held = self.slots.iter().find(|held| held.ssrc == ssrc);
        held.map(|held| held.key)
    }
}
