//! A port that waits is woken by other threads, once for many calls, and never misses one.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sideroom_net::{Clock, Port, PortOptions, Ready, ThreadCpu};

#[test]
fn every_wake_is_seen_and_many_are_one() {
    let mut port = Port::bind("127.0.0.1:0".parse().unwrap(), &PortOptions::default()).unwrap();
    let waker = port.waker();
    waker.wake();
    waker.wake();
    assert!(port.wait(Some(Duration::from_secs(5))).unwrap().woken);
    let nothing = port.wait(Some(Duration::ZERO)).unwrap();
    assert_eq!(nothing, Ready::default());

    // A port is made by one thread and given to another one.
    let mut port = std::thread::spawn(move || port).join().unwrap();

    const WAKES: u64 = 20_000;
    let queued = Arc::new(AtomicU64::new(0));
    let queue = Arc::clone(&queued);
    let thread = std::thread::spawn(move || {
        for _ in 0..WAKES {
            queue.fetch_add(1, Ordering::Release);
            waker.wake();
        }
    });
    let mut seen = 0;
    while seen < WAKES {
        let woken = port.wait(Some(Duration::from_secs(5))).unwrap().woken;
        assert!(woken, "a wake was lost after {seen}");
        seen = queued.load(Ordering::Acquire);
    }
    thread.join().unwrap();
}

#[test]
fn a_time_out_takes_its_time_and_no_cpu() {
    let mut port = Port::bind("127.0.0.1:0".parse().unwrap(), &PortOptions::default()).unwrap();
    let clock = Clock::new();
    let (begun, cpu) = (clock.now(), ThreadCpu::now());
    let ready = port.wait(Some(Duration::from_millis(30))).unwrap();
    assert_eq!(ready, Ready::default());
    assert!(clock.now().since(begun) >= Duration::from_millis(30));
    assert!(ThreadCpu::now().since(cpu) < Duration::from_millis(20));
}
