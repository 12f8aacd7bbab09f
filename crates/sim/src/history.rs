//! Pictures of the room at each epoch that a worker may still be at.

use std::collections::VecDeque;
use std::rc::Rc;

use sideroom_route::Epoch;

use crate::model::Picture;

/// Pictures of successive epochs.
pub(crate) struct History {
    first: u64,
    pictures: VecDeque<Rc<Picture>>,
}

impl History {
    pub(crate) fn new(picture: Rc<Picture>) -> Self {
        Self {
            first: 0,
            pictures: VecDeque::from([picture]),
        }
    }

    /// Notes the `picture` that holds from `epoch` on. True if that is the last epoch, or the one after it.
    pub(crate) fn note(&mut self, epoch: Epoch, picture: Rc<Picture>) -> bool {
        let next = self.first + self.pictures.len() as u64;
        if epoch.0 + 1 == next {
            self.pictures.pop_back();
        } else if epoch.0 != next {
            return false;
        }
        self.pictures.push_back(picture);
        true
    }

    pub(crate) fn at(&self, epoch: Epoch) -> Option<&Rc<Picture>> {
        let index = epoch.0.checked_sub(self.first)?;
        self.pictures.get(usize::try_from(index).ok()?)
    }

    /// Forgets pictures from before `epoch`, which no worker needs any more.
    pub(crate) fn forget_before(&mut self, epoch: Epoch) {
        while self.first < epoch.0 && self.pictures.len() > 1 {
            self.pictures.pop_front();
            self.first += 1;
        }
    }
}
