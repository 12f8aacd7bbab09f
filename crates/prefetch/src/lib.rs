//! Memory that is needed soon, asked for early.
//!
//! A packet for two hundred subscribers walks two hundred slots and as many keys, each in another place. On a
//! server that is mostly idle none of them is in the processor's cache when the packet comes, and waiting for
//! memory costs more than the work itself. Code that knows its next item prefetches it while it still works
//! on the current one.
//!
//! A hint only: without it everything is the same, but slower.

/// Prefetches all of `soon`: mind its size. Memory that it points to is not fetched.
#[inline(always)]
pub fn prefetch<T: ?Sized>(soon: &T) {
    const LINE: usize = 64;
    let start = std::ptr::from_ref(soon).cast::<u8>();
    let into_line = start.addr() % LINE;
    let mut at = 0;
    while at < into_line + size_of_val(soon) {
        line(start.wrapping_sub(into_line).wrapping_add(at));
        at += LINE;
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
#[expect(unsafe_code, reason = "the processor's hint has no safe name yet")]
fn line(at: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing that anybody could see and never faults, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
}

#[cfg(all(target_arch = "aarch64", not(miri)))]
#[inline(always)]
#[expect(unsafe_code, reason = "the processor's hint has no safe name yet")]
fn line(at: *const u8) {
    // SAFETY: a prefetch reads nothing that anybody could see and never faults, whatever the address.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{at}]", at = in(reg) at,
            options(readonly, nostack, preserves_flags));
    }
}

#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[inline(always)]
fn line(_at: *const u8) {}

#[cfg(test)]
mod tests {
    use super::prefetch;

    #[test]
    fn anything_can_be_asked_for() {
        prefetch(&());
        prefetch(&[0_u8; 1_000]);
        prefetch("text");
        prefetch::<[u64]>(&[]);
    }
}
