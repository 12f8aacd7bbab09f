//! A file system of its own in memory, to fill up and to turn read-only. Mounting needs root.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// Small enough to fill up at once, large enough for a store.
const SIZE: &str = "size=8m";
/// The size while it is read-only, so that being full is not the reason why nothing can be written.
const LARGER: &str = "size=16m";

/// A mounted tmpfs. Dropping it unmounts it.
pub(crate) struct Disk {
    at: TempDir,
}

impl Disk {
    /// `None`, with a message, if this process may not mount.
    pub(crate) fn mount() -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mounted = run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(at.path()));
        match mounted {
            Ok(()) => Some(Self { at }),
            Err(why) => {
                println!("SKIPPED: this needs to mount a tmpfs, as root can: {why}");
                None
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.at.path().join(name)
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.path("filler")).unwrap();
        while filler.write_all(&[1; 4_096]).is_ok() {}
    }

    pub(crate) fn free(&self) {
        std::fs::remove_file(self.path("filler")).unwrap();
    }

    /// Refused while a file is open for writing.
    pub(crate) fn try_read_only(&self) -> bool {
        self.remount(&format!("remount,ro,{LARGER}")).is_ok()
    }

    pub(crate) fn read_write(&self) {
        self.remount("remount,rw").unwrap();
    }

    fn remount(&self, options: &str) -> Result<(), String> {
        run(Command::new("mount")
            .args(["-o", options])
            .arg(self.at.path()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The store may have its file open still.
        drop(run(Command::new("umount").arg("-l").arg(self.at.path())));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
