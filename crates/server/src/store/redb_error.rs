//! Errors of the store's file, in words for an operator.

use std::io::ErrorKind;

use super::StoreError;

/// Tells a full disk and a file that cannot be written from everything else.
pub(super) fn explain(error: redb::Error) -> StoreError {
    match error {
        redb::Error::Io(error) => match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                StoreError::Full
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                StoreError::ReadOnly(error.to_string())
            }
            _ => StoreError::Failed(error.to_string()),
        },
        redb::Error::DatabaseAlreadyOpen => {
            StoreError::Unusable("another process has it open".into())
        }
        redb::Error::Corrupted(why) => StoreError::Unusable(why),
        redb::Error::UpgradeRequired(version) => {
            StoreError::Unusable(format!("it has the old file format {version}"))
        }
        other => StoreError::Failed(other.to_string()),
    }
}
