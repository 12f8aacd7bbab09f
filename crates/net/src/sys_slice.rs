//! The slice of processor time that a thread asks for.
#![allow(unsafe_code)]

use std::time::Duration;

/// `struct sched_attr` of Linux, up to the fields of its first version.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    /// The slice in nanoseconds, for a thread of the normal policy.
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// Asks for short slices of processor time, and so to be let in soon after each wake: from Linux 6.12 on a thread that
/// wakes interrupts those with longer slices, while it uses no more than its share. Needs no privilege. Older
/// kernels keep the value and ignore it.
pub fn ask_for_slices(of: Duration) -> std::io::Result<()> {
    let mut attributes = read()?;
    attributes.runtime = u64::try_from(of.as_nanos()).unwrap_or(u64::MAX);
    // SAFETY: the pointer is to a live structure whose `size` field is its size; the kernel only reads it.
    let done = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    match done {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// The attributes of the calling thread.
fn read() -> std::io::Result<Attributes> {
    let mut attributes = Attributes::default();
    let size = size_of::<Attributes>() as u32;
    // SAFETY: the pointer is to a live structure of `size` bytes, all of whose values are valid.
    let done = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
    match done {
        0 => Ok(attributes),
        _ => Err(std::io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_change_and_nothing_else_does() {
        let before = read().unwrap();
        ask_for_slices(Duration::from_micros(300)).unwrap();
        let after = read().unwrap();
        assert_eq!((before.policy, before.nice), (after.policy, after.nice));
        // Kernels before 6.12 say 0.
        assert!([0, 300_000].contains(&after.runtime), "{}", after.runtime);
    }
}
