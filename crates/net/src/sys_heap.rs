//! The C library's allocator: how much of its memory is in use, and giving the rest back to the system. Only
//! glibc's keeps so much that it matters.
#![allow(unsafe_code)]

/// Bytes that the process has allocated and not freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn heap_in_use() -> Option<u64> {
    // SAFETY: the function has no preconditions and takes the allocator's own locks.
    let info = unsafe { libc::mallinfo2() };
    u64::try_from(info.uordblks.saturating_add(info.hblkhd)).ok()
}

/// Gives free pages of the heap back to the system; waits for the locks of all arenas, one after the other.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back_heap() {
    // SAFETY: the function has no preconditions and takes the allocator's own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators do not say.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn heap_in_use() -> Option<u64> {
    None
}

/// Other allocators give free memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back_heap() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_allocated_is_in_use() {
        const LARGE: usize = 64 << 20;
        let before = heap_in_use().unwrap();
        let large = std::hint::black_box(vec![1_u8; LARGE]);
        assert!(heap_in_use().unwrap() > before + LARGE as u64 / 2);
        drop(large);
        give_back_heap();
        assert!(heap_in_use().unwrap() < before + LARGE as u64 / 2);
    }
}
